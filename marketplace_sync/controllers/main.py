"""The door: verify → store → wake → 200, and nothing else.

What is decided about a notification is decided in ``marketplace.event._receive``; here
only the raw body is read, never more of it than the limit, and the database found.
"""

import psycopg2
import werkzeug.exceptions
from odoo import SUPERUSER_ID, api, http
from odoo.http import request
from odoo.modules.registry import Registry
from odoo.service.model import retrying

#: Bytes. Shopify's order with several hundred lines has about 1 MB; Mercado Libre's
#: notifications have 300 bytes, and its adapter refuses more than 16 KB.
MAX_BODY_BYTES = 4 * 1024 * 1024


class RawDispatcher(http.HttpDispatcher):
    """As ``type='http'``, with the body as it came.

    Odoo's own parses forms before the route sees them: the bytes that a signature
    covers would be gone, and a form of 128 MB read.
    """

    routing_type = "marketplace_raw"

    def dispatch(self, endpoint, args):
        self.request.params = dict(args)
        if not hasattr(self, "body"):  # once: a retried transaction comes here again
            self.body = read_body(self.request.httprequest)
        if self.request.db:
            return self.request.registry["ir.http"]._dispatch(endpoint)
        return endpoint(**self.request.params)


def read_body(httprequest, limit=MAX_BODY_BYTES):
    """Return the body, None when it is larger than ``limit``: the rest is not read.

    Without Content-Length (chunked) werkzeug stops at its own limit without a word:
    one byte more than ours tells.
    """
    if (httprequest.content_length or 0) > limit:
        return None
    httprequest.max_content_length = limit + 1
    try:
        body = httprequest.get_data(cache=True, parse_form_data=False)
    except werkzeug.exceptions.RequestEntityTooLarge:
        return None
    except werkzeug.exceptions.ClientDisconnected:
        return b""
    return body if len(body) <= limit else None


class MarketplaceDoor(http.Controller):
    @http.route(
        [
            "/marketplace_sync/<string:channel>/<string:path>",
            "/marketplace_sync/<string:channel>/<string:path>/<string:database>",
        ],
        type=RawDispatcher.routing_type,
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
    )
    def receive(self, channel, path, database=None):
        """Answer a channel's notification.

        The name of the database is part of the address where several are served: a
        channel sends neither Odoo's cookie nor its header.
        """
        told = (channel, path, _headers(), request.dispatcher.body)
        if request.db:
            status = 404
            if database in (None, request.db):
                status = request.env(user=SUPERUSER_ID)["marketplace.event"]._receive(
                    *told
                )
        else:
            status = _receive_in(database, told)
        return http.Response(status=status)


def _headers():
    return {name.lower(): value for name, value in request.httprequest.headers.items()}


def _receive_in(database, told):
    """Receive where Odoo could not tell the database; needs this addon to be loaded
    server-wide (README, *Several databases*)."""
    status = in_database(
        database,
        # commits before it returns
        lambda env: retrying(lambda: env["marketplace.event"]._receive(*told), env),
        "marketplace.event",
    )
    return 404 if status is None else status


def in_database(database, function, model):
    """Return ``function(env)`` in a database that the address names, None when it is
    not served or has no such ``model``."""
    host = request.httprequest.environ.get("HTTP_HOST", "")
    if not database or database not in http.db_list(force=True, host=host):
        return None
    try:
        registry = Registry(database)
    except (AttributeError, psycopg2.OperationalError, psycopg2.ProgrammingError):
        return None  # as Odoo does: no database of Odoo's
    with registry.cursor() as cr:
        registry = registry.check_signaling(cr)
        if model not in registry:
            return None
        return function(api.Environment(cr, SUPERUSER_ID, {}))
