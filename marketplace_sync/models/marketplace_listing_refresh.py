"""The recompute: from stock to numbers, for any number of listings at once.

A constant number of queries per batch; a listing whose number did not change is not
written. The arithmetic is the engine's; here is only what it is fed with and what
becomes of its answer.
"""

import functools
import logging

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..engine import state as engine_state
from .marketplace_listing_numbers import (
    GUARDED,
    NO_CAPACITY,
    NO_PRODUCT,
    NO_WAREHOUSE,
    alone,
)
from .marketplace_stock import KIT, NOT_TRACKED
from .tools import int_array, retry_on_conflict, update_many

_logger = logging.getLogger(__name__)

#: Listings computed in one pass; bounds memory, not queries per listing.
BATCH = 50_000
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
        ids = self.sudo().search([("account_id.active", "=", True)])._by_product()
        for batch in split_every(BATCH, ids, list):
            retry_on_conflict(
                self.env, functools.partial(self.sudo().browse(batch)._refresh)
            )
            self.env["ir.cron"]._commit_progress(len(batch))
        self.env["marketplace.account"].search([("state", "=", "connected")])._wake()

    def _refresh(self, changes=None):
        """Compute the numbers of these listings and of those that share their pools.

        :param changes: product id → correlation id of the change
        :return: listing id → :class:`..engine.quantity.Breakdown`
        """
        result = {}
        self.env.flush_all()
        ids = self._by_product() if len(self) > BATCH else self.ids
        for batch in split_every(BATCH, ids, list):
            result.update(self._refresh_batch(batch, changes or {}))
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
    def _refresh_batch(self, ids, changes):
        rows = self._read_rows(ids)
        breakdowns = self._compute_breakdowns(rows)
        pools = self._compute_pools(rows, breakdowns)
        now = fields.Datetime.now()
        updates = []
        for row in rows:
            update = self._changed_values(row, breakdowns.get(row.id), pools, now)
            if update:
                update["correlation_id"] = changes.get(row.product_id)
                updates.append(update)
        self._write_numbers(updates)
        return breakdowns

    # === WHAT IS WRITTEN ===

    @api.model
    def _changed_values(self, row, breakdown, pools, now):
        """Return what to write on one listing, {} when nothing differs."""
        if breakdown is None:
            return self._blocked_values(row)
        pool = row.pool_key and pools.get((row.account_id, row.pool_key))
        if not pool:
            pool = alone(row.qty_source, breakdown.sellable, breakdown.stopped)
        block = GUARDED if pool.guarded and row.fulfilment == "merchant" else None
        state = self._next_state(row, pool.quantity, block)
        values = (
            breakdown.qty,
            round(breakdown.committed, 6),  # a numeric column keeps no float noise
            breakdown.buffer_qty,
            breakdown.sellable,
            pool.quantity,
            state,
            block,
        )
        current = (
            row.qty,
            row.committed_qty,
            row.buffer_qty,
            row.own_qty,
            row.sellable_qty,
            row.sync_state,
            row.block_code,
        )
        if values == current:
            return {}
        return self._update_row(row, values, now)

    @api.model
    def _next_state(self, row, sellable, block):
        if self._stands_still(row):
            return "paused"
        if block:
            return "failed"
        # What blocked the number is gone: read the channel before speaking again.
        state = "unverified" if row.block_code else row.sync_state
        return engine_state.after_refresh(
            state, sellable, row.published_qty, row.is_known
        )

    @api.model
    def _stands_still(self, row):
        """Tell whether no computation may move the row: a person paused it, or the
        channel ships it."""
        return row.sync_state == "paused" or row.fulfilment == "channel"

    @api.model
    def _update_row(self, row, values, now):
        names = ("qty", "committed_qty", "buffer_qty", "own_qty", "sellable_qty")
        update = dict(zip(names, values, strict=False))
        state, block = values[5:]
        pending_since = (row.pending_since or now) if state == "pending" else None
        update.update(
            id=row.id,
            sync_state=state,
            block_code=block,
            pending_since=pending_since,
            # An error of a computation goes with it; one of the channel stays.
            clear_error=bool(row.block_code) and not block,
            last_error=self._get_block_messages()[block] if block else None,
        )
        return update

    @api.model
    def _blocked_values(self, row):
        rule = self._read_site_rules({row.site_id})[row.site_id]
        # What the channel ships needs neither a product nor a warehouse of ours.
        is_ours = row.fulfilment == "merchant"
        code = self._get_block_code(row, rule) if is_ours else None
        state = "paused" if self._stands_still(row) else "failed"
        if (row.block_code, row.sync_state) == (code, state):
            return {}
        values = (row.qty, row.committed_qty, row.buffer_qty, row.own_qty)
        return self._update_row(row, (*values, row.sellable_qty, state, code), None)

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
                "Production capacity is not computed yet. Choose another source for "
                "the quantity."
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
    def _write_numbers(self, updates):
        """Write computed numbers, past the ORM: neither cache nor chatter is needed,
        and a write that finds nothing to change costs nothing."""
        if not updates:
            return
        update_many(
            self,
            updates,
            columns=(
                "qty",
                "committed_qty",
                "buffer_qty",
                "own_qty",
                "sellable_qty",
                "sync_state",
                "block_code",
                "pending_since",
            ),
            extra=SQL(
                """last_error = CASE WHEN v.last_error IS NOT NULL THEN v.last_error
                                     WHEN v.clear_error THEN NULL
                                     ELSE t.last_error END,
                   correlation_id = COALESCE(v.correlation_id, t.correlation_id),
                   -- the time of a confirmation is no reason to wait with a new number
                   next_attempt_at = CASE WHEN t.sync_state = 'submitted'
                                           AND v.sync_state = 'pending' THEN NULL
                                          ELSE t.next_attempt_at END"""
            ),
            extra_columns={
                "last_error": "varchar",
                "clear_error": "bool",
                "correlation_id": "varchar",
            },
        )
