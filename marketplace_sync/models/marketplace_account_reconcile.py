"""When an account is compared with its channel, and how the comparison makes way."""

import functools
import logging
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..channels.errors import ChannelBlockedError, ChannelError
from .marketplace_account_push import RUN_SECONDS
from .marketplace_reconciliation import LIVE, POLICIES

_logger = logging.getLogger(__name__)

#: No listing goes unverified for longer.
LONGEST = timedelta(hours=24)


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    reconcile_policy = fields.Selection(
        POLICIES,
        "Differences Found",
        default="propose",
        required=True,
        help="What the daily comparison does with what it finds. Repair sends the "
        "right quantity again where that helps, and never touches Odoo's stock.",
    )
    reconcile_hour = fields.Integer(
        "Compared Daily At",
        default=4,
        required=True,
        help="Hour of the day (0–23) in the time zone of the responsible person, else "
        "of the company.",
    )
    reconcile_percent = fields.Float(
        "Tolerance (%)",
        default=5.0,
        required=True,
        help="Of the expected quantity. A difference must keep to this and to the "
        "units to be tolerated.",
    )
    reconcile_units = fields.Integer(
        "Tolerance (units)",
        default=0,
        required=True,
        help="0: every difference is a finding.",
    )
    finding_count = fields.Integer("Findings", compute="_compute_finding_count")

    _check_reconcile_tolerance = models.Constraint(
        "CHECK (reconcile_percent >= 0 AND reconcile_units >= 0)",
        "A tolerance cannot be negative.",
    )

    @api.constrains("reconcile_hour")
    def _check_reconcile_hour(self):
        if any(not 0 <= account.reconcile_hour <= 23 for account in self):
            raise ValidationError(self.env._("The hour lies between 0 and 23."))

    def _compute_finding_count(self):
        counts = dict(
            self.env["marketplace.reconciliation.line"]
            .sudo()
            ._read_group(
                [("account_id", "in", self.ids), ("state", "=", "open")],
                ["account_id"],
                ["__count"],
            )
        )
        for account in self:
            account.finding_count = counts.get(account._origin, 0)

    # === WHEN ===

    def _get_reconcile_moment(self, now):
        """Return the last time at which the daily comparison was to begin (UTC)."""
        name = self.user_id.tz or self.company_id.partner_id.tz or "UTC"
        local = now.replace(tzinfo=timezone.utc).astimezone(ZoneInfo(name))
        moment = local.replace(
            hour=self.reconcile_hour, minute=0, second=0, microsecond=0
        )
        if moment > local:
            moment -= timedelta(days=1)
        return datetime.fromtimestamp(moment.timestamp(), timezone.utc).replace(
            tzinfo=None
        )

    def _is_reconciliation_due(self, now):
        last = self.env["marketplace.reconciliation"].search(
            [("account_id", "=", self.id), ("is_complete_scope", "=", True)], limit=1
        )
        if last.state in LIVE:
            return False
        since = last.create_date or self.went_live_at or self.create_date
        return since < self._get_reconcile_moment(now) or since + LONGEST <= now

    def _begin_daily(self):
        if self._is_reconciliation_due(fields.Datetime.now()):
            self.env["marketplace.reconciliation"]._request(self, trigger="daily")

    # === WORK ===

    def _run_steps(self, adapter):
        """Compare after everything else: pushes come first, and between two batches
        whatever waits by then is sent."""
        deadline = time.monotonic() + RUN_SECONDS
        result = super()._run_steps(adapter)
        if self.state == "connected":
            self._reconcile(adapter, deadline)
        return result

    def _reconcile(self, adapter, deadline):
        """Go on with the account's comparison; a fault of the channel puts it off and
        is no reason to pause the account's pushes."""
        self._in_transaction(self._begin_daily)
        now = fields.Datetime.now()
        runs = self.env["marketplace.reconciliation"].search(
            [
                ("account_id", "=", self.id),
                ("state", "in", LIVE),
                "|",
                ("resume_at", "=", False),
                ("resume_at", "<=", now),
            ],
            order="id",
        )
        for run in runs:
            try:
                run._work(adapter, deadline)
            except ChannelBlockedError:
                raise
            except ChannelError as error:
                self._rollback()
                self._in_transaction(functools.partial(run._put_off, error))
            except Exception as error:
                # A bug of ours ends this run; the account goes on.
                self._rollback()
                _logger.exception("Marketplace reconciliation %s failed", run.id)
                self._in_transaction(functools.partial(run._fail, error))

    def _make_way(self, adapter, deadline):
        """Send what waits; tell whether there is time left to go on comparing."""
        if time.monotonic() <= deadline and self._select_due(adapter):
            self._push_pending(adapter, deadline)
        return time.monotonic() <= deadline

    def _schedule_next(self):
        result = super()._schedule_next()
        waiting = self.env["marketplace.reconciliation"].search(
            [
                ("account_id", "=", self.id),
                ("state", "in", LIVE),
                ("resume_at", "!=", False),
            ],
            order="resume_at",
            limit=1,
        )
        self._wake_at(waiting.resume_at)
        return result

    def action_reconcile(self):
        """Choose what to compare now."""
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_reconciliation_run_action"
            ),
            "context": {"default_account_ids": self.ids},
        }

    def action_open_findings(self):
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "marketplace_sync.marketplace_reconciliation_line_action"
            ),
            "domain": [("account_id", "=", self.id)],
            "context": {"search_default_open": 1},
        }
