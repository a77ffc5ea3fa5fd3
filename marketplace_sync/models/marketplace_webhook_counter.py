"""How many notifications came to nothing: one row a day, account and reason."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

RETENTION_DAYS = 90


class MarketplaceWebhookCounter(models.Model):
    """A table of its own and one row a day for each reason, so that a flood of forged
    calls neither fills the database nor locks the account."""

    _name = "marketplace.webhook.counter"
    _description = "Marketplace Notifications not Stored"
    _order = "day desc, count desc, id desc"
    _log_access = False

    day = fields.Date(required=True, readonly=True)
    account_id = fields.Many2one(
        "marketplace.account",
        ondelete="cascade",
        readonly=True,
        help="Empty: the call came to an address that no account has.",
    )
    channel = fields.Char(readonly=True, help="As the address names it.")
    kind = fields.Selection(
        [
            ("forged", "Not from the channel"),
            ("unknown", "Unknown address"),
            ("oversize", "Too large"),
            ("unreadable", "Credentials cannot be read"),
            ("duplicate", "Received before"),
            ("unused", "Nothing to us"),
        ],
        "Reason",
        required=True,
        readonly=True,
        help="Not from the channel: wrong signature, shop, user or application. "
        "Credentials cannot be read: the encryption key is not the one that they were "
        "stored with; the channel tries again.",
    )
    count = fields.Integer("Calls", readonly=True)
    last_at = fields.Datetime("Last Call", readonly=True)

    _day_uniq = models.UniqueIndex(
        "(day, kind, channel, COALESCE(account_id, 0))",
        "There is one counter a day for each reason.",
    )

    @api.model
    def _add(self, account, channel, kind):
        """Count one call.

        :param channel: as the address names it: anything, so that only channels that
            exist are kept, and whoever invents names fills no table
        """
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_webhook_counter AS c
                          (day, kind, channel, account_id, count, last_at)
                   VALUES (%(day)s, %(kind)s, %(channel)s, %(account)s, 1, %(now)s)
                   ON CONFLICT (day, kind, channel, COALESCE(account_id, 0))
                   DO UPDATE SET count = c.count + 1, last_at = EXCLUDED.last_at""",
                day=now.date(),
                kind=kind,
                channel=self.env["marketplace.account"]._known_channel(channel) or "",
                account=account.id or None,
                now=now,
            ),
            log_exceptions=False,  # a collision is no error
        )
        self.invalidate_model()

    @api.autovacuum
    def _gc_old_counters(self):
        limit = fields.Date.today() - timedelta(days=RETENTION_DAYS)
        old = self.search([("day", "<", limit)], limit=1000)
        old.unlink()
        return len(old), len(old) == 1000
