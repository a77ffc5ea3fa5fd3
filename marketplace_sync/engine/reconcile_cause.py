"""Why a channel may show another number than it should, by code, and what helps."""

NEVER_PUBLISHED = "never_published"
REJECTED_PUSH = "rejected_push"
CHANGED_ON_CHANNEL = "changed_on_channel"
CHANNEL_SALE = "channel_sale"
STALE_FEED = "stale_feed"
WRONG_LOCATION = "wrong_location"
FULFILLED_BY_CHANNEL = "fulfilled_by_channel"
KEEPS_SELLING = "keeps_selling"
UNKNOWN_SKU = "unknown_sku"
NOT_LISTED_HERE = "not_listed_here"
KIT_OVERSTATED = "kit_overstated"
ROUNDING = "rounding"
POOL_DISAGREES = "pool_disagrees"

CAUSES = (
    NEVER_PUBLISHED,
    REJECTED_PUSH,
    CHANGED_ON_CHANNEL,
    CHANNEL_SALE,
    STALE_FEED,
    WRONG_LOCATION,
    FULFILLED_BY_CHANNEL,
    KEEPS_SELLING,
    UNKNOWN_SKU,
    NOT_LISTED_HERE,
    KIT_OVERSTATED,
    ROUNDING,
    POOL_DISAGREES,
)

#: What helps: ``push`` the number again, ``wait`` for the order that explains it,
#: ``match`` the channel's listings, put it right on the ``channel`` or in ``odoo``.
REMEDIES = {
    NEVER_PUBLISHED: "push",
    REJECTED_PUSH: "odoo",
    CHANGED_ON_CHANNEL: "push",
    CHANNEL_SALE: "wait",
    STALE_FEED: "push",
    WRONG_LOCATION: "channel",
    FULFILLED_BY_CHANNEL: "odoo",
    KEEPS_SELLING: "channel",
    UNKNOWN_SKU: "odoo",
    NOT_LISTED_HERE: "match",
    KIT_OVERSTATED: "push",
    ROUNDING: "push",
    POOL_DISAGREES: "odoo",
}

#: Not a matter of two numbers: accepted once, they stay accepted when numbers move.
CONDITIONS = frozenset(
    (
        WRONG_LOCATION,
        FULFILLED_BY_CHANNEL,
        KEEPS_SELLING,
        UNKNOWN_SKU,
        NOT_LISTED_HERE,
        POOL_DISAGREES,
    )
)


def remedy_of(cause, state, problems=()):
    """Return what helps one listing.

    :param state: its ``sync_state``; nothing is sent for one that stands still
    :param problems: codes that its reading found
    """
    remedy = REMEDIES[cause]
    if remedy == "push" and "bundle" in problems:
        return "channel"
    if remedy == "push" and state in ("paused", "failed", "unverified"):
        return "odoo"
    return remedy


def is_repaired_by_sending(cause):
    """Tell whether sending the number again puts it right.

    Not after a sale that is not imported yet: sending would put the sold units back
    on the shelf, and they would be sold twice.
    """
    return REMEDIES[cause] == "push"
