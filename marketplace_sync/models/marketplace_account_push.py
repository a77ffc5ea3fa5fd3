"""Sending: what the account's own scheduled action does, in this order.

Every step commits what it has done, so that a crash anywhere loses nothing: rows
that were claimed and not settled are sent again, which is safe because quantities
are absolute. Only ``_cron_push`` and what it calls commit.
"""

import functools
import json
import logging
import time
import uuid
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..channels.base import ListingRef, PushResult, StockLevel
from ..channels.errors import ChannelBlockedError, RateLimited, RetryableError
from ..engine import backoff
from ..engine import state as engine_state
from .tools import retry_on_conflict, update_many

_logger = logging.getLogger(__name__)

#: Seconds of answers that are gathered before they are committed.
SETTLE_SECONDS = 1.0
#: Seconds after which a run gives its turn back and wakes itself again.
RUN_SECONDS = 50.0
#: Longest pause of an account whose channel does not answer (seconds).
ACCOUNT_PAUSE_CAP = 300.0


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    # === CRON ===

    def _cron_push(self):
        """Read what must be read, send what waits. For all accounts when called on none.

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
        except RetryableError as error:
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
            lambda listing: listing.sync_state == "pending"
            and listing.id in breakdowns
            and listing.fulfilment == "merchant"
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
        rows = [
            listing._get_push_row(breakdowns[listing.id], warehouses[listing.id])
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
             ORDER BY COALESCE(pool_key, 'listing ' || id), id
            """,
            self.id,
            fields.Datetime.now(),
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
        return max(1, size >> self.failure_count)

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


