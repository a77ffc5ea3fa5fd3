from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

#: Days that finished runs are kept; their findings stay.
RUN_DAYS = 90
#: What a run does with what it finds.
POLICIES = [
    ("alert", "Alert: list what differs"),
    ("propose", "Propose: list it with what helps"),
    ("repair", "Repair: send the right quantity again"),
]
LIVE = ("waiting", "running")


class MarketplaceReconciliation(models.Model):
    """One comparison of what an account's channel shows with what it should show."""

    _name = "marketplace.reconciliation"
    _description = "Marketplace Reconciliation"
    _inherit = "marketplace.account.work"

    state = fields.Selection(
        [
            ("waiting", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        default="waiting",
        required=True,
        index=True,
        help="Waiting: begins with the account's next turn. Running: goes on after "
        "every push and after a restart where it stopped.",
    )
    trigger = fields.Selection(
        [("daily", "Daily"), ("manual", "By Hand")], default="manual", required=True
    )
    user_id = fields.Many2one("res.users", "Requested By")
    policy = fields.Selection(POLICIES, default="propose", required=True)
    tolerance_percent = fields.Float("Tolerance (%)", default=5.0)
    tolerance_units = fields.Integer("Tolerance (units)")
    site_ids = fields.Many2many(
        "marketplace.site", string="Sites", help="Empty: all sites of the account."
    )
    listing_ids = fields.Many2many(
        "marketplace.listing",
        string="Chosen Listings",
        help="Empty: every active listing.",
    )
    is_complete_scope = fields.Boolean(
        compute="_compute_is_complete_scope",
        store=True,
        help="Covers the whole account.",
    )

    # === PROGRESS ===
    phase = fields.Selection(
        [
            ("catalogue", "Reading the catalogue"),
            ("listings", "Reading listings"),
            ("unlisted", "Looking for unknown listings"),
            ("again", "Second look"),
            ("end", "Ended"),
        ],
    )
    cursor = fields.Json(help="Where this phase goes on, also after a restart.")
    memory = fields.Json(help="What the channel prepares for us, until it is ready.")
    attempt_count = fields.Integer()
    resume_at = fields.Datetime("Goes On At")
    started_at = fields.Datetime("Started")
    finished_at = fields.Datetime("Finished")
    duration = fields.Float("Duration (min)", compute="_compute_duration")
    listing_count = fields.Integer("Listings to Compare")
    read_count = fields.Integer("Compared")
    silent_count = fields.Integer(
        "No Answer", help="The channel was asked and said nothing of these."
    )
    finding_count = fields.Integer("Findings")
    new_count = fields.Integer("New")
    closed_count = fields.Integer("Closed")
    repaired_count = fields.Integer("Sent Again")
    progress = fields.Float(compute="_compute_progress")
    error = fields.Char()
    note = fields.Char(help="What could not be done; the rest was.")
    line_ids = fields.One2many("marketplace.reconciliation.line", "run_id")

    _live_idx = models.Index("(account_id) WHERE state IN ('waiting', 'running')")

    # === COMPUTES ===

    @api.depends("site_ids", "listing_ids")
    def _compute_is_complete_scope(self):
        for run in self:
            run.is_complete_scope = not run.site_ids and not run.listing_ids

    @api.depends("started_at", "finished_at")
    def _compute_duration(self):
        for run in self:
            end = run.finished_at or fields.Datetime.now()
            seconds = (end - run.started_at).total_seconds() if run.started_at else 0
            run.duration = seconds / 60

    @api.depends("state", "read_count", "listing_count")
    def _compute_progress(self):
        for run in self:
            done = run.read_count + run.silent_count
            run.progress = min(100.0, 100.0 * done / max(1, run.listing_count))
            if run.state == "done":
                run.progress = 100.0

    # === ACTIONS ===

    @api.model
    def _request(self, account, **values):
        """Create a run; it begins with the account's next turn.

        A run that waits already with the same scope is taken instead.
        """
        account.check_access("read")
        if account.state != "connected":
            raise UserError(
                self.env._(
                    "%s is not connected: there is nothing to compare yet.",
                    account.name,
                )
            )
        run = self.sudo().create(
            {
                "account_id": account.id,
                "policy": account.reconcile_policy,
                "tolerance_percent": account.reconcile_percent,
                "tolerance_units": account.reconcile_units,
                **values,
            }
        )
        account._wake()
        return run

    def action_cancel(self):
        """End these runs; what they have found stays."""
        self.check_access("read")
        self.sudo().filtered(lambda run: run.state in LIVE).write(
            {"state": "cancelled", "finished_at": fields.Datetime.now()}
        )

    def action_open_findings(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_reconciliation_line_action"
            ),
            "domain": [("run_id", "=", self.id)],
            "context": {},
        }

    @api.autovacuum
    def _gc_old_runs(self):
        limit = fields.Datetime.now() - timedelta(days=RUN_DAYS)
        old = self.search(
            [("finished_at", "<", limit), ("state", "not in", LIVE)], limit=1000
        )
        old.unlink()
        return len(old), len(old) == 1000
