"""Times as Amazon writes them."""

from datetime import datetime, timezone


def iso(seconds):
    """Return epoch seconds in ISO 8601, UTC."""
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
