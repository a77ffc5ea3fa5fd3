"""Reading orders page by page, and of what a page only hints at no more than is news.

Where whole orders are dear (Shopify: a list of 250 costs 13 points, ten whole orders
68, 100 come back in a second) a channel lists what changed. What Odoo holds as new as
that is not read again.
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
    RateLimited,
    RetryableError,
    UnknownListing,
)
from ..channels.orders import OrderPage
from .marketplace_account_orders import INBOX_SECONDS
from .marketplace_order_store import naive

_logger = logging.getLogger(__name__)

#: Update times are whole seconds: of two changes within one, an order that was told
#: between them lacks the second. Told so long after (seconds) it lacks nothing; one
#: second more than the one in question, for the way to the clock that is told by.
SAME_SECOND = 2
#: A hold or a risk of fraud comes soon after the sale and need not move the update time
#: (https://community.shopify.com/t/322697); should its notification be lost, a read
#: finds it: an order told sooner after its change (seconds) is read once more, but not
#: before that time is over. Until then the overlap lists it again with every read.
LATE_WORD = 60
#: After so many orders that could not be read, and none that could, it is the channel.
SILENT_LIMIT = 3
#: What is not about one order.
ACCOUNT_ERRORS = (RateLimited, AuthenticationError, ChannelBlockedError)


class UnreadOrder(RetryableError):
    """An order that is listed could not be read; all others were."""


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    def _read_pages(self, adapter, since, deadline):
        """Read and store what changed since a moment; a page counts as read when all of
        it is stored, and not before.

        :param deadline: of ``time.monotonic()``, after which a read that can go on
            where it was is left for the next run
        :return: whether all was read
        :raises UnreadOrder: some order was not; what came after it was, and is listed
            again all the same
        """
        failed = None
        for page in adapter.fetch_orders(since):
            is_last = page.watermark is not None
            try:
                if not self._read_hinted(adapter, page.hints, deadline):
                    return False
            except UnreadOrder as error:
                failed = error
            page = OrderPage(page.orders) if failed else page
            self._in_transaction(functools.partial(self._store_page, page))
            self._look_up(adapter)
            if is_last or not adapter.resumes_orders:
                continue
            if time.monotonic() > deadline:
                return False
        if failed:
            raise failed
        return True

    def _look_up(self, adapter):
        """A long read must not keep waiting what is announced meanwhile."""
        self._keep_rate_state(adapter)
        self._process_events(adapter, time.monotonic() + INBOX_SECONDS)

    def _store_page(self, page):
        self._store_orders(page.orders)
        values = {}
        if page.data:
            values["channel_data"] = {**(self.channel_data or {}), **page.data}
        if page.watermark:
            values["order_watermark"] = naive(page.watermark)
        if values:
            self.write(values)

    # === HINTS ===

    def _read_hinted(self, adapter, hints, deadline):
        """Read those of the listed orders that Odoo does not hold as new as that.

        What the inbox brings meanwhile is not read twice.

        :return: whether all was read before the deadline
        :raises UnreadOrder: some cannot be read now; the others are stored
        """
        left, failed = list(hints), None
        while left := self._get_untold(left):
            if time.monotonic() > deadline:
                return False
            some, left = left[: adapter.orders_at_once], left[adapter.orders_at_once :]
            failed = self._read_some(adapter, some) or failed
            self._look_up(adapter)
        if failed:
            raise failed
        return True

    def _get_untold(self, hints):
        """Return the hints that tell news, in their order."""
        settled, fresh, now = {}, {}, fields.Datetime.now()
        for hint in hints:
            is_fresh = now < naive(hint.updated_at) + timedelta(seconds=LATE_WORD)
            moments = fresh if is_fresh else settled
            moments[hint.external_id] = hint.updated_at
        told = self._get_told_orders(settled, LATE_WORD)
        told |= self._get_told_orders(fresh, SAME_SECOND)
        return [
            hint
            for hint in hints
            if hint.external_id not in told
            and not (hint.placed_at and self._is_before_start(hint))
        ]

    def _get_told_orders(self, changes, margin):
        """Return those of the orders that Odoo holds as new as the channel has them.

        :param changes: order id → its update time on the channel
        :param margin: seconds after an update that an order must have been told for
            that update time to mean that nothing is missing
        :return: order id → order
        """
        if not changes:
            return {}
        orders = self.env["marketplace.order"].search(
            [("account_id", "=", self.id), ("external_id", "in", list(changes))]
        )
        return {
            order.external_id: order
            for order in orders
            if _is_told(order, naive(changes[order.external_id]), margin)
        }

    def _get_told_of(self, groups):
        """Return order id → order of those whose waiting events tell of nothing that
        Odoo does not hold, so that there is nothing to read.

        An event may only spare a read: where one does not say as of when it tells, the
        order is read.

        :param groups: order id → its waiting events
        """
        changes = {
            one: max(events.mapped("changed_at"))
            for one, events in groups.items()
            if all(event.changed_at for event in events)
        }
        return self._get_told_orders(changes, SAME_SECOND)

    def _read_some(self, adapter, hints):
        """Read orders in one call, and one by one what did not come of it.

        :return: why one of them was not read, None when all were
        """
        told = {}
        if adapter.orders_at_once > 1:
            told = self._fetch_some(adapter, [hint.external_id for hint in hints])
            tellings = list(told.values())
            self._in_transaction(functools.partial(self._store_orders, tellings))
        errors, is_answered = [], bool(told)
        for hint in hints:
            if hint.external_id in told:
                continue
            error = self._try_listed(adapter, hint)
            is_answered = is_answered or not error
            errors += [self._unread(hint, error)] if error else []
            if len(errors) >= SILENT_LIMIT and not is_answered:
                raise error
        return errors[0] if errors else None

    def _unread(self, hint, error):
        """Return what is said about an order that was not read."""
        reason = str(error)
        if not isinstance(error, ChannelError):
            reason = f"{type(error).__name__}: {reason}"[:500]
        return UnreadOrder(
            self.env._(
                "Order %(name)s could not be read: %(reason)s",
                name=hint.name or hint.external_id,
                reason=reason,
            ),
            retry_after=getattr(error, "retry_after", None),
        )

    def _fetch_some(self, adapter, ids):
        """Return order id → order; nothing when one of them spoils the call."""
        try:
            return adapter.fetch_several_orders(ids)
        except ACCOUNT_ERRORS:
            raise
        except Exception as error:
            if not isinstance(error, ChannelError):
                _logger.exception("Marketplace orders %s: one by one", ids)
            return {}

    def _try_listed(self, adapter, hint):
        """Read one order; return the error that came of it, if any.

        One that is listed and not there is on its way in, and listed again with the
        overlap, or out: then its own notification says so.
        """
        try:
            self._fetch_order(adapter, hint.external_id, is_sure=False)
        except UnknownListing as error:
            _logger.info("Listed order %s is not there: %s", hint.external_id, error)
        except ACCOUNT_ERRORS:
            raise
        except RetryableError as error:
            return error
        except Exception as error:
            self._rollback()
            if not isinstance(error, ChannelError):
                _logger.exception("Marketplace order %s not read", hint.external_id)
            note = functools.partial(self._note_unreadable_order, hint, error)
            self._in_transaction(note)
            return error
        return None


def _is_told(order, changed_at, margin):
    """Tell whether an order was told as it was after a change at this moment."""
    if not order.updated_at or order.updated_at < changed_at:
        return False
    if order.updated_at > changed_at:
        return True
    settled = changed_at + timedelta(seconds=margin)
    return bool(order.told_at) and order.told_at >= settled
