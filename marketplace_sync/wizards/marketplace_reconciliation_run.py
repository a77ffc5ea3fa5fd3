from odoo import api, fields, models
from odoo.exceptions import UserError


class MarketplaceReconciliationRun(models.TransientModel):
    """Compare accounts with their channels now."""

    _name = "marketplace.reconciliation.run"
    _description = "Compare with the Channel"

    account_ids = fields.Many2many(
        "marketplace.account",
        string="Accounts",
        required=True,
        domain="[('state', '=', 'connected')]",
        default=lambda self: self.env["marketplace.account"].search(
            [("state", "=", "connected")]
        ),
    )
    site_ids = fields.Many2many(
        "marketplace.site",
        string="Sites",
        domain="[('account_id', 'in', account_ids)]",
        help="Empty: all sites.",
    )
    is_own_tolerance = fields.Boolean("Another Tolerance Than the Accounts'")
    tolerance_percent = fields.Float("Tolerance (%)", default=5.0)
    tolerance_units = fields.Integer("Tolerance (units)", default=0)
    mode = fields.Selection(
        [
            ("read", "Read only: list what differs"),
            ("repair", "Repair: send the right quantity where that helps"),
        ],
        default="read",
        required=True,
    )

    @api.onchange("account_ids")
    def _onchange_account_ids(self):
        self.site_ids = self.site_ids.filtered(
            lambda site: site.account_id in self.account_ids
        )

    def action_run(self):
        """Request one run per account; they begin within seconds."""
        self.ensure_one()
        accounts = self.account_ids
        if self.site_ids:
            accounts &= self.site_ids.account_id
        if not accounts:
            raise UserError(self.env._("Choose at least one connected account."))
        runs = self.env["marketplace.reconciliation"]
        for account in accounts:
            runs |= runs._request(account, **self._get_values(account))
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_reconciliation_action"
            ),
            "domain": [("id", "in", runs.ids)],
        }

    def _get_values(self, account):
        sites = self.site_ids.filtered(lambda site: site.account_id == account)
        values = {"site_ids": sites.ids, "user_id": self.env.uid}
        if self.is_own_tolerance:
            values["tolerance_percent"] = self.tolerance_percent
            values["tolerance_units"] = self.tolerance_units
        if self.mode == "repair":
            values["policy"] = "repair"
        elif account.reconcile_policy == "repair":
            values["policy"] = "propose"
        return values
