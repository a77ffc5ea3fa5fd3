"""Working off the inbox: read back what a notification is about.

Several events of one order are one read. A broken event is tried again later and then
parked with its error; what came after it is served all the same. Only scheduled actions
call this: every group of events is settled in a transaction of its own.
"""

import functools
import logging
import time
from datetime import timedelta

from odoo import api, fields, models

from ..channels.errors import (
    ChannelBlockedError,
    ChannelError,
    ChannelUnreachable,
    RateLimited,
    RetryableError,
    TakesLong,
)
from ..engine import backoff
from .marketplace_account_orders import READING
from .marketplace_event import WAITING
from .marketplace_event_kinds import REFUSED_ATTEMPTS

_logger = logging.getLogger(__name__)

#: Seconds before a second attempt, at least.
FLOOR_SECONDS = 10.0
#: After so many events in a row without an answer it is the channel that is silent.
SILENT_LIMIT = 3
#: Listings that are read again in one call.
LISTING_EVENTS = 100


class MarketplaceEvent(models.Model):
    _inherit = "marketplace.event"

    @api.model
    def _cron_process_events(self):
        """The safety net: have the accounts look after what waits in their inboxes.

        What comes through the door wakes them at once. The work is theirs alone: done
        here, too, both would read and store the same orders.
        """
        groups = self._read_group(self._get_due_domain(), ["account_id"])
        accounts = self.env["marketplace.account"].union(*[g[0] for g in groups])
        accounts.filtered(lambda a: a.active and a.state in READING)._wake_orders()

    @api.model
    def _get_due_domain(self):
        return [
            ("state", "in", WAITING),
            "|",
            ("next_attempt_at", "=", False),
            ("next_attempt_at", "<=", fields.Datetime.now()),
        ]

    # === WHAT BECAME OF THEM ===

    def _settle(self, values):
        """Write what became of these; some may have been deleted meanwhile."""
        self.exists().write(
            {
                "error": False,
                "next_attempt_at": False,
                "processed_at": fields.Datetime.now(),
                **values,
            }
        )

    def _postpone(self, seconds):
        """Try again later, which is nobody's fault."""
        moment = fields.Datetime.now() + timedelta(seconds=max(1.0, seconds))
        self.exists().write({"state": "postponed", "next_attempt_at": moment})

    def _fail(self, error, limit):
        """Try again later, or park what has been tried ``limit`` times."""
        words = _words_of(error)
        for event in self.exists():
            attempts = event.attempt_count + 1
            event.write({"attempt_count": attempts, "error": words})
            if backoff.exhausted(attempts, limit):
                event.write({"state": "failed", "next_attempt_at": False})
                continue
            floor = max(FLOOR_SECONDS, getattr(error, "retry_after", None) or 0.0)
            event._postpone(backoff.delay(attempts, floor))


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    # === WORKING OFF ===

    def _process_events(self, adapter, deadline=float("inf")):
        """Work off what waits in this account's inbox, oldest first.

        :param deadline: of ``time.monotonic()``, after which the rest waits
        :raises ChannelBlockedError: a person must act; the events wait
        :raises ChannelUnreachable: the channel has been silent several times in a row
        """
        self.ensure_one()
        self._receive_queued(adapter)
        silent, alone = 0, set()
        while time.monotonic() < deadline:
            if self._deal_with_several(adapter, alone):
                continue
            if not (events := self._take_events()):
                break
            error = self._try_events(adapter, events)
            silent = silent + 1 if isinstance(error, ChannelUnreachable) else 0
            if isinstance(error, RateLimited):
                break
            if silent >= SILENT_LIMIT:
                raise error

    def _has_due_events(self):
        """Tell whether a notification waits that could be worked off now."""
        Event = self.env["marketplace.event"]
        mine = [("account_id", "=", self.id)]
        return bool(Event.search_count(mine + Event._get_due_domain(), limit=1))

    def _take_events(self):
        """Return the first event that is due, and with it whatever else waits that the
        same read answers. What arrives later is not among them: it gets its own."""
        Event = self.env["marketplace.event"]
        mine = [("account_id", "=", self.id)]
        first = Event.search(mine + Event._get_due_domain(), order="id", limit=1)
        if first.kind in ("listing", "stock"):
            kinds = [("kind", "in", ("listing", "stock"))]
            due = mine + kinds + Event._get_due_domain()
            return Event.search(due, order="id", limit=LISTING_EVENTS)
        if not first.external_id:
            return first
        return Event.search(
            [
                *mine,
                ("state", "in", WAITING),
                ("kind", "=", first.kind),
                ("external_id", "=", first.external_id),
            ],
            order="id",
        )

    def _deal_with_several(self, adapter, alone):
        """Read the orders of the first events in one call, where the channel can.

        :param alone: ids that were left over once; they are added to. What is left
            (unknown, broken, refused) is dealt with one by one: there it is said
        :return: whether any event was settled
        """
        groups = self._take_orders(adapter.orders_at_once, alone)
        if len(groups) < 2:
            return False
        if self._settle_told(groups):
            return True
        try:
            told = adapter.fetch_several_orders(list(groups))
            self._in_transaction(functools.partial(self._store_several, told, groups))
        except Exception as error:
            self._rollback()
            if not isinstance(error, ChannelError):
                _logger.exception("Marketplace orders %s: one by one", list(groups))
            alone.update(groups)
            return False
        alone.update(groups.keys() - told.keys())
        self._keep_rate_state(adapter)
        return bool(told)

    def _settle_told(self, groups):
        """Settle the events that tell of nothing new; tell whether there was any."""
        orders = self._get_told_of(groups)
        if orders:
            settle = functools.partial(self._settle_as_told, orders, groups)
            self._in_transaction(settle)
        return bool(orders)

    def _settle_as_told(self, orders, groups):
        for one, order in orders.items():
            groups[one]._settle(self._dealt_with(order))

    def _take_orders(self, limit, alone):
        """Return order id → its waiting events, of up to ``limit`` orders; only as long
        as nothing else came before them."""
        Event = self.env["marketplace.event"]
        mine, ids = [("account_id", "=", self.id)], []
        if limit < 2:
            return {}
        due = Event.search(mine + Event._get_due_domain(), order="id", limit=4 * limit)
        for event in due:
            if event.kind != "order" or not event.external_id or len(ids) == limit:
                break
            if event.external_id not in ids:
                ids.append(event.external_id)
        waiting = Event.search(
            [
                *mine,
                ("state", "in", WAITING),
                ("kind", "=", "order"),
                ("external_id", "in", [one for one in ids if one not in alone]),
            ],
            order="id",
        )
        return waiting.grouped("external_id")

    def _store_several(self, told, groups):
        """Several ids may mean one order: it is stored once."""
        tellings = {order.external_id: order for order in told.values()}
        stored = dict(zip(tellings, self._store_orders(tellings.values()), strict=True))
        for one, order in told.items():
            groups[one]._settle(self._dealt_with(stored[order.external_id]))

    def _try_events(self, adapter, events):
        """Deal with events of one thing; return the error that came of it, if any."""
        try:
            self._deal_with(adapter, events)
        except ChannelBlockedError:
            raise
        except RateLimited as error:
            self._rollback()
            self._in_transaction(functools.partial(self._rest, error))
            return error
        except Exception as error:
            self._rollback()
            if not isinstance(error, ChannelError):
                _logger.exception("Marketplace events %s failed", events.ids)
            self._in_transaction(functools.partial(self._note_failed, events, error))
            return error
        return None

    def _deal_with(self, adapter, events):
        handler = self._get_event_handlers().get(events[0].kind)
        if handler:
            values = handler(adapter, events)
        else:
            values = self._ignored(self.env._("Nothing is done about this kind."))
        self._in_transaction(functools.partial(events._settle, values))
        self._keep_rate_state(adapter)

    def _rest(self, error):
        """A limit was hit: all that is due waits, and nothing is to blame."""
        Event = self.env["marketplace.event"]
        due = Event.search([("account_id", "=", self.id), *Event._get_due_domain()])
        due._postpone(max(FLOOR_SECONDS, error.retry_after or 0.0))

    def _note_failed(self, events, error):
        if isinstance(error, TakesLong):  # so that the same answer is waited for
            self.channel_data = {**(self.channel_data or {}), **error.remember}
        patient = isinstance(error, RetryableError)
        events._fail(error, self.max_attempts if patient else REFUSED_ATTEMPTS)

    def _get_next_order_moments(self):
        return [*super()._get_next_order_moments(), self._get_next_event_moment()]


def _words_of(error):
    if isinstance(error, ChannelError):
        return str(error)
    return f"{type(error).__name__}: {error}"[:500]
