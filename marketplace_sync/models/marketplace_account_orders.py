"""Reading orders: what the account's second scheduled action does.

Notifications are the speed, reading is the truth: every account reads what changed
since its watermark, with some overlap, and the watermark moves only when every page is
stored. A scheduled action of its own, so that orders never wait for a long push, nor
quantities for a long read.
"""

import functools
import logging
import time
from datetime import timedelta

from odoo import fields, models

from ..channels.errors import (
    AuthenticationError,
    ChannelBlockedError,
    ChannelError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    RetryableError,
    TakesLong,
    UnknownListing,
)
from ..engine import backoff
from .marketplace_account import CRON_MINUTES
from .marketplace_account_push import ACCOUNT_PAUSE_CAP, RUN_SECONDS
from .marketplace_order_store import naive, storable
from .tools import is_conflict

_logger = logging.getLogger(__name__)

#: Read again what changed so long before the watermark: clocks differ, and some
#: channels list an order minutes after it was placed (minutes).
OVERLAP_MINUTES = 5
#: An order book that was not read for longer is stale: numbers do not rise (minutes).
STALE_MINUTES = 15
#: Open orders of a channel that hides cancelled ones are read again so often (hours).
REREAD_HOURS = 1
#: Sale orders are made for so long (seconds) before the inbox is looked into again:
#: other channels' numbers wait for what is in there, and only a person for these.
SYNC_SECONDS = 1.0
#: The inbox is worked off for so long (seconds) before sale orders have their turn:
#: notifications that never stop must not keep them away.
INBOX_SECONDS = 3.0
#: States in which orders are read. A pause stops quantities, not buyers.
READING = ("connected", "paused")


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    read_orders = fields.Boolean(
        default=True,
        help="Orders of the channel are read, promised and made into sale orders.",
    )
    order_start_at = fields.Datetime(
        "Orders Placed From",
        copy=False,
        help="Orders that were placed before are left alone: they are in Odoo already, "
        "or never will be. Set when the account goes live.",
    )
    order_interval_minutes = fields.Integer(
        "Order Interval (min)",
        default=CRON_MINUTES,
        required=True,
        help="How often orders are read when nothing announces one.",
    )
    order_cron_id = fields.Many2one(
        "ir.cron", "Order Action", readonly=True, copy=False, ondelete="restrict"
    )
    order_watermark = fields.Datetime(readonly=True, copy=False)
    order_reread_at = fields.Datetime(readonly=True, copy=False)
    order_retry_at = fields.Datetime(readonly=True, copy=False)
    order_failure_count = fields.Integer(readonly=True, copy=False)
    last_order_failure = fields.Char(readonly=True, copy=False)
    order_ids = fields.One2many("marketplace.order", "account_id", "Orders")

    _check_order_interval = models.Constraint(
        "CHECK (order_interval_minutes > 0)",
        "The order interval is at least one minute.",
    )

    # === SCHEDULED ACTION ===

    def _create_cron(self):
        result = super()._create_cron()
        name = f"Marketplace: orders of {self.name} ({self.id})"
        self.order_cron_id = self._make_cron(name, "_cron_orders")
        return result

    def unlink(self):
        crons = self.sudo().order_cron_id
        result = super().unlink()
        crons.unlink()
        return result

    def action_go_live(self):
        now = fields.Datetime.now()
        self.filtered(
            lambda a: a.state == "draft" and not a.order_start_at
        ).order_start_at = now
        result = super().action_go_live()
        self._wake_orders()
        return result

    def _wake_orders(self):
        """Have the accounts' orders looked after as soon as this is committed."""
        for account in self.sudo():
            if account.order_cron_id:
                account.order_cron_id._trigger()

    def _cron_orders(self):
        """Read orders, make them sale orders, tell shipments; for all accounts when
        for none. Never raises, see ``_cron_push``."""
        for account in self or self.search([("state", "in", READING)]):
            account._run_orders()
            self.env["ir.cron"]._commit_progress(remaining=0)

    def _run_orders(self):
        self.ensure_one()
        if self.state not in READING or not self.active or not self.read_orders:
            return
        deadline = time.monotonic() + RUN_SECONDS
        if not self.order_retry_at or self.order_retry_at <= fields.Datetime.now():
            self._guarded(functools.partial(self._run_order_reading, deadline))
        # Needs no channel, so it is done whether the channel answers or not.
        until = min(deadline, time.monotonic() + SYNC_SECONDS)
        self._guarded(functools.partial(self._sync_orders, until))
        if not self.order_retry_at and self.state in READING:
            self._guarded(functools.partial(self._run_order_telling, deadline))
        self._in_transaction(self._schedule_next_orders)

    def _guarded(self, step):
        """Run a step; what fails is noted at the account and stops no other step."""
        try:
            step()
        except AuthenticationError as error:
            self._rollback()
            self._in_transaction(functools.partial(self._block, error))
        except ChannelBlockedError as error:
            # Orders are refused, quantities may not be: they go on, but do not rise.
            self._rollback()
            self._in_transaction(functools.partial(self._note_orders_refused, error))
        except ChannelError as error:
            self._rollback()
            self._in_transaction(functools.partial(self._note_order_failure, error))
        except Exception as error:
            self._rollback()
            _logger.exception("Marketplace account %s: orders failed", self.id)
            self._in_transaction(functools.partial(self._note_order_failure, error))

    def _run_order_reading(self, deadline):
        with self._adapter_session() as adapter:
            until = min(deadline, time.monotonic() + INBOX_SECONDS)
            self._process_events(adapter, until)
            self._read_orders(adapter, deadline)
        self._in_transaction(self._note_order_success)

    def _run_order_telling(self, deadline):
        with self._adapter_session() as adapter:
            self._send_shipments(adapter, deadline)

    def _note_order_success(self):
        if self.order_failure_count or self.order_retry_at or self.last_order_failure:
            self.write(
                {
                    "order_failure_count": 0,
                    "order_retry_at": False,
                    "last_order_failure": False,
                }
            )

    def _note_orders_refused(self, error):
        """A permission is missing: a person must give it; say so once."""
        if not self.last_order_failure:
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=self.user_id.id or self.env.uid,
                summary=self.env._("%s refuses to show its orders", self.name),
                note=str(error),
            )
        self._note_order_failure(error)

    def _note_order_failure(self, error):
        """Let the channel rest; a limit that was hit is nobody's fault."""
        count = self.order_failure_count + (not isinstance(error, RateLimited))
        pause = min(ACCOUNT_PAUSE_CAP, backoff.delay(max(1, count)))
        pause = max(pause, getattr(error, "retry_after", None) or 0.0)
        values = {
            "order_failure_count": count,
            "order_retry_at": fields.Datetime.now() + timedelta(seconds=pause),
            "last_order_failure": str(error) or type(error).__name__,
        }
        if isinstance(error, TakesLong):
            values["channel_data"] = {**(self.channel_data or {}), **error.remember}
        self.write(values)

    def _schedule_next_orders(self):
        moments = [self.order_retry_at] if self.order_retry_at else []
        if not moments:
            moments = self._get_next_order_moments()
        moments = [moment for moment in moments if moment]
        if moments and self.order_cron_id and self.state in READING:
            self.sudo().order_cron_id._trigger(at=min(moments))

    def _get_next_order_moments(self):
        """Return when something of the orders is due next; other rooms add theirs."""
        interval = timedelta(minutes=self.order_interval_minutes)
        return [self.last_order_sync_at and self.last_order_sync_at + interval]

    # === STEPS OF OTHER ROOMS ===

    def _sync_orders(self, deadline):
        """Bring sale orders in line with what the channel says."""

    def _send_shipments(self, adapter, deadline):
        """Tell the channel what has left."""

    # === READING ===

    def _can_read_orders(self):
        self.ensure_one()
        return self.read_orders and self._get_adapter_class().supports("fetch_orders")

    def _read_orders(self, adapter, deadline=float("inf")):
        """Read what changed since the watermark, when that is due."""
        now = fields.Datetime.now()
        interval = timedelta(minutes=self.order_interval_minutes)
        if not self._can_read_orders():
            return
        age = now - self.last_order_sync_at if self.last_order_sync_at else None
        if age is not None and age < interval:
            return
        if age is not None and age < 2 * interval and self._has_due_events():
            return  # it would take from the limits what the notifications need
        if not self.order_start_at:
            self._in_transaction(functools.partial(self.write, {"order_start_at": now}))
        since = (self.order_watermark or self.order_start_at) - timedelta(
            minutes=OVERLAP_MINUTES
        )
        if not self._read_pages(adapter, since, deadline):
            self._in_transaction(self._wake_orders)
            return
        if adapter.hides_cancelled_orders:
            self._reread_open_orders(adapter, deadline)
        self._in_transaction(self._note_orders_read)

    def _store_order_safely(self, told):
        """Store one order; one that cannot be stored is said, and stops no other."""
        try:
            with self.env.cr.savepoint():
                return self._store_order(told)
        except Exception as error:
            if is_conflict(error):
                raise  # a collision: the whole page once more
            _logger.exception("Marketplace account %s: order not stored", self.id)
            return self._note_unreadable_order(told, error)

    def _note_unreadable_order(self, told, error):
        """Keep an order that our own code stumbled over visible to a person."""
        told = storable(told)
        Order = self.env["marketplace.order"].sudo()
        domain = [("account_id", "=", self.id), ("external_id", "=", told.external_id)]
        order = Order.search(domain) or Order.create(
            {
                "account_id": self.id,
                "external_id": told.external_id,
                "name": told.name or told.external_id,
                "placed_at": naive(told.placed_at) or fields.Datetime.now(),
                "status": "open",
            }
        )
        problem = self.env._("This order could not be read: %s", error)
        values = {"state": "to_fix", "problem": problem, "needs_sync": False}
        order.write({**values, "told_at": False})  # the next read tries again
        return order

    def _note_orders_read(self):
        """The order book is fresh: numbers may rise again."""
        was_stale = self._are_orders_stale()
        self.last_order_sync_at = fields.Datetime.now()
        if was_stale:
            self._wake()

    def _are_orders_stale(self):
        """Tell whether units may have been sold that we have not heard of."""
        self.ensure_one()
        if not self._can_read_orders():
            return False
        if not self.last_order_sync_at:
            return True
        limit = max(STALE_MINUTES, 3 * self.order_interval_minutes)
        age = fields.Datetime.now() - self.last_order_sync_at
        return age > timedelta(minutes=limit)

    def _reread_open_orders(self, adapter, deadline):
        """Ask for every open order once an hour: this channel's search never tells
        that one was cancelled."""
        now = fields.Datetime.now()
        if self.order_reread_at and self.order_reread_at > now:
            return
        orders = self.env["marketplace.order"].search(
            [
                ("account_id", "=", self.id),
                ("status", "in", ("pending", "open")),
                ("state", "!=", "ignored"),
                ("write_date", "<", now - timedelta(minutes=REREAD_HOURS * 60 - 5)),
            ],
            order="write_date, id",
        )
        for order in orders:
            try:
                self._fetch_order(adapter, order.external_id)
            except (RateLimited, ChannelUnreachable, TakesLong):
                raise
            except (RetryableError, RejectedError) as error:
                # This one cannot be read now; the others are read all the same.
                _logger.info("Order %s is not read again: %s", order.id, error)
            if time.monotonic() > deadline:
                self._in_transaction(self._wake_orders)
                return
        later = now + timedelta(hours=REREAD_HOURS)
        self._in_transaction(functools.partial(self.write, {"order_reread_at": later}))

    def _fetch_order(self, adapter, external_id, is_sure=True):
        """Read one order from the channel and store it, in a transaction of its own.

        :param is_sure: an order that the channel does not know is gone; else it may
            not be there yet, and :class:`UnknownListing` is raised
        :return: the order; empty when the channel has no such order
        """
        try:
            told = adapter.fetch_order(external_id)
        except UnknownListing:
            if not is_sure:
                raise
            return self._in_transaction(
                functools.partial(self._store_gone, external_id)
            )
        return self._in_transaction(functools.partial(self._store_order_safely, told))

    def _keep_rate_state(self, adapter):
        """Save what is left of the limits, in a transaction of its own: other jobs of
        the account save theirs, and a collision must not undo what was stored."""
        self._in_transaction(functools.partial(self._save_rate_state, adapter))

    def _store_gone(self, external_id):
        """The channel has deleted the order: nobody waits for it any more."""
        order = self.env["marketplace.order"].search(
            [("account_id", "=", self.id), ("external_id", "=", external_id)]
        )
        if order and order.status != "cancelled":
            order.line_ids.listing_id._counter_group()._set_uncertain()
            order.write({"status": "cancelled", "needs_sync": True})
            order._decide_state()
        return order
