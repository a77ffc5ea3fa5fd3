"""The address that outside monitors ask. It reads, and tells figures only."""

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..engine.prometheus import CONTENT_TYPE
from .main import in_database

PROMETHEUS = "prometheus"


class MarketplaceHealth(http.Controller):
    @http.route(
        [
            "/marketplace_sync/health/<string:token>",
            "/marketplace_sync/health/<string:token>/<string:database>",
        ],
        type="http",
        auth="none",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def tell(self, token, database=None, **kwargs):
        """Answer with figures, 404 for a wrong token or database."""
        wants_text = _wants_text(kwargs.get("format"))
        if request.db:
            answer = None
            if database in (None, request.db):
                answer = _answer(request.env(user=SUPERUSER_ID), token, wants_text)
        else:
            answer = in_database(
                database,
                lambda env: _answer(env, token, wants_text),
                "marketplace.health",
            )
        if answer is None:
            return http.Response(status=404)
        headers = {"Cache-Control": "no-store"}
        if wants_text:
            return http.Response(answer, content_type=CONTENT_TYPE, headers=headers)
        return request.make_json_response(answer, headers=headers)


def _wants_text(asked):
    """Prometheus asks for its own text by the Accept header."""
    if asked:
        return asked == PROMETHEUS
    accepted = request.httprequest.headers.get("Accept", "")
    return "openmetrics-text" in accepted or "text/plain" in accepted


def _answer(env, token, wants_text):
    health = env["marketplace.health"]
    if not health._is_token(token):
        return None
    figures = health._read()
    return health._to_prometheus(figures) if wants_text else figures
