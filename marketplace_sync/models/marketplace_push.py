from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: Days that what was sent is kept, unless the system parameter says otherwise.
RETENTION_DAYS = 90
RETENTION_PARAMETER = "marketplace_sync.push_retention_days"


class MarketplacePush(models.Model):
    """One submission of quantities to a channel."""

    _name = "marketplace.push"
    _description = "Marketplace Push"
    _inherit = "marketplace.account.work"

    state = fields.Selection(
        [
            ("sending", "Sending"),
            ("submitted", "Submitted"),
            ("done", "Done"),
            ("partial", "Partly Done"),
            ("failed", "Failed"),
            ("interrupted", "Interrupted"),
        ],
        default="sending",
        required=True,
        index=True,
        help="Submitted: the channel works on it. Partly done: some rows were refused "
        "or wait. Interrupted: Odoo was stopped while sending; its rows were sent "
        "again.",
    )
    idempotency_key = fields.Char(
        required=True,
        help="Stored before sending: a repetition after a crash is the same submission "
        "to the channel.",
    )
    is_prepared = fields.Boolean()
    submission = fields.Char(help="The channel's id of an asynchronous submission.")
    next_poll_at = fields.Datetime()
    started_at = fields.Datetime(required=True, default=lambda self: self.env.cr.now())
    finished_at = fields.Datetime()
    duration = fields.Float("Duration (s)", digits=(16, 2))
    row_count = fields.Integer("Rows")
    accepted_count = fields.Integer("Accepted")
    rejected_count = fields.Integer("Refused")
    retry_count = fields.Integer("To Retry")
    error = fields.Char()
    line_ids = fields.One2many("marketplace.push.line", "push_id", "Lines")

    @api.autovacuum
    def _gc_old_pushes(self):
        parameter = self.env["ir.config_parameter"].sudo()
        days = int(parameter.get_param(RETENTION_PARAMETER, RETENTION_DAYS))
        limit = fields.Datetime.now() - timedelta(days=days)
        old = self.search(
            [
                ("started_at", "<", limit),
                ("state", "not in", ("sending", "submitted")),
            ],
            limit=1000,
        )
        old.unlink()
        return len(old), len(old) == 1000


class MarketplacePushLine(models.Model):
    """One row of a push: what was sent for a listing, why, and what became of it."""

    _name = "marketplace.push.line"
    _description = "Marketplace Push Line"
    _order = "id"
    _log_access = False

    push_id = fields.Many2one(
        "marketplace.push", required=True, ondelete="cascade", index=True
    )
    account_id = fields.Many2one(related="push_id.account_id")
    company_id = fields.Many2one(related="push_id.company_id")
    started_at = fields.Datetime(related="push_id.started_at")
    listing_id = fields.Many2one(
        "marketplace.listing", ondelete="set null", index="btree_not_null"
    )
    sku = fields.Char("SKU")
    site_id = fields.Many2one("marketplace.site", ondelete="set null")
    old_qty = fields.Integer("From")
    qty = fields.Integer("To")
    expected_qty = fields.Integer()
    is_expected_known = fields.Boolean()
    lead_time_days = fields.Integer("Lead Time (days)")
    outcome = fields.Selection(
        [
            ("sending", "Sending"),
            ("accepted", "Accepted"),
            ("submitted", "Submitted"),
            ("rejected", "Refused"),
            ("retry", "To Retry"),
            ("unknown", "No Answer"),
        ],
        default="sending",
        required=True,
    )
    error = fields.Char()
    request_id = fields.Char()
    correlation_id = fields.Char()
    changed_at = fields.Datetime(help="When the number was computed that was sent.")
    answered_at = fields.Datetime(help="When the channel last answered for this row.")
    breakdown = fields.Json(help="The arithmetic of the number, as it was when sent.")
    explanation = fields.Text(compute="_compute_explanation")

    @api.depends("breakdown")
    def _compute_explanation(self):
        Listing = self.env["marketplace.listing"]
        for line in self:
            steps = Listing._get_explanation_steps(line.breakdown or {})
            line.explanation = "\n".join(
                f"{step['label']}: {step['value']}"
                + (f" ({step['hint']})" if step["hint"] else "")
                for step in steps
            )

    @api.model
    def _insert(self, push, rows):
        """Insert the lines of a push in one statement, thousands at once."""
        names = (
            "listing_id",
            "sku",
            "site_id",
            "old_qty",
            "qty",
            "lead_time_days",
            "correlation_id",
            "changed_at",
            "breakdown",
        )
        types = ("int4", "varchar", "int4", "int4", "int4", "int4", "varchar")
        types += ("timestamp", "jsonb")
        arrays = [
            SQL("%s::%s[]", [row[name] for row in rows], SQL(kind))
            for name, kind in zip(names, types, strict=True)
        ]
        self.env.cr.execute(
            SQL(
                """INSERT INTO marketplace_push_line (push_id, outcome, %s)
                   SELECT %s, 'sending', v.* FROM unnest(%s) AS v""",
                SQL(", ").join(map(SQL.identifier, names)),
                push.id,
                SQL(", ").join(arrays),
            )
        )
        push.invalidate_recordset(["line_ids"])
