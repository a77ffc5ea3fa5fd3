"""What is to be noticed at an account without anybody looking."""

import functools
import logging

from odoo import api, fields, models
from odoo.fields import Domain

from .tools import retry_on_conflict

_logger = logging.getLogger(__name__)

KINDS = [
    ("lag", "Quantities wait too long"),
    ("repeated", "The same listing fails again and again"),
    ("blocked", "The channel refuses the account"),
    ("orders", "Orders are not read"),
    ("refused", "Many rows are refused"),
    ("drift", "The channel shows other numbers"),
    ("silence", "No notifications any more"),
    ("failed_listings", "Listings wait for a person"),
    ("failed_events", "Notifications wait for a person"),
    ("orders_to_fix", "Orders wait for a person"),
    ("shipments_to_fix", "Shipments wait for a person"),
]


class MarketplaceAlertRule(models.Model):
    """One thing to watch, on all accounts or on some. Checked every few minutes."""

    _name = "marketplace.alert.rule"
    _description = "Marketplace Alert Rule"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    kind = fields.Selection(KINDS, "Watches", required=True)
    threshold = fields.Float(
        "Limit", default=1.0, required=True, digits=(16, 1), help="See the unit."
    )
    unit = fields.Char(compute="_compute_words")
    hint = fields.Char("Speaks When", compute="_compute_words")
    window_hours = fields.Integer(
        "Over the Last (hours)",
        default=1,
        required=True,
        help="For rules that look back: how far.",
    )
    least = fields.Integer(
        "At Least",
        default=20,
        required=True,
        help="For shares and habits: with fewer rows or notifications than these "
        "nothing can be said.",
    )
    urgency = fields.Selection(
        [("1_note", "Note"), ("2_warning", "Warning"), ("3_urgent", "Urgent")],
        default="2_warning",
        required=True,
    )
    has_activity = fields.Boolean(
        "Activity",
        default=True,
        help="The account's responsible person gets an activity. It goes by itself "
        "when the cause is gone.",
    )
    company_id = fields.Many2one("res.company", help="Empty: all companies.")
    account_ids = fields.Many2many(
        "marketplace.account",
        string="Accounts",
        domain="[('company_id', '=?', company_id)]",
        help="Empty: all accounts.",
    )
    alert_ids = fields.One2many("marketplace.alert", "rule_id", "Alerts")
    open_count = fields.Integer("Open", compute="_compute_open_count")

    _check_threshold = models.Constraint(
        "CHECK (threshold >= 0)", "A limit cannot be negative."
    )
    _check_window = models.Constraint(
        "CHECK (window_hours > 0 AND least >= 0)",
        "A rule looks back over one hour at least.",
    )

    # === COMPUTES ===

    @api.depends("kind")
    def _compute_words(self):
        units, hints = self._get_units(), self._get_hints()
        for rule in self:
            rule.unit = units.get(rule.kind, "")
            rule.hint = hints.get(rule.kind, "")

    @api.model
    def _get_units(self):
        minutes, hours = self.env._("minutes"), self.env._("hours")
        return {
            "lag": minutes,
            "repeated": self.env._("attempts"),
            "orders": minutes,
            "refused": "%",
            "drift": self.env._("units"),
            "silence": hours,
            "failed_listings": self.env._("listings"),
            "failed_events": self.env._("notifications"),
            "orders_to_fix": self.env._("orders"),
            "shipments_to_fix": self.env._("shipments"),
        }

    @api.model
    def _get_hints(self):
        waiting = self.env._("So many, or more, cannot go on without a person.")
        return {
            "lag": self.env._("A changed quantity has waited longer to be sent."),
            "repeated": self.env._(
                "One listing was sent so many times without being taken."
            ),
            "blocked": self.env._("The channel refuses us until a person acts."),
            "orders": self.env._("The orders were last read longer ago."),
            "refused": self.env._(
                "So large a share of the rows sent was not taken, counted when there "
                "were at least so many."
            ),
            "drift": self.env._(
                "A comparison found a difference of so many units, or more."
            ),
            "silence": self.env._(
                "No notification for longer, on an account that had at least so many "
                "in two weeks. One that speaks rarely is given ten times its usual "
                "silence."
            ),
            "failed_listings": waiting,
            "failed_events": waiting,
            "orders_to_fix": waiting,
            "shipments_to_fix": waiting,
        }

    def _compute_open_count(self):
        counts = dict(
            self.env["marketplace.alert"]._read_group(
                [("rule_id", "in", self.ids), ("state", "=", "open")],
                ["rule_id"],
                ["__count"],
            )
        )
        for rule in self:
            rule.open_count = counts.get(rule._origin, 0)

    # === CRUD ===

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active") is False:
            self._get_standing()._close()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_activities(self):
        self._get_standing()._close()

    # === CHECKING ===

    @api.model
    def _cron_check(self):
        """Check every rule. What one of them stumbles over stops no other."""
        for rule in self.search([("active", "=", True)]):
            try:
                retry_on_conflict(self.env, rule._check)
            except Exception:
                self.env.cr.rollback()
                self.env.transaction.reset()
                _logger.exception("Marketplace alert rule %s failed", rule.id)
        account = self.env["marketplace.account"]
        retry_on_conflict(self.env, functools.partial(account._take_samples))

    def _check(self):
        """Open, renew and close this rule's alerts."""
        self.ensure_one()
        accounts = self._get_accounts()
        found = self._get_checks()[self.kind](accounts) if accounts else {}
        for alert in self._get_standing():
            facts = found.pop(alert.account_id.id, None)
            if facts is None:
                alert._close()
            else:
                alert._stay(facts)
        self.env["marketplace.alert"]._open(self, found)

    def _get_standing(self):
        """Return the alerts whose cause is not gone, seen or not."""
        return (
            self.env["marketplace.alert"]
            .sudo()
            .search([("rule_id", "in", self.ids), ("state", "!=", "closed")])
        )

    def _get_accounts(self):
        """Return the accounts that this rule watches."""
        domain = Domain.TRUE
        if self.company_id:
            domain &= Domain("company_id", "=", self.company_id.id)
        if self.account_ids:
            domain &= Domain("id", "in", self.account_ids.ids)
        return self.env["marketplace.account"].sudo().search(domain)

    def action_check_now(self):
        """Check these rules at once."""
        self.check_access("write")
        for rule in self:
            rule.sudo()._check()
        return True

    def action_open_alerts(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_alert_action"
            ),
            "domain": [("rule_id", "=", self.id)],
            "context": {"search_default_standing": 1},
        }
