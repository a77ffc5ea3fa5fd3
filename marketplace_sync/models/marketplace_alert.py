"""What a rule has found at an account, until it is gone."""

from datetime import timedelta

from odoo import api, fields, models

#: Days that closed alerts are kept.
RETENTION_DAYS = 180
ACTIVITY_TYPE = "marketplace_sync.mail_activity_type_alert"


class MarketplaceAlert(models.Model):
    """One rule speaking about one account: from when the cause came until it went.

    A person who closes it, or ticks off its activity, is not told again before the
    cause was gone and came back.
    """

    _name = "marketplace.alert"
    _description = "Marketplace Alert"
    _order = "state, urgency desc, since desc, id desc"
    _rec_name = "text"

    rule_id = fields.Many2one(
        "marketplace.alert.rule", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(related="rule_id.kind", store=True)
    urgency = fields.Selection(related="rule_id.urgency", store=True)
    account_id = fields.Many2one(
        "marketplace.account", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    channel = fields.Selection(related="account_id.channel", store=True)
    state = fields.Selection(
        # in this order in lists
        [("open", "Open"), ("seen", "Seen"), ("closed", "Over")],
        default="open",
        required=True,
        index=True,
        help="Seen: a person closed it, the cause is not gone yet. Over: the cause is "
        "gone.",
    )
    since = fields.Datetime(required=True, default=fields.Datetime.now)
    seen_by_id = fields.Many2one("res.users", "Closed By")
    ended_at = fields.Datetime("Over On")
    facts = fields.Json()
    text = fields.Char("What", compute="_compute_text")
    activity_id = fields.Many2one("mail.activity", ondelete="set null")
    is_notified = fields.Boolean()

    _standing_uniq = models.UniqueIndex(
        "(rule_id, account_id) WHERE state != 'closed'",
        "A rule speaks once about one account.",
    )

    # === WORDS ===

    @api.depends("facts", "kind")
    @api.depends_context("lang")
    def _compute_text(self):
        words = self._get_words()
        for alert in self:
            sentence = words.get(alert.kind)
            alert.text = sentence(alert.facts or {}) if sentence else alert.rule_id.name

    @api.model
    def _get_words(self):
        """Return kind → function that makes a sentence of the facts."""
        return {
            "lag": lambda f: self.env._(
                "Quantities wait to be sent: %(count)s, the oldest for %(minutes)s min",
                **f,
            ),
            "repeated": lambda f: self.env._(
                "Listings fail again and again: %(count)s; %(sku)s %(attempts)s times",
                **f,
            ),
            "blocked": lambda f: self.env._("The channel refuses us: %(reason)s", **f),
            "orders": lambda f: (
                self.env._("Orders were last read %(minutes)s min ago: %(reason)s", **f)
                if f.get("reason")
                else self.env._("Orders were last read %(minutes)s min ago", **f)
            ),
            "refused": lambda f: self.env._(
                "Of %(rows)s rows sent, %(count)s were not taken (%(percent)s %%)", **f
            ),
            "drift": lambda f: self.env._(
                "Listings show other numbers: %(count)s; %(sku)s is %(units)s off",
                **f,
            ),
            "silence": lambda f: self.env._(
                "No notification for %(hours)s hours; two weeks had %(count)s",
                **f,
            ),
            "failed_listings": lambda f: self.env._("Failed listings: %(count)s", **f),
            "failed_events": lambda f: self.env._(
                "Failed notifications: %(count)s", **f
            ),
            "orders_to_fix": lambda f: self.env._("Orders to fix: %(count)s", **f),
            "shipments_to_fix": lambda f: self.env._(
                "Shipments to fix: %(count)s", **f
            ),
        }

    # === LIFE ===

    @api.model
    def _open(self, rule, found):
        """Create alerts.

        :param found: account id → facts
        """
        alerts = self.sudo().create(
            [
                {"rule_id": rule.id, "account_id": account, "facts": facts}
                for account, facts in found.items()
            ]
        )
        if rule.has_activity:
            for alert in alerts:
                alert._notify()

    def _notify(self):
        """Give the responsible person an activity; nobody who may not see it."""
        account = self.account_id
        user = account.user_id
        if not user.active or not account.with_user(user).has_access("read"):
            return
        told = self.with_context(lang=user.lang)
        self.write(
            {
                "is_notified": True,
                "activity_id": account.activity_schedule(
                    ACTIVITY_TYPE, user_id=user.id, summary=told.text
                ).id,
            }
        )

    def _stay(self, facts):
        """The cause is still there. Whoever ticked off the activity has seen it."""
        if self.state == "seen":
            if facts != self.facts:
                self.facts = facts
            return
        activity = self.activity_id
        if self.is_notified and not (activity and activity.active):
            # done activities stay in the archive, with whoever was the last to write
            done_by = activity.write_uid or self.account_id.user_id
            self.write({"state": "seen", "seen_by_id": done_by.id, "facts": facts})
        elif facts != self.facts:
            self.facts = facts
            if activity:
                activity.summary = self.with_context(lang=activity.user_id.lang).text

    def _close(self):
        """The cause is gone, and with it the activity that nobody needs any more."""
        self._drop_activities()
        self.write({"state": "closed", "ended_at": fields.Datetime.now()})

    def _drop_activities(self):
        self.activity_id.filtered("active").unlink()

    def action_close(self):
        """A person has seen it: no more of it until it went away and came back."""
        self.check_access("read")
        standing = self.sudo().filtered(lambda alert: alert.state == "open")
        standing._drop_activities()
        standing.write({"state": "seen", "seen_by_id": self.env.uid})

    def action_reopen(self):
        """Take back that it was seen."""
        self.check_access("read")
        seen = self.sudo().filtered(lambda alert: alert.state == "seen")
        seen.write({"state": "open", "seen_by_id": False, "is_notified": False})

    def action_open_account(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "marketplace.account",
            "res_id": self.account_id.id,
            "view_mode": "form",
        }

    def action_open_cause(self):
        """Show what the alert is about."""
        self.ensure_one()
        action, domain = self._get_cause_action()
        if not action:
            return self.action_open_account()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                f"marketplace_sync.{action}"
            ),
            "domain": [("account_id", "=", self.account_id.id), *domain],
            "context": {},
        }

    def _get_cause_action(self):
        """Return (action, domain), (None, []) for what the account itself shows."""
        listing = "marketplace_listing_action"
        return {
            "lag": (listing, [("sync_state", "=", "pending")]),
            "repeated": (listing, [("attempt_count", ">", 0)]),
            "refused": ("marketplace_push_action", [("state", "!=", "done")]),
            "silence": ("marketplace_event_action", []),
            "failed_listings": (listing, [("sync_state", "=", "failed")]),
            "failed_events": ("marketplace_event_action", [("state", "=", "failed")]),
            "orders_to_fix": ("marketplace_order_action", [("state", "=", "to_fix")]),
            "drift": (
                "marketplace_reconciliation_line_action",
                [("state", "=", "open")],
            ),
            "shipments_to_fix": (
                "marketplace_shipment_action",
                [("state", "=", "failed")],
            ),
        }.get(self.kind, (None, []))

    @api.autovacuum
    def _gc_old_alerts(self):
        limit = fields.Datetime.now() - timedelta(days=RETENTION_DAYS)
        old = self.search(
            [("state", "=", "closed"), ("ended_at", "<", limit)], limit=1000
        )
        old.unlink()
        return len(old), len(old) == 1000