class MarketplacePush(models.Model):
    _inherit = "marketplace.push"

    def _is_unchanged(self):
        """Tell whether the same bytes would still be right."""
        listings = self.line_ids.listing_id
        listings._refresh()
        return all(
            line.listing_id.sync_state == "pending"
            and line.listing_id.sellable_qty == line.qty
            for line in self.line_ids
        )

    def _send(self, adapter, again=False):
        """Send one claimed push and settle its rows, committing as answers come."""
        levels = self._get_levels()
        if not again:
            levels = self._prepare(adapter, levels)
        sent = {level.ref.key: level.quantity for level in levels}
        answered, gathered, since = set(), [], time.monotonic()
        account = self.account_id
        try:
            for result in adapter.push_stock(levels, self.idempotency_key):
                gathered.append(result)
                answered.add(result.key)
                if time.monotonic() - since > SETTLE_SECONDS:
                    self._commit_results(adapter, gathered, sent)
                    gathered, since = [], time.monotonic()
        except Exception as error:
            # Whatever it is, what was answered is kept, and the rest is sent again.
            account._rollback()
            self._commit_results(adapter, gathered, sent)
            rest = [level.ref.key for level in levels if level.ref.key not in answered]
            account._in_transaction(functools.partial(self._postpone, rest, error))
            raise
        self._commit_results(adapter, gathered, sent)
        account._in_transaction(self._finish)

    def _prepare(self, adapter, levels):
        """Let the channel be read where it compares, and store what it said."""
        try:
            prepared = adapter.prepare_push(levels)
        except Exception as error:
            # Nothing was sent, so nothing is uncertain.
            self.account_id._rollback()
            self.account_id._in_transaction(
                functools.partial(
                    self._postpone, [lv.ref.key for lv in levels], error, sent=False
                )
            )
            raise
        self.account_id._in_transaction(
            functools.partial(self._store_prepared, prepared)
        )
        return prepared

    def _store_prepared(self, levels):
        lines = {line.listing_id.id: line.id for line in self.line_ids}
        update_many(
            self.env["marketplace.push.line"],
            [
                {
                    "id": lines[int(level.ref.key)],
                    "expected_qty": level.expected,
                    "is_expected_known": level.expected is not None,
                }
                for level in levels
            ],
            columns=("expected_qty", "is_expected_known"),
        )
        self.is_prepared = True

    def _get_levels(self):
        """Return the rows of this push as the adapter takes them."""
        return [
            StockLevel(
                ref=line.listing_id._get_ref(),
                quantity=line.qty,
                lead_time_days=line.lead_time_days or None,
                expected=line.expected_qty if line.is_expected_known else None,
            )
            for line in self.line_ids
            if line.listing_id
        ]

    def _commit_results(self, adapter, results, sent):
        if results:
            self.account_id._in_transaction(
                functools.partial(self._settle, adapter, results, sent)
            )

    # === SETTLE ===

    def _settle(self, adapter, results, sent):
        """Write what became of rows: on the push's lines and on the listings."""
        self._write_outcomes(results)
        took = [r for r in results if r.outcome in ("accepted", "submitted")]
        self.env["marketplace.listing"]._settle_taken(self, took, sent)
        for result in results:
            if result.outcome == "rejected":
                self._park(int(result.key), result)
            elif result.outcome == "retry":
                self._put_off(int(result.key), result.error)
        submissions = {r.submission for r in took if r.submission}
        if submissions:
            self.submission = submissions.pop()
            self.next_poll_at = fields.Datetime.now()
        self.account_id._save_rate_state(adapter)

    def _write_outcomes(self, results):
        lines = {line.listing_id.id: line.id for line in self.line_ids}
        update_many(
            self.env["marketplace.push.line"],
            [
                {
                    "id": lines[int(result.key)],
                    "outcome": result.outcome,
                    "error": result.error or None,
                    "request_id": result.request_id or None,
                }
                for result in results
                if int(result.key) in lines
            ],
            columns=("outcome", "error", "request_id"),
        )

    def _park(self, listing_id, result):
        """The channel will never take this row as it is: a person must look."""
        self.env["marketplace.listing"].browse(listing_id).write(
            {
                "sync_state": "failed",
                "last_error": result.error or result.code,
                "next_attempt_at": False,
                "pending_since": False,
            }
        )

    def _put_off(self, listing_id, error, retry_after=None):
        """Try this row later; park it after too many attempts."""
        listing = self.env["marketplace.listing"].browse(listing_id)
        attempts = listing.attempt_count + 1
        if backoff.exhausted(attempts, self.account_id.max_attempts):
            result = PushResult(
                str(listing_id),
                "rejected",
                self.env._("Gave up after %(n)s attempts: %(e)s", n=attempts, e=error),
            )
            self._park(listing_id, result)
            listing.attempt_count = attempts
            return
        wait = backoff.delay(attempts, retry_after)
        listing.write(
            {
                "attempt_count": attempts,
                "last_error": error,
                "next_attempt_at": fields.Datetime.now() + timedelta(seconds=wait),
            }
        )

    def _postpone(self, keys, error, sent=True):
        """Rows of a call that failed: they wait, and where the call may have been
        carried out, what the channel shows is uncertain.

        Only the first of them counts an attempt: it is the one that was being sent
        when the call failed, or the only one when batches have been halved. A channel
        that is down for an hour must not park thousands of innocent rows. Hitting a
        limit or a blocked account is no row's fault.
        """
        ids = [int(key) for key in keys]
        listings = self.env["marketplace.listing"].browse(ids)
        if sent and listings:
            listings._set_uncertain()
        words = str(error) or type(error).__name__
        blameless = isinstance(error, (RateLimited, ChannelBlockedError))
        if ids and not blameless:
            self._put_off(ids[0], words, getattr(error, "retry_after", None))
        self._write_outcomes(
            [
                PushResult(str(key), "unknown" if sent else "retry", words)
                for key in keys
            ]
        )
        self.error = words
        self._finish()

    def _finish(self):
        """Count the outcomes; the push is done unless the channel still works on it."""
        self.env["marketplace.push.line"].flush_model()
        counts = dict(
            self.env.execute_query(
                SQL(
                    """SELECT outcome, COUNT(*) FROM marketplace_push_line
                        WHERE push_id = %s GROUP BY outcome""",
                    self.id,
                )
            )
        )
        taken = counts.get("accepted", 0) + counts.get("submitted", 0)
        now = fields.Datetime.now()
        if self.submission:
            state = "submitted"
        elif taken == self.row_count:
            state = "done"
        else:
            state = "partial" if taken else "failed"
        self.write(
            {
                "state": state,
                "accepted_count": taken,
                "rejected_count": counts.get("rejected", 0),
                "retry_count": counts.get("retry", 0) + counts.get("unknown", 0),
                "finished_at": False if self.submission else now,
                "duration": (now - self.started_at).total_seconds(),
            }
        )
        if taken:
            self.account_id.last_push_at = now

    def _abandon(self):
        """A crash cut this push off: its rows are sent again with what is right now."""
        lines = self.line_ids.filtered(lambda line: line.outcome == "sending")
        lines.listing_id._set_uncertain()
        lines.write({"outcome": "unknown"})
        self._finish()
        self.state = "interrupted"


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def _get_ref(self):
        """Return this listing as the adapter knows it."""
        self.ensure_one()
        return ListingRef(
            key=str(self.id),
            sku=self.sku,
            external_ref=self.external_ref or "",
            site_code=self.site_id.code,
            pool_key=self.pool_key or "",
            data=self.channel_data or {},
        )

    def _get_push_row(self, breakdown, warehouses):
        return {
            "listing_id": self.id,
            "sku": self.sku,
            "site_id": self.site_id.id,
            "old_qty": self.published_qty,
            "qty": self.sellable_qty,
            "lead_time_days": self._get_lead_time_days() or None,
            "correlation_id": self.correlation_id or None,
            "breakdown": json.dumps(
                self._get_breakdown_values(breakdown, warehouses)
            ),
        }

    def _get_lead_time_days(self):
        """Return the handling time to publish: the site's, else the product's."""
        self.ensure_one()
        return self.site_id.lead_time_days or int(self.product_id.sale_delay or 0)

    def _set_uncertain(self):
        """A number was sent and no answer came: send again, whatever it is."""
        self.filtered(
            lambda listing: listing.sync_state in engine_state.MOVABLE
        ).write(
            {
                "is_uncertain": True,
                "sync_state": "pending",
                "pending_since": fields.Datetime.now(),
            }
        )

    @api.model
    def _settle_taken(self, push, results, sent):
        """The channel took these rows: every listing of their pools shows it now."""
        if not results:
            return
        self.flush_model()
        by_key = {int(result.key): result for result in results}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.id, r.id, m.sellable_qty, m.sync_state, m.pending_since
                  FROM marketplace_listing r
                  JOIN marketplace_listing m
                    ON m.id = r.id
                    OR (m.account_id = r.account_id AND m.pool_key = r.pool_key
                        AND m.active AND m.fulfilment = 'merchant')
                 WHERE r.id = ANY(%s)
                """,
                list(by_key),
            )
        )
        now = fields.Datetime.now()
        updates = [
            self._taken_values(push, row, by_key[row[1]], sent[str(row[1])], now)
            for row in rows
            if row[3] in engine_state.MOVABLE
        ]
        update_many(
            self,
            updates,
            columns=(
                "published_qty",
                "published_at",
                "is_uncertain",
                "sync_state",
                "pending_since",
                "last_error",
                "next_attempt_at",
            ),
            # A 0 that overtakes an open submission does not end it.
            extra=SQL(
                """attempt_count = CASE WHEN v.confirmed THEN 0
                                        ELSE t.attempt_count END,
                   open_push_id = COALESCE(v.open_push_id, t.open_push_id)"""
            ),
            extra_columns={"confirmed": "bool", "open_push_id": "int4"},
        )

    @api.model
    def _taken_values(self, push, row, result, sent, now):
        member_id, _representative, sellable, _state, pending_since = row
        state = engine_state.after_push(result.outcome, sent, sellable)
        confirm_at = now + timedelta(seconds=CONFIRM_SECONDS)
        return {
            "id": member_id,
            "published_qty": sent,
            "published_at": now,
            "is_uncertain": False,
            "sync_state": state,
            "pending_since": (pending_since or now) if state == "pending" else None,
            "last_error": None,
            "next_attempt_at": confirm_at if state == "submitted" else None,
            "open_push_id": push.id if result.submission else None,
            "confirmed": result.outcome == "accepted",
        }


#: Seconds after an acknowledgement when the channel is first asked whether it is so.
CONFIRM_SECONDS = 20
