"""How a run proceeds: phase by phase, batch by batch, each its own transaction.

Where a run is, is in the database: the phase, the phase's cursor, and on every listing
when it was compared. A restart goes on from there. Memory holds one batch.
Only scheduled actions come here; what commits, does so through the account.
"""

import functools
from dataclasses import replace
from datetime import timedelta

from odoo import fields, models

from ..channels.errors import RateLimited, RejectedError, TakesLong
from ..engine import backoff
from ..engine.backoff import MAX_ATTEMPTS

#: Listings compared in one transaction: Shopify's page.
BATCH = 250
#: Seconds after which orders that explain a first look have been read.
ORDER_SECONDS = 600


class MarketplaceReconciliation(models.Model):
    _inherit = "marketplace.reconciliation"

    def _work(self, adapter, deadline):
        """Go on until the end, a wait, or the deadline; at least one batch is done."""
        self.ensure_one()
        account = self.account_id
        if self.state == "waiting":
            account._in_transaction(functools.partial(self._begin, adapter))
        adapter.config = replace(
            adapter.config,
            options={**adapter.config.options, "report_wait_seconds": 0},
            data={**adapter.config.data, **(self.memory or {})},
        )
        work = {
            "catalogue": self._read_catalogue,
            "unlisted": self._read_catalogue,
            "listings": self._read_listings,
            "again": self._look_again,
        }
        while self.state == "running" and not self._is_waiting():
            if work[self.phase](adapter, deadline):
                account._in_transaction(functools.partial(self._next_phase, adapter))
            elif not self._is_waiting():  # the deadline
                account._in_transaction(account._wake)
                return

    def _is_waiting(self):
        return bool(self.resume_at) and self.resume_at > fields.Datetime.now()

    # === PHASES ===

    def _get_phases(self, adapter):
        """Return the phases of this run, in order.

        Where the catalogue tells all that a listing's own reading tells, it is read
        first, and only what it did not tell is asked for. Else it is only searched
        for what nobody knows here. A run of chosen listings reads just these.
        """
        if self.listing_ids:
            return ["listings", "again", "end"]
        if not adapter.supports("fetch_listings"):
            return ["listings", "again", "end"]
        if adapter.catalogue_shows_stock:
            return ["catalogue", "listings", "again", "end"]
        return ["listings", "unlisted", "again", "end"]

    def _begin(self, adapter):
        self.write(
            {
                "state": "running",
                "started_at": fields.Datetime.now(),
                "phase": self._get_phases(adapter)[0],
                "listing_count": self.env["marketplace.listing"].search_count(
                    self._get_scope()
                ),
            }
        )

    def _next_phase(self, adapter):
        phases = self._get_phases(adapter)
        following = phases[phases.index(self.phase) + 1]
        values = {"phase": following, "cursor": False, "memory": False}
        if self.phase in ("catalogue", "unlisted"):
            self._close_unlisted()
        if following == "again":
            values["resume_at"] = self._get_second_look_at(adapter)
        self.write(values)
        if following == "end":
            self._finish()

    def _get_scope(self):
        domain = [
            ("account_id", "=", self.account_id.id),
            ("site_id.active", "=", True),
        ]
        if self.site_ids:
            domain.append(("site_id", "in", self.site_ids.ids))
        if self.listing_ids:
            domain.append(("id", "in", self.listing_ids.ids))
        return domain

    # === READING ===

    def _read_catalogue(self, adapter, deadline):
        """Read the channel's own list; return whether it was read to the end."""
        account = self.account_id
        try:
            for page in adapter.fetch_catalogue(
                self.cursor or None, self.listing_count
            ):
                self._commit(functools.partial(self._store_page, adapter, page))
                if page.retry_after:
                    return False
                # one that cannot be gone on with is read to its end
                if not account._make_way(adapter, deadline) and page.cursor:
                    return False
        except TakesLong as error:
            account._rollback()
            account._in_transaction(functools.partial(self._remember, error))
            return False
        except RejectedError as error:
            # What nobody knows here stays unknown; the listings are read all the same.
            account._rollback()
            account._in_transaction(functools.partial(self._note_refusal, error))
        return True

    def _store_page(self, adapter, page):
        known = self._match_page(page.listings)
        if self.phase == "catalogue":
            self._compare(adapter, known)
        resume_at = False
        if page.retry_after:
            resume_at = fields.Datetime.now() + timedelta(seconds=page.retry_after)
        self._save(adapter, cursor=page.cursor, resume_at=resume_at)

    def _read_listings(self, adapter, deadline):
        """Ask for each listing that was not compared in this run."""
        account = self.account_id
        while listings := self._select_listings():
            self._read_batch(adapter, listings)
            if not account._make_way(adapter, deadline):
                return False
        return True

    def _select_listings(self):
        after = (self.cursor or {}).get("id", 0)
        return self.env["marketplace.listing"].search(
            self._get_scope() + [("id", ">", after), ("reconciled_run", "!=", self.id)],
            order="id",
            limit=BATCH,
        )

    def _look_again(self, adapter, deadline):
        """Read those once more whose number was on its way at the first look."""
        account = self.account_id
        while listings := self._select_again():
            self._read_batch(adapter, listings, is_second_look=True)
            if not account._make_way(adapter, deadline):
                return False
        return True

    def _select_again(self):
        after = (self.cursor or {}).get("id", 0)
        return self.env["marketplace.listing"].search(
            self._get_scope() + [("id", ">", after), ("look_again_at", "!=", False)],
            order="id",
            limit=BATCH,
        )

    def _read_batch(self, adapter, listings, is_second_look=False):
        account = self.account_id
        readings = account._read_from_channel(adapter, listings)
        self._commit(
            functools.partial(
                self._store_batch, adapter, listings, readings, is_second_look
            )
        )

    def _commit(self, function):
        """Store one batch, and forget its records: memory holds the next one only."""
        self.account_id._in_transaction(function)
        self.env.invalidate_all()

    def _store_batch(self, adapter, listings, readings, is_second_look):
        self._compare(adapter, readings, is_second_look)
        if not is_second_look:
            self.silent_count += len(set(listings.ids) - readings.keys())
        self._save(adapter, cursor={"id": listings[-1].id}, resume_at=False)

    def _save(self, adapter, **values):
        self.write({"attempt_count": 0, "error": False, **values})
        self.account_id._save_rate_state(adapter)

    def _get_second_look_at(self, adapter):
        """Return when every number that was on its way must have arrived."""
        again = self.env["marketplace.listing"].search(
            self._get_scope() + [("look_again_at", "!=", False)],
            order="look_again_at desc",
            limit=1,
        )
        if not again:
            return False
        seconds = adapter.settling_seconds
        if self.account_id.last_order_sync_at:
            seconds = max(seconds, ORDER_SECONDS)
        moment = again.look_again_at + timedelta(seconds=seconds)
        return moment if moment > fields.Datetime.now() else False

    # === ENDS AND WAITS ===

    def _remember(self, error):
        """The channel prepares its list: come back for it."""
        self.write(
            {
                "memory": {**(self.memory or {}), **error.remember},
                "resume_at": fields.Datetime.now()
                + timedelta(seconds=error.retry_after or 60),
            }
        )

    def _note_refusal(self, error):
        self.note = self.env._(
            "The channel did not list what it has, so listings that are unknown here "
            "were not looked for: %s",
            error,
        )

    def _put_off(self, error):
        """Try again later, and give up after several attempts."""
        attempts = self.attempt_count + (not isinstance(error, RateLimited))
        if backoff.exhausted(attempts, MAX_ATTEMPTS):
            self._fail(error)
            return
        wait = backoff.delay(max(1, attempts), getattr(error, "retry_after", None))
        self.write(
            {
                "attempt_count": attempts,
                "error": str(error),
                "resume_at": fields.Datetime.now() + timedelta(seconds=max(1, wait)),
            }
        )

    def _fail(self, error):
        self.write(
            {
                "state": "failed",
                "error": str(error) or type(error).__name__,
                "finished_at": fields.Datetime.now(),
            }
        )

    def _finish(self):
        now = fields.Datetime.now()
        self._close_gone()
        self.write({"state": "done", "finished_at": now, "resume_at": False})
        if self.is_complete_scope:
            self.account_id.last_reconciliation_at = now
