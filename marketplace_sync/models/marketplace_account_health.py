"""How an account is doing, for its card."""

from odoo import api, fields, models
from odoo.tools import SQL


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    listing_count = fields.Integer(compute="_compute_health")
    pending_count = fields.Integer("Pending", compute="_compute_health")
    failed_count = fields.Integer("Failed", compute="_compute_health")
    unverified_count = fields.Integer("Unverified", compute="_compute_health")
    oldest_pending_at = fields.Datetime("Oldest Pending", compute="_compute_health")
    oldest_pending_minutes = fields.Integer(
        "Oldest Pending (min)", compute="_compute_health"
    )
    is_buffer_missing = fields.Boolean(compute="_compute_buffer_warning")
    is_interval_long = fields.Boolean(compute="_compute_buffer_warning")
    site_without_warehouse_names = fields.Char(
        compute="_compute_site_without_warehouse_names"
    )

    def _compute_health(self):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT account_id, COUNT(*),
                       COUNT(*) FILTER (WHERE sync_state = 'pending'),
                       COUNT(*) FILTER (WHERE sync_state = 'failed'),
                       COUNT(*) FILTER (WHERE sync_state = 'unverified'),
                       MIN(pending_since) FILTER (WHERE sync_state = 'pending')
                  FROM marketplace_listing
                 WHERE account_id = ANY(%s) AND active
                 GROUP BY account_id
                """,
                self.ids,
            )
        )
        health = {row[0]: row[1:] for row in rows}
        now = fields.Datetime.now()
        for account in self:
            total, pending, failed, unverified, oldest = health.get(
                account._origin.id, (0, 0, 0, 0, None)
            )
            account.listing_count = total
            account.pending_count = pending
            account.failed_count = failed
            account.unverified_count = unverified
            account.oldest_pending_at = oldest
            account.oldest_pending_minutes = (
                (now - oldest).total_seconds() // 60 if oldest else 0
            )

    @api.depends("buffer_policy_id", "sync_interval_minutes")
    def _compute_buffer_warning(self):
        for account in self:
            account.is_buffer_missing = not account.buffer_policy_id
            account.is_interval_long = account.sync_interval_minutes > 60

    @api.depends("site_ids.warehouse_ids", "site_ids.name")
    def _compute_site_without_warehouse_names(self):
        for account in self:
            sites = account.sudo().site_ids.filtered(lambda s: not s.warehouse_ids)
            account.site_without_warehouse_names = ", ".join(sites.mapped("name"))

    def _action_open_listings(self, name, state=None):
        self.ensure_one()
        domain = [("account_id", "=", self.id)]
        if state:
            domain.append(("sync_state", "=", state))
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_listing_action"
            ),
            "name": name,
            "domain": domain,
            "context": {"default_account_id": self.id},
        }

    def action_open_listings(self):
        return self._action_open_listings(self.env._("Listings"))

    def action_open_pending(self):
        return self._action_open_listings(self.env._("Pending"), "pending")

    def action_open_failed(self):
        return self._action_open_listings(self.env._("Failed"), "failed")

    def action_open_pushes(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_push_action"
            ),
            "domain": [("account_id", "=", self.id)],
        }
