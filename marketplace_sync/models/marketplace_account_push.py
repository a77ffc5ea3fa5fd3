"""Sending: what the account's own scheduled action does, in this order.

Every step commits what it has done, so that a crash anywhere loses nothing: rows
that were claimed and not settled are sent again, which is safe because quantities
are absolute. Only ``_cron_push`` and what it calls commit.
"""

import functools
import logging
import time
import uuid
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..channels.errors import (
    ChannelBlockedError,
    RateLimited,
    RejectedError,
    RetryableError,
)
from ..engine import backoff
from .tools import retry_on_conflict

_logger = logging.getLogger(__name__)

#: Seconds after which a run gives its turn back and wakes itself again.
RUN_SECONDS = 50.0
#: Longest pause of an account whose channel does not answer (seconds).
ACCOUNT_PAUSE_CAP = 300.0


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    # === CRON ===

    def _cron_push(self):
        """Read what must be read, send what waits; for all accounts when for none.

        Never raises for a fault of a channel, nor for a bug: an exception would put the
        scheduled action into a hot loop, or to sleep for good.
        """
        for account in self or self.search([("state", "in", ("draft", "connected"))]):
            account._run_sync()
            self.env["ir.cron"]._commit_progress(remaining=0)

    def _run_sync(self):
        self.ensure_one()
        if self.state not in ("draft", "connected") or not self.active:
            return
        if self.retry_at and self.retry_at > fields.Datetime.now():
            self._wake_at(self.retry_at)
            return
        try:
            with self._adapter_session() as adapter:
                self._run_steps(adapter)
            self._in_transaction(self._note_success)
        except ChannelBlockedError as error:
            self._rollback()
            self._in_transaction(functools.partial(self._block, error))
        except (RetryableError, RejectedError) as error:
            # A call that is refused as a whole is said at the account, and tried again
            # in case a person mends it there; its rows are not to blame.
            self._rollback()
            self._in_transaction(functools.partial(self._note_failure, error))
        except Exception as error:
            # A bug of ours. The batch is rolled back, its traceback kept, and the
            # other accounts, which have scheduled actions of their own, go on.
            self._rollback()
            _logger.exception("Marketplace account %s: synchronisation failed", self.id)
            self._in_transaction(functools.partial(self._note_failure, error))
        self._in_transaction(self._schedule_next)

    def _run_steps(self, adapter):
        deadline = time.monotonic() + RUN_SECONDS
        self._recover_pushes(adapter)
        self._sweep_if_due()
        self._poll_submissions(adapter)
        self._verify_listings(adapter, deadline)
        if self.state != "connected":
            return
        self._push_pending(adapter, deadline)
        self._confirm_submitted(adapter, deadline)

    def _in_transaction(self, function):
        return retry_on_conflict(self.env, function)

    def _rollback(self):
        self.env.cr.rollback()
        self.env.transaction.reset()

    def _note_success(self):
        if self.failure_count or self.retry_at or self.last_failure:
            self.write({"failure_count": 0, "retry_at": False, "last_failure": False})

    def _note_failure(self, error):
        """Pause the account for a while: exponentially, with jitter.

        A limit that was hit is obeyed, but is no reason to send smaller batches.
        """
        is_limit = isinstance(error, RateLimited)
        count = self.failure_count + (0 if is_limit else 1)
        pause = min(ACCOUNT_PAUSE_CAP, backoff.delay(max(1, count)))
        pause = max(pause, getattr(error, "retry_after", None) or 0.0)
        self.write(
            {
                "failure_count": count,
                "retry_at": fields.Datetime.now() + timedelta(seconds=pause),
                "last_failure": str(error) or type(error).__name__,
            }
        )

    def _save_rate_state(self, adapter):
        self.env["marketplace.rate.limit"]._save(self.id, adapter.limiter.dump())

    def _wake_at(self, moment):
        cron = self.sudo().cron_id
        if cron and moment:
            cron._trigger(at=moment)

    def _schedule_next(self):
        """Come back when the first waiting row, poll or pause is due."""
        self.env["marketplace.listing"].flush_model()
        ((moment,),) = self.env.execute_query(
            SQL(
                """
                SELECT LEAST(
                    (SELECT MIN(next_attempt_at) FROM marketplace_listing
                      WHERE account_id = %(id)s AND active
                        AND sync_state IN ('pending', 'submitted', 'unverified')),
                    (SELECT MIN(next_poll_at) FROM marketplace_push
                      WHERE account_id = %(id)s AND state = 'submitted'))
                """,
                id=self.id,
            )
        )
        self._wake_at(max(filter(None, (moment, self.retry_at)), default=None))

    def _sweep_if_due(self):
        """Compute everything again once per sync interval, whether woken or not."""
        now = fields.Datetime.now()
        interval = timedelta(minutes=self.sync_interval_minutes)
        if self.last_sweep_at and self.last_sweep_at + interval > now:
            return
        ids = self.listing_ids.ids
        for start in range(0, len(ids), 20_000):
            batch = self.env["marketplace.listing"].browse(ids[start : start + 20_000])
            self._in_transaction(batch._refresh)
        self._in_transaction(lambda: self.write({"last_sweep_at": now}))

    # === CLAIM ===

    def _push_pending(self, adapter, deadline):
        while push := self._in_transaction(functools.partial(self._claim, adapter)):
            push._send(adapter)
            if time.monotonic() > deadline:
                self._in_transaction(self._wake)
                return

    def _claim(self, adapter):
        """Choose the next rows, compute their numbers once more, and write down what
        will be sent. Returns a push, empty when nothing waits."""
        listings = self._select_due(adapter)
        if not listings:
            return self.env["marketplace.push"]
        breakdowns = listings._refresh()
        listings = listings.filtered(
            lambda listing: (
                listing.sync_state == "pending"
                and listing.id in breakdowns
                and listing.fulfilment == "merchant"
            )
        )
        if not listings:  # all came back to what is shown already
            return self._claim(adapter)
        push = self.env["marketplace.push"].create(
            {
                "account_id": self.id,
                "idempotency_key": str(uuid.uuid4()),
                "row_count": len(listings),
            }
        )
        warehouses = listings._get_stock_by_warehouse()
        lead_times = listings._get_lead_times()
        rows = [
            listing._get_push_row(
                breakdowns[listing.id], warehouses[listing.id], lead_times[listing.id]
            )
            for listing in listings
        ]
        self.env["marketplace.push.line"]._insert(push, rows)
        return push

    def _select_due(self, adapter):
        """Return the listings to send next: one a pool; zeros before all, then
        decreases, then increases, the longest waiting first."""
        self.env["marketplace.listing"].flush_model()
        due = SQL(
            """
            SELECT DISTINCT ON (COALESCE(pool_key, 'listing ' || id))
                   id, sellable_qty, published_qty, pending_since
              FROM marketplace_listing
             WHERE account_id = %s
               AND active
               AND sync_state = 'pending'
               AND fulfilment = 'merchant'
               AND (next_attempt_at IS NULL OR next_attempt_at <= %s)
               AND (open_push_id IS NULL OR sellable_qty = 0)
               AND (sellable_qty <= published_qty
                    OR qty_source IN ('mto', 'manual')
                    OR NOT %s)
             ORDER BY COALESCE(pool_key, 'listing ' || id), id
            """,
            self.id,
            fields.Datetime.now(),
            # A stale order book is how units are sold twice: nothing rises meanwhile.
            self._are_orders_stale(),
        )
        ((waiting,),) = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM (%s) due", due)
        )
        if not waiting:
            return self.env["marketplace.listing"]
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM (%s) due
                    ORDER BY sellable_qty > 0, sellable_qty >= published_qty,
                             pending_since, id
                    LIMIT %s""",
                due,
                self._get_batch_size(adapter, waiting),
            )
        )
        return self.env["marketplace.listing"].browse([row[0] for row in rows])

    def _get_batch_size(self, adapter, waiting):
        """Return how many rows to claim.

        While a submission is open no second one is made: only so many rows as single
        calls take. After failed calls the batch is halved, so that a row that brings a
        whole call down is soon alone and its neighbours are served.
        """
        is_open = self.env["marketplace.push"].search_count(
            [("account_id", "=", self.id), ("state", "=", "submitted")], limit=1
        )
        size = adapter.max_rows if is_open else adapter.batch_size(waiting)
        return max(1, size >> min(self.failure_count, 30))

    # === RECOVERY ===

    def _recover_pushes(self, adapter):
        """Deal with submissions that a crash cut off. Only this account's scheduled
        action sends, so one that is still open here belongs to nobody."""
        pushes = self.env["marketplace.push"].search(
            [("account_id", "=", self.id), ("state", "=", "sending")], order="id"
        )
        for push in pushes:
            if self.state == "connected" and push.is_prepared and push._is_unchanged():
                push._send(adapter, again=True)
            else:
                self._in_transaction(push._abandon)
