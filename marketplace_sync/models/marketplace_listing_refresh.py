"""The recompute: from stock to numbers, for any number of listings at once.

A constant number of queries per batch; a listing whose number did not change is not
written. The arithmetic is the engine's; here is only what it is fed with and what
becomes of its answer.
"""

import functools
import logging

from odoo import api, fields, models
from odoo.tools import SQL, split_every
from odoo.tools.gc import disabling_gc

from ..engine import state as engine_state
from .marketplace_listing_rows import (
    CHANGING,
    GUARDED,
    NO_CAPACITY,
    NO_PRODUCT,
    NO_WAREHOUSE,
    Stored,
    alone,
    settled,
)
from .marketplace_stock import KIT, NOT_TRACKED
from .tools import int_array, retry_on_conflict, update_many

_logger = logging.getLogger(__name__)

#: Listings computed in one pass; bounds memory, not queries per listing.
BATCH = 100_000
#: Changes taken in one pass of the scheduled refresh.
CHANGES = 20_000


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model
    def _cron_refresh(self):
        """Compute the listings of products that changed, then wake their accounts."""
        while retry_on_conflict(self.env, self._refresh_changed):
            if not self.env["ir.cron"]._commit_progress(remaining=1):
                break
        self.env["ir.cron"]._commit_progress(remaining=0)

    @api.model
    def _refresh_changed(self):
        """Take a portion of the noted changes; return whether there were any."""
        changes = self.env["marketplace.stock.change"]._take(CHANGES)
        if not changes:
            return False
        products = self.env["marketplace.stock"]._expand_products(changes)
        listings = self.sudo().search([("product_id", "in", list(products))])
        listings._refresh(changes)
        accounts = listings.account_id.filtered(lambda a: a.state == "connected")
        accounts.filtered("pending_count")._wake()
        return True

    @api.model
    def _cron_refresh_all(self):
        """Compute every listing: time passes (lots expire, sales age), and code that
        writes stock directly tells nobody."""
        for count, condition in self.sudo()._sweep_batches():
            refresh = functools.partial(self.sudo()._refresh_sweep, condition)
            retry_on_conflict(self.env, refresh)
            self.env["ir.cron"]._commit_progress(count)
        self.env["marketplace.account"].search([("state", "=", "connected")])._wake()

    @api.model
    def _refresh_sweep(self, condition):
        # Each row that a parallel worker passes on is thought to cost as much as ten
        # that it reads, so a hundred thousand would never be shared out.
        self.env.cr.execute("SET LOCAL parallel_tuple_cost = 0.01")
        return self._refresh_batch(condition)

    @api.model
    def _sweep_batches(self):
        """Yield how many listings a batch has, about, and the condition (SQL over
        ``l``) that selects them.

        In the order of products, so that listings of one product, and mostly of one
        pool, come into one batch: the stock of a product is read once.
        """
        accounts = self.env["marketplace.account"].search([("active", "=", True)]).ids
        listed = SQL("l.active AND l.account_id = ANY(%s)", accounts)
        yield 0, SQL("%s AND l.product_id IS NULL", listed)
        last = 0
        while True:
            first = last
            [(last, count)] = self.env.execute_query(
                SQL(
                    """SELECT MAX(product_id), COUNT(*)
                         FROM (SELECT product_id
                                 FROM marketplace_listing
                                WHERE product_id > %s
                                ORDER BY product_id
                                LIMIT %s) portion""",
                    first,
                    BATCH,
                )
            )
            if not count:
                return
            products = SQL("l.product_id > %s AND l.product_id <= %s", first, last)
            yield count, SQL("%s AND %s", listed, products)

    def _refresh(self, changes=None):
        """Compute the numbers of these listings and of those that share their pools.

        :param changes: product id → correlation id of the change
        :return: listing id → :class:`..engine.quantity.Breakdown`
        """
        result = {}
        ids = self._by_product() if len(self) > BATCH else self.ids
        for batch in split_every(BATCH, ids, list):
            condition = SQL("l.id = ANY(%s)", int_array(batch))
            result.update(self._refresh_batch(condition, changes))
        return result

    def _by_product(self):
        """Return the ids so that listings of one product, and mostly of one pool, come
        into one batch: the stock of a product is read once."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id FROM marketplace_listing WHERE id = ANY(%s)
                    ORDER BY product_id, id""",
                int_array(self.ids),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _refresh_batch(self, condition, changes=None):
        # A hundred thousand rows live until the end: looking through them again and
        # again for what could be freed is a tenth of the work.
        with disabling_gc():
            self.env.flush_all()
            rows = self._read_rows(condition)
            breakdowns = self._compute_breakdowns(rows)
            shared = self._compute_pools(rows, breakdowns)
            self._write_numbers(self._get_updates(rows, breakdowns, shared), changes)
        return breakdowns

    # === WHAT IS WRITTEN ===

    @api.model
    def _get_updates(self, rows, breakdowns, shared):
        """Return what to write, for the rows where something differs.

        :param shared: listing id → the number of its pool
        """
        # rows share their breakdowns: what follows from one is found out once
        distinct = dict(
            zip(map(id, breakdowns.values()), breakdowns.values(), strict=True)
        )
        as_computed = {key: settled(one) for key, one in distinct.items()}
        found = [breakdowns.get(row.id) for row in rows]
        expected = map(as_computed.get, map(id, found))
        updates = []
        for row, breakdown, standing in zip(rows, found, expected, strict=True):
            if (
                row.stored == standing
                and row.id not in shared
                and row.kind.fulfilment == "merchant"
            ):
                continue
            if update := self._get_update(row, breakdown, shared.get(row.id)):
                updates.append(update)
        return updates

    @api.model
    def _get_update(self, row, breakdown, pool):
        """Return what to write on one listing, {} when nothing differs.

        :param breakdown: None when no number could be computed
        :param pool: None when the listing shares no counter
        """
        if breakdown is None:
            return self._blocked_values(row)
        pool = pool or alone(breakdown)
        is_ours = row.kind.fulfilment == "merchant"
        if is_ours and row.stored == settled(breakdown, pool):
            return {}
        block = GUARDED if pool.guarded and is_ours else None
        values = (
            breakdown.qty,
            breakdown.committed,
            breakdown.buffer_qty,
            breakdown.sellable,
            pool.quantity,
            self._next_state(row, pool.quantity, block),
            block,
        )
        return {} if values == row.stored[CHANGING] else self._update_row(row, values)

    @api.model
    def _next_state(self, row, sellable, block):
        stored = row.stored
        if self._stands_still(row):
            return "paused"
        if block:
            return "failed"
        # What blocked the number is gone: read the channel before speaking again.
        state = "unverified" if stored.block_code else stored.sync_state
        return engine_state.after_refresh(
            state, sellable, stored.published_qty, stored.is_known
        )

    @api.model
    def _stands_still(self, row):
        """Tell whether no computation may move the row: a person paused it, or the
        channel ships it."""
        return row.stored.sync_state == "paused" or row.kind.fulfilment == "channel"

    @api.model
    def _update_row(self, row, values):
        update = dict(zip(Stored._fields[CHANGING], values, strict=True))
        block = update["block_code"]
        update.update(
            id=row.id,
            product_id=row.product_id,
            # An error of a computation goes with it; one of the channel stays.
            clear_error=bool(row.stored.block_code) and not block,
            last_error=self._get_block_messages()[block] if block else None,
        )
        return update

    @api.model
    def _blocked_values(self, row):
        # What the channel ships needs neither a product nor a warehouse of ours.
        is_ours = row.kind.fulfilment == "merchant"
        rules = self._read_site_rules({row.kind.site_id})
        code = self._get_block_code(row.kind, rules) if is_ours else None
        state = "paused" if self._stands_still(row) else "failed"
        if (row.stored.block_code, row.stored.sync_state) == (code, state):
            return {}
        numbers = row.stored[CHANGING][:-2]
        return self._update_row(row, (*numbers, state, code))

    @api.model
    def _get_block_messages(self):
        return {
            NO_PRODUCT: self.env._(
                "No product: choose which product this listing sells."
            ),
            NO_WAREHOUSE: self.env._(
                "Its site has no warehouse, so there is no stock to show. Choose the "
                "site's warehouses."
            ),
            NO_CAPACITY: self.env._(
                "Neither this listing nor its product belongs to a production "
                "capacity. Add it to one, or choose another source for the quantity."
            ),
            NOT_TRACKED: self.env._(
                "Odoo does not track this product's inventory, so there is no number "
                "to show. Track it, or choose another source for the quantity."
            ),
            KIT: self.env._(
                "A kit is shipped from its components, which are not counted yet. "
                "Choose another source for the quantity."
            ),
            GUARDED: self.env._(
                "Made to order, but the computed number is 0, which would end the "
                "listing. Listings that share its counter disagree: give them one "
                "source, or stop selling."
            ),
        }

    @api.model
    def _write_numbers(self, updates, changes=None):
        """Write computed numbers, past the ORM: neither cache nor chatter is needed,
        and a write that finds nothing to change costs nothing.

        :param changes: product id → correlation id of the change
        """
        if not updates:
            return
        for update in updates:
            update["correlation_id"] = (changes or {}).get(update["product_id"])
        update_many(
            self,
            updates,
            columns=Stored._fields[CHANGING],
            extra=SQL(
                """last_error = CASE WHEN v.last_error IS NOT NULL THEN v.last_error
                                     WHEN v.clear_error THEN NULL
                                     ELSE t.last_error END,
                   correlation_id = COALESCE(v.correlation_id, t.correlation_id),
                   pending_since = CASE WHEN v.sync_state = 'pending'
                                        THEN COALESCE(t.pending_since, %s) END,
                   -- the time of a confirmation is no reason to wait with a new number
                   next_attempt_at = CASE WHEN t.sync_state = 'submitted'
                                           AND v.sync_state = 'pending' THEN NULL
                                          ELSE t.next_attempt_at END""",
                fields.Datetime.now(),
            ),
            extra_columns={
                "last_error": "varchar",
                "clear_error": "bool",
                "correlation_id": "varchar",
            },
        )
