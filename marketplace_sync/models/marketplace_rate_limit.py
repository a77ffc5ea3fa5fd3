"""What is left of an account's rate limits, from one job to the next."""

from odoo import api, fields, models
from odoo.tools import SQL


class MarketplaceRateLimit(models.Model):
    """Token buckets of one account as ``channels.ratelimit.RateLimiter`` dumps them.

    Not on the account's own row, which people edit while jobs run.
    """

    _name = "marketplace.rate.limit"
    _description = "Marketplace Rate Limit State"
    _log_access = False

    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    state = fields.Json()

    _account_uniq = models.Constraint(
        "UNIQUE (account_id)", "An account has one rate limit state."
    )

    @api.model
    def _load(self, account_id):
        return self.sudo().search([("account_id", "=", account_id)]).state or {}

    @api.model
    def _save(self, account_id, state):
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_rate_limit (account_id, state)
                   VALUES (%s, %s)
                   ON CONFLICT (account_id) DO UPDATE SET state = EXCLUDED.state""",
                account_id,
                fields.Json().convert_to_column(state, self),
            ),
            log_exceptions=False,  # a collision is no error, see retry_on_conflict
        )
        self.invalidate_model()
