"""Reading back: new listings before their first push, acknowledgements until they are
confirmed, submissions until the channel has worked them off."""

import functools
import json
import time
from datetime import timedelta

from odoo import api, fields, models

from ..engine import backoff
from .tools import update_many

#: Listings that are read in one transaction.
READ_BATCH = 200
#: A submission that the channel has not worked off after this long is given up
#: (hours). Amazon's guide says up to 8 (FACTS §2.4).
SUBMISSION_HOURS = 8
#: Seconds between two looks at a submission when the channel names none.
POLL_SECONDS = 30


class MarketplaceAccount(models.Model):
    _inherit = "marketplace.account"

    # === FIRST READ ===

    def _verify_listings(self, adapter, deadline=float("inf")):
        """Read listings that were never read: what the channel shows, whether it knows
        the SKU, whether it is ours to set. Found here and shown, not pushed."""
        while listings := self._select_readable("unverified"):
            readings = self._read_from_channel(adapter, listings)
            self._in_transaction(
                functools.partial(self._store_verified, adapter, listings, readings)
            )
            if time.monotonic() > deadline:
                self._in_transaction(self._wake)
                return

    def _select_readable(self, state):
        return self.env["marketplace.listing"].search(
            [
                ("account_id", "=", self.id),
                ("sync_state", "=", state),
                ("block_code", "=", False),
                ("open_push_id", "=", False),
                "|",
                ("next_attempt_at", "=", False),
                ("next_attempt_at", "<=", fields.Datetime.now()),
            ],
            limit=READ_BATCH,
            order="id",
        )

    def _read_from_channel(self, adapter, listings):
        """Return listing id → what the channel shows."""
        refs = [listing._get_ref() for listing in listings]
        return {int(reading.key): reading for reading in adapter.fetch_stock(refs)}

    def _store_verified(self, adapter, listings, readings):
        listings._store_readings(readings, verify=True)
        listings._put_off_unanswered(readings)
        listings._refresh()
        self._save_rate_state(adapter)

    # === CONFIRMATION ===

    def _confirm_submitted(self, adapter, deadline=float("inf")):
        """Ask whether what was acknowledged is shown."""
        while listings := self._select_readable("submitted"):
            readings = self._read_from_channel(adapter, listings)
            self._in_transaction(
                functools.partial(self._store_confirmed, adapter, listings, readings)
            )
            if time.monotonic() > deadline:
                return

    def _store_confirmed(self, adapter, listings, readings):
        listings._store_readings(readings)
        listings._put_off_unanswered(readings)
        for listing in listings:
            reading = readings.get(listing.id)
            if reading is None or listing.sync_state != "submitted":
                continue
            if reading.quantity == listing.published_qty:
                listing.write(
                    {
                        "sync_state": "synced",
                        "attempt_count": 0,
                        "next_attempt_at": False,
                    }
                )
            else:
                listing._not_confirmed(adapter.settling_seconds)
        self._save_rate_state(adapter)

    # === SUBMISSIONS ===

    def _poll_submissions(self, adapter):
        """Ask what became of submissions that the channel works off on its own time."""
        pushes = self.env["marketplace.push"].search(
            [
                ("account_id", "=", self.id),
                ("state", "=", "submitted"),
                ("next_poll_at", "<=", fields.Datetime.now()),
            ],
            order="id",
        )
        for push in pushes:
            result = adapter.poll_push(push.submission)
            self._in_transaction(functools.partial(push._store_poll, adapter, result))


