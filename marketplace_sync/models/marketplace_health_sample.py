"""Figures that nothing else keeps: one row an hour, for the report."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Days that figures are kept; as long as what was sent.
RETENTION_DAYS = 90


class MarketplaceHealthSample(models.Model):
    """How long quantities waited in an hour, at the worst."""

    _name = "marketplace.health.sample"
    _description = "Marketplace Health Sample"
    _log_access = False

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade"
    )
    hour = fields.Datetime(required=True, index=True)
    oldest_seconds = fields.Integer()
    pending_count = fields.Integer()

    _hour_uniq = models.Constraint("UNIQUE (account_id, hour)", "One row an hour.")

    @api.autovacuum
    def _gc_old(self):
        limit = fields.Datetime.now() - timedelta(days=RETENTION_DAYS)
        for name in ("marketplace.health.sample", "marketplace.call.count"):
            self.env[name].search([("hour", "<", limit)], limit=10_000).unlink()


class MarketplaceCallCount(models.Model):
    """How many calls an account made in an hour, and how many it may make."""

    _name = "marketplace.call.count"
    _description = "Marketplace Calls"
    _log_access = False

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade"
    )
    hour = fields.Datetime(required=True, index=True)
    operation = fields.Char(required=True)
    calls = fields.Integer()
    allowed = fields.Float(help="By the published limit, in an hour; 0 = no limit.")

    _hour_uniq = models.Constraint(
        "UNIQUE (account_id, hour, operation)", "One row an hour."
    )

    @api.model
    def _add(self, account_id, limiter):
        """Count the calls that were made since the last time.

        A figure, not a book: calls of a transaction that collides are not counted.
        """
        hour = fields.Datetime.now().replace(minute=0, second=0, microsecond=0)
        for operation, (calls, allowed) in limiter.take_calls().items():
            self.env.cr.execute(
                SQL(
                    """INSERT INTO marketplace_call_count AS c
                              (account_id, hour, operation, calls, allowed)
                       VALUES (%s, %s, %s, %s, %s)
                       ON CONFLICT (account_id, hour, operation) DO UPDATE
                       SET calls = c.calls + EXCLUDED.calls,
                           allowed = EXCLUDED.allowed""",
                    account_id,
                    hour,
                    operation,
                    calls,
                    allowed,
                ),
                log_exceptions=False,  # a collision is no error
            )
        self.invalidate_model()


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    def _save_rate_state(self, adapter):
        result = super()._save_rate_state(adapter)
        self.env["marketplace.call.count"].sudo()._add(self.id, adapter.limiter)
        return result
