"""One submission: prepare, send, settle row by row, and what a crash leaves behind.

Commits through its account's ``_in_transaction``; only scheduled actions come here.
"""

import functools
import time
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..channels.base import PushResult, StockLevel
from ..channels.errors import ChannelBlockedError, RateLimited
from ..engine import backoff
from .tools import update_many

#: Seconds of answers that are gathered before they are committed.
SETTLE_SECONDS = 1.0


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
        words = self.env._("The channel gave no answer for this row.")
        gathered += [
            PushResult(level.ref.key, "retry", words)
            for level in levels
            if level.ref.key not in answered
        ]
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
        now = fields.Datetime.now()
        update_many(
            self.env["marketplace.push.line"],
            [
                {
                    "id": lines[int(result.key)],
                    "outcome": result.outcome,
                    "error": result.error or None,
                    "request_id": result.request_id or None,
                    "answered_at": now,
                }
                for result in results
                if int(result.key) in lines
            ],
            columns=("outcome", "error", "request_id", "answered_at"),
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
                # Both are starts of transactions, to the microsecond.
                "duration": (self.env.cr.now() - self.started_at).total_seconds(),
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