class MarketplacePush(models.Model):
    _inherit = "marketplace.push"

    def _store_poll(self, adapter, result):
        now = fields.Datetime.now()
        self.account_id._save_rate_state(adapter)
        if result.done:
            self._end_submission(result)
            return
        if self.started_at + timedelta(hours=SUBMISSION_HOURS) < now:
            self.error = self.env._(
                "The channel has not worked off this submission in %s hours. Its rows "
                "are sent again one by one.",
                SUBMISSION_HOURS,
            )
            self._end_submission(None)
            return
        wait = result.retry_after or POLL_SECONDS
        self.next_poll_at = now + timedelta(seconds=wait)

    def _end_submission(self, result):
        """Settle the rows of a submission that has ended; ``result`` None = given up.

        Whatever else was sent for these listings meanwhile (only zeros) may have been
        overwritten by the submission: their number is sent again.
        """
        submitted = self.line_ids.filtered(lambda line: line.outcome == "submitted")
        by_sku = {r.key: r for r in result.results} if result else {}
        came_to_nothing = result is None or result.failed
        if came_to_nothing:
            self.error = (result and result.error) or self.error
        updates, outcomes = [], []
        for line in submitted:
            row = by_sku.get(line.sku)
            outcome = row.outcome if row else "submitted"
            if came_to_nothing:
                outcome = "retry"
            outcomes.append(
                {
                    "id": line.id,
                    "outcome": outcome,
                    "error": (row and row.error) or None,
                }
            )
            if line.listing_id.open_push_id == self:
                updates.append(self._ended_values(line, outcome, row))
        update_many(self.line_ids, outcomes, columns=("outcome", "error"))
        self._write_ended(updates)
        self.submission = False
        self._finish()

    def _ended_values(self, line, outcome, row):
        listing = line.listing_id
        overtaken = listing.published_qty != line.qty
        values = {
            "id": listing.id,
            "open_push_id": None,
            "is_uncertain": False,
            "sync_state": listing.sync_state,
            "next_attempt_at": None,
            "last_error": None,
            "attempt_count": 0,
        }
        if outcome == "rejected":
            values.update(sync_state="failed", last_error=row.error or row.code)
        elif outcome == "retry" or overtaken:
            values.update(sync_state="pending", is_uncertain=True)
            values["attempt_count"] = listing.attempt_count + (outcome == "retry")
        elif outcome == "accepted" and listing.sync_state == "submitted":
            # Accepted is a promise; only the number that the report shows is proof.
            if row.channel_qty in (None, line.qty):
                values["sync_state"] = "synced"
        return values

    def _write_ended(self, updates):
        update_many(
            self.env["marketplace.listing"],
            updates,
            columns=(
                "open_push_id",
                "is_uncertain",
                "sync_state",
                "next_attempt_at",
                "last_error",
                "attempt_count",
            ),
        )


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def _store_readings(self, readings, verify=False):
        """Keep what the channel shows of these listings.

        :param readings: listing id → ``ChannelListing``
        :param verify: the first read: it decides whether the listing may be pushed
        """
        now = fields.Datetime.now()
        rows = [
            self._reading_values(listing, readings[listing.id], verify, now)
            for listing in self
            if listing.id in readings
        ]
        update_many(
            self,
            rows,
            columns=(
                "title",
                "external_ref",
                "channel_url",
                "pool_key",
                "fulfilment",
                "channel_qty",
                "channel_qty_at",
                "published_qty",
                "published_at",
                "is_uncertain",
                "sync_state",
                "last_error",
                "warning",
                "next_attempt_at",
                "channel_data",
            ),
        )

    @api.model
    def _reading_values(self, listing, reading, verify, now):
        blocking = [p for p in reading.problems if p.blocking]
        notes = [p.text for p in reading.problems if not p.blocking]
        values = {
            "id": listing.id,
            "title": reading.title or listing.title or None,
            "external_ref": reading.external_ref or listing.external_ref or None,
            "channel_url": reading.url or listing.channel_url or None,
            "pool_key": reading.pool_key or listing.pool_key or None,
            "fulfilment": reading.fulfilment,
            "channel_qty": reading.quantity,
            "channel_qty_at": now,
            "warning": " ".join(notes) or None,
            "last_error": listing.last_error or None,
            "published_qty": listing.published_qty,
            "published_at": listing.published_at or None,
            "is_uncertain": listing.is_uncertain,
            "sync_state": listing.sync_state,
            "next_attempt_at": listing.next_attempt_at or None,
            "channel_data": json.dumps(
                {**(listing.channel_data or {}), **reading.data}
            ),
        }
        if blocking:
            values.update(self._stopped_by_problems(reading, blocking))
        elif verify:
            values.update(
                last_error=None,
                published_qty=reading.quantity or 0,
                published_at=now,
                is_uncertain=reading.quantity is None,
                sync_state="synced",
                next_attempt_at=None,
            )
        return values

    @api.model
    def _stopped_by_problems(self, reading, blocking):
        """A listing that must not be pushed: say why, at the listing."""
        words = " ".join(problem.text for problem in blocking)
        if reading.fulfilment == "channel":
            return {"sync_state": "paused", "warning": words, "last_error": None}
        return {"sync_state": "failed", "last_error": words, "next_attempt_at": None}

    def _put_off_unanswered(self, readings):
        """The channel was asked and said nothing of these: ask again later, not at
        once and for ever."""
        for listing in self.filtered(lambda listing: listing.id not in readings):
            attempts = listing.attempt_count + 1
            wait = timedelta(seconds=backoff.delay(attempts))
            listing.write(
                {
                    "attempt_count": attempts,
                    "next_attempt_at": fields.Datetime.now() + wait,
                    "last_error": self.env._(
                        "The channel was asked about this listing and gave no answer."
                    ),
                }
            )

    def _not_confirmed(self, settling_seconds):
        """The channel acknowledged a number and shows another one."""
        now = fields.Datetime.now()
        age = (now - self.published_at).total_seconds()
        if age < settling_seconds:
            wait = min(settling_seconds, max(20.0, age))
            self.next_attempt_at = now + timedelta(seconds=wait)
            return
        words = self.env._(
            "The channel acknowledged %(sent)s but shows %(shown)s.",
            sent=self.published_qty,
            shown=self.channel_qty,
        )
        attempts = self.attempt_count + 1
        if backoff.exhausted(attempts, self.account_id.max_attempts):
            self.write({"sync_state": "failed", "last_error": words})
            return
        self._set_uncertain()
        self.write(
            {
                "attempt_count": attempts,
                "last_error": words,
                "next_attempt_at": now + timedelta(seconds=backoff.delay(attempts)),
            }
        )
