"""The secret end of our addresses stays out of the server's access log."""

import logging
import re

PREFIX = "/marketplace_sync/"
_SECRET = re.compile(rf"({re.escape(PREFIX)}[^/\s\"]*/)[^\s\"?#]+")


def mask(text):
    """Return ``text`` with ``***`` in place of what follows channel in our addresses.

    >>> mask("POST /marketplace_sync/shopify/s3cr3t HTTP/1.1")
    'POST /marketplace_sync/shopify/*** HTTP/1.1'
    """
    return _SECRET.sub(r"\1***", text) if PREFIX in text else text


class SecretPathFilter(logging.Filter):
    """Rewrites what werkzeug says about a request; stops nothing."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(
                mask(value) if isinstance(value, str) else value
                for value in record.args
            )
        if isinstance(record.msg, str):
            record.msg = mask(record.msg)
        return True


_filter = SecretPathFilter()
logging.getLogger("werkzeug").addFilter(_filter)
