"""What is wrong with an account, on its card and its form; and what is measured of it
while nobody looks."""

from odoo import api, fields, models
from odoo.tools import SQL


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    standing_alert_ids = fields.One2many(
        "marketplace.alert",
        "account_id",
        "Alerts",
        domain=[("state", "!=", "closed")],
        groups="marketplace_sync.marketplace_sync_group_user",
    )
    alert_count = fields.Integer("Open Alerts", compute="_compute_alerts")
    worst_alert = fields.Char(compute="_compute_alerts")

    def _compute_alerts(self):
        alerts = self.env["marketplace.alert"].sudo()
        alerts = alerts.search(
            [("account_id", "in", self.ids), ("state", "=", "open")],
            order="urgency desc, since, id",
        ).grouped("account_id")
        for account in self:
            mine = alerts.get(account._origin.sudo()) or self.env["marketplace.alert"]
            account.alert_count = len(mine)
            account.worst_alert = mine[:1].text

    def action_open_alerts(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_alert_action"
            ),
            "domain": [("account_id", "=", self.id)],
            "context": {"search_default_standing": 1},
        }

    @api.model
    def _take_samples(self):
        """Note how long the oldest quantity waits: the worst of each hour is kept."""
        self.env.flush_all()
        now = fields.Datetime.now()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO marketplace_health_sample AS s
                       (account_id, hour, oldest_seconds, pending_count)
                SELECT a.id, date_trunc('hour', %(now)s),
                       COALESCE(EXTRACT(EPOCH FROM %(now)s - MIN(l.pending_since)), 0),
                       COUNT(l.id)
                  FROM marketplace_account a
             LEFT JOIN marketplace_listing l
                    ON l.account_id = a.id AND l.active AND l.sync_state = 'pending'
                 WHERE a.active AND a.state IN ('connected', 'blocked')
                 GROUP BY a.id
                    ON CONFLICT (account_id, hour) DO UPDATE
                   SET oldest_seconds =
                           GREATEST(s.oldest_seconds, EXCLUDED.oldest_seconds),
                       pending_count =
                           GREATEST(s.pending_count, EXCLUDED.pending_count)
                """,
                now=SQL("%s::timestamp", now),
            )
        )
        self.env["marketplace.health.sample"].invalidate_model()
