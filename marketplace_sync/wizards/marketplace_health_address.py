from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..models.marketplace_account import MANAGER


class MarketplaceHealthAddress(models.TransientModel):
    """Shows the address for outside monitors, and makes a new one."""

    _name = "marketplace.health.address"
    _description = "Marketplace Health Address"

    address = fields.Char("For People and JSON", compute="_compute_address")
    prometheus_address = fields.Char("For Prometheus", compute="_compute_address")
    status = fields.Selection(
        [("ok", "Well"), ("warning", "Alerts are open"), ("blocked", "Blocked")],
        "Now",
        compute="_compute_address",
    )

    @api.depends_context("uid")
    def _compute_address(self):
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only managers may see this address."))
        health = self.env["marketplace.health"]
        parameters = self.env["ir.config_parameter"].sudo()
        base = (parameters.get_param("web.base.url") or "").rstrip("/")
        database = self.env["marketplace.account"]._get_database_part(base)
        token, status = health._get_token(), health._read()["status"]
        parts = filter(None, (base, "marketplace_sync/health", token, database))
        address = "/".join(parts) if token else False
        for wizard in self:
            wizard.address = address
            wizard.prometheus_address = address and f"{address}?format=prometheus"
            wizard.status = status

    def action_renew(self):
        """Make a new token: the old address stops working at once."""
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only managers may change this address."))
        self.env["marketplace.health"]._renew_token()
        return self._open()

    def action_switch_off(self):
        """Answer nobody any more."""
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only managers may change this address."))
        self.env["marketplace.health"]._forget_token()
        return self._open()

    def _open(self):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "marketplace_sync.marketplace_health_address_action"
        )
