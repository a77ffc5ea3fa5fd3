from odoo import fields, models


class MarketplaceSyncFigures(models.AbstractModel):
    """What the report by day and the report by row say of an account alike.

    The percentiles are not here: by day they are the day's own and the worst day is
    shown, by row the database computes them for whatever is grouped.
    """

    _name = "marketplace.sync.figures"
    _description = "Marketplace Sync Figures"
    _depends = {
        "marketplace.push": ["account_id", "started_at", "state"],
        "marketplace.push.line": ["outcome", "changed_at", "answered_at"],
        "marketplace.health.sample": ["hour", "oldest_seconds"],
        "marketplace.call.count": ["hour", "calls", "allowed"],
    }

    account_id = fields.Many2one("marketplace.account", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    channel = fields.Selection(
        lambda self: self.env["marketplace.account"]._fields["channel"].selection,
        readonly=True,
    )
    row_count = fields.Integer("Rows Sent", readonly=True)
    refused_count = fields.Integer("Refused", readonly=True)
    retry_count = fields.Integer("To Retry", readonly=True)
    refused_share = fields.Float(
        "Refused (%)", readonly=True, digits=(16, 1), aggregator="avg"
    )
    max_seconds = fields.Float(
        "Slowest (s)", readonly=True, digits=(16, 0), aggregator="max"
    )
    oldest_minutes = fields.Float(
        "Oldest Pending (min)",
        readonly=True,
        digits=(16, 0),
        aggregator="max",
        help="How long a quantity waited at the worst moment.",
    )
    call_count = fields.Integer("Calls", readonly=True)
    call_share = fields.Float(
        "Calls of Limit (%)",
        readonly=True,
        digits=(16, 1),
        aggregator="max",
        help="Of what the channel's published limit allows in an hour; of several "
        "hours and calls the fullest.",
    )
