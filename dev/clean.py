"""``make stop`` and ``make clean``."""

from . import cache, cluster, config
from .console import Failure, say


def stop() -> None:
    """Stop the private PostgreSQL; the next command starts it again."""
    if config.PGHOST:
        raise Failure("PGHOST is set: that server is not ours to stop.")
    cluster.stop()


def main() -> None:
    """Stop the private PostgreSQL and remove ``.odoo/``; the cache stays."""
    cluster.destroy()
    cache.remove(config.DOT)
    say(f"Removed {config.DOT}. The cache stays: {config.CACHE}")
