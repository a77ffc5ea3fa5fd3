"""Asking a channel for notifications, and seeing to it that it goes on sending them."""

import functools
import logging
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..channels.errors import ChannelError, RetryableError
from .marketplace_event import REFUSED

_logger = logging.getLogger(__name__)

#: Hours between two looks at what the channel has registered; Shopify deletes a
#: subscription after 8 failures in a row.
CHECK_HOURS = 24


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    webhook_registered_at = fields.Datetime("Registered", readonly=True, copy=False)
    webhook_checked_at = fields.Datetime("Checked", readonly=True, copy=False)
    webhook_restored_at = fields.Datetime(
        "Registered Again",
        readonly=True,
        copy=False,
        help="When the channel was last found to have dropped notifications.",
    )
    webhook_problem = fields.Char(readonly=True, copy=False)
    event_waiting_count = fields.Integer(compute="_compute_event_counts")
    event_failed_count = fields.Integer(compute="_compute_event_counts")
    last_event_at = fields.Datetime(
        "Last Notification", compute="_compute_event_counts"
    )
    refused_count = fields.Integer(
        "Refused Notifications",
        compute="_compute_event_counts",
        help="Of the last 7 days.",
    )

    # === COUNTS ===

    def _compute_event_counts(self):
        events = self._get_event_counts()
        refused = self._get_refused_counts()
        for account in self:
            waiting, failed, last = events.get(account._origin.id, (0, 0, False))
            account.event_waiting_count = waiting
            account.event_failed_count = failed
            account.last_event_at = last
            account.refused_count = refused.get(account._origin.id, 0)

    def _get_event_counts(self):
        rows = self.env.execute_query(
            SQL(
                """SELECT account_id,
                          COUNT(*) FILTER (WHERE state IN ('new', 'postponed')),
                          COUNT(*) FILTER (WHERE state = 'failed'),
                          MAX(received_at)
                     FROM marketplace_event
                    WHERE account_id = ANY(%s)
                    GROUP BY account_id""",
                self.ids,
            )
        )
        return {row[0]: row[1:] for row in rows}

    def _get_refused_counts(self):
        since = fields.Date.today() - timedelta(days=7)
        groups = (
            self.env["marketplace.webhook.counter"]
            .sudo()
            ._read_group(
                [
                    ("account_id", "in", self.ids),
                    ("day", ">", since),
                    ("kind", "in", tuple(REFUSED.values())),
                ],
                ["account_id"],
                ["count:sum"],
            )
        )
        return {account.id: count for account, count in groups}

    def action_open_events(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "marketplace_sync.marketplace_event_action"
        )
        return {
            **action,
            "domain": [("account_id", "=", self.id)],
            "context": {"search_default_failed": self.event_failed_count > 0},
        }

    def action_open_refused(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "marketplace_sync.marketplace_webhook_counter_action"
        )
        return {**action, "domain": [("account_id", "=", self.id)], "context": {}}

    # === ACTIONS ===

    def action_renew_webhook_path(self):
        """Make another secret address; the channel has to be told of it."""
        self.check_access("write")
        self._renew_webhook_path()
        told = self.filtered("webhook_registered_at")
        self.write({"webhook_problem": False})
        for account in told:
            account.webhook_problem = account.env._(
                "The address is new: register it, or the channel goes on "
                "sending to the old one."
            )
        return True

    def action_register_webhooks(self):
        """Ask the channel to send notifications to the account's address."""
        self.ensure_one()
        self.check_access("write")
        if not self._get_webhook_secrets():
            raise UserError(
                self.env._(
                    "Enter the client secret first: without it no notification can be "
                    "told from a forged one."
                )
            )
        if not self.webhook_path:
            self._renew_webhook_path()
        try:
            made = self._ask_for_webhooks()
        except ChannelError as error:
            self._note_webhook_problem(error)
            return self._notify(self.webhook_problem, "danger")
        self._note_webhooks(made)
        if not made:
            return self._notify(self.env._("Everything was registered already."))
        topics = ", ".join(sorted(subscription.topic for subscription in made))
        return self._notify(self.env._("Registered: %s", topics))

    def _notify(self, message, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": kind,
                "message": message,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # === REGISTERING ===

    def _ask_for_webhooks(self):
        """Return the subscriptions that were missing and have been made."""
        with self._adapter_session() as adapter:
            made = adapter.register_webhooks(self.sudo().webhook_address)
            self._save_rate_state(adapter)
        return made

    def _note_webhooks(self, made):
        now = fields.Datetime.now()
        values = {"webhook_checked_at": now, "webhook_problem": False}
        if made or not self.webhook_registered_at:
            values["webhook_registered_at"] = now
        self.write(values)

    def _note_webhook_problem(self, error):
        """Keep what went wrong, without the address: it is a secret."""
        words = str(error)
        path = self.sudo().webhook_path
        self.write(
            {
                "webhook_checked_at": fields.Datetime.now(),
                "webhook_problem": words.replace(path, "…") if path else words,
            }
        )

    # === DAILY CHECK ===

    def _cron_check_webhooks(self):
        """See whether what was registered is still there, account by account."""
        before = fields.Datetime.now() - timedelta(hours=CHECK_HOURS)
        due = self.search(
            [
                ("webhook_registered_at", "!=", False),
                ("webhook_path", "!=", False),
                ("state", "in", ("draft", "connected", "paused")),
                "|",
                ("webhook_checked_at", "<", before),
                ("webhook_problem", "!=", False),
            ]
        )
        for account in due.filtered(lambda a: a.notification_mode == "register"):
            account._check_registered_webhooks()

    def _check_registered_webhooks(self):
        try:
            made = self._ask_for_webhooks()
            self._in_transaction(functools.partial(self._note_check, made))
        except Exception as error:
            self._rollback()
            if not isinstance(error, ChannelError):
                _logger.exception("Marketplace account %s: webhooks", self.id)
            self._in_transaction(functools.partial(self._note_failed_check, error))

    def _note_check(self, made):
        self._note_webhooks(made)
        if made:
            self.webhook_restored_at = fields.Datetime.now()
            topics = ", ".join(sorted(subscription.topic for subscription in made))
            self._warn_about_webhooks(
                self.env._("%s had stopped sending notifications", self.name),
                self.env._(
                    "These were missing and have been registered again: %s. A channel "
                    "drops them after failed deliveries: see whether Odoo was reached.",
                    topics,
                ),
            )

    def _note_failed_check(self, error):
        """A silent channel is asked again in an hour; anything else needs a person."""
        was_known = bool(self.webhook_problem)
        self._note_webhook_problem(error)
        if not was_known and not isinstance(error, RetryableError):
            self._warn_about_webhooks(
                self.env._("%s may not send notifications", self.name),
                self.webhook_problem,
            )

    def _warn_about_webhooks(self, summary, note):
        open_ones = self.activity_ids.filtered(lambda a: a.summary == summary)
        if open_ones:
            open_ones.write({"note": note})
            return
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            user_id=self.user_id.id or self.env.uid,
            summary=summary,
            note=note,
        )
