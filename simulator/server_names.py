"""Which names and addresses are this machine."""

import ipaddress
from urllib.parse import urlsplit

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def require_loopback(host):
    """Refuse an address that other machines could reach.

    :raises ValueError: not loopback
    """
    if host != "localhost" and not _is_loopback_ip(host):
        raise ValueError(f"{host} is not a loopback address: this machine only")


def is_loopback_host(host):
    """Tell whether a ``Host`` header names this machine.

    A page elsewhere whose name was pointed at 127.0.0.1 carries its own name here.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in LOOPBACK_NAMES or _is_loopback_ip(name)


def _is_loopback_ip(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
