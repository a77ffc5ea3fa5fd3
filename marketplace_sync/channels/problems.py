"""What reading a listing may find, by code."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something about a channel listing that a person should know.

    :param code: one of :data:`PROBLEMS`
    :param blocking: pushing a quantity would do harm or nothing
    """

    code: str
    text: str
    blocking: bool = True


#: Codes of problems found by reading a listing (first read, matching, reconciling).
PROBLEMS = (
    "unknown_sku",  # the channel has no listing under this SKU or id
    "duplicate_sku",  # the channel has several
    "fulfilled_by_channel",  # FBA, Full: not ours to set
    "multi_location",  # Amazon multi-location inventory: DEFAULT is not the counter
    "inactive_level",  # Shopify: not stocked at the location
    "untracked",  # Shopify: sells without looking at quantity
    "continue_selling",  # Shopify: sells below zero
    "bundle",  # the channel computes this quantity itself
    "not_writable",  # the channel's mode of this listing allows no write
    "paused_on_channel",  # a person paused it there; a quantity does not revive it
    "not_active",  # closed, draft, under review
    "no_price",  # Amazon: quantity is applied before price
)
