"""What trying an account's credentials finds. Part of the contract (``base.py``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RemoteSite:
    """A place of the account where a quantity is shown, as the channel names it."""

    code: str
    name: str
    active: bool = True
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class ConnectionReport:
    """What ``check_connection`` found.

    :param account_name: the shop or seller as the channel calls it
    :param missing: scopes, roles or permissions that are missing, each in words
    :param warnings: things that work but will surprise
    :param data: facts to remember on the account (Mercado Libre: seller tags)
    """

    account_name: str
    sites: Sequence[RemoteSite] = ()
    missing: Sequence[str] = ()
    warnings: Sequence[str] = ()
    data: Mapping = field(default_factory=dict)
