"""The recompute: from stock to numbers, for any number of listings at once.

A constant number of queries per batch; a listing whose number did not change is not
written. The arithmetic is the engine's; here is only what it is fed with and what
becomes of its answer.
"""

import functools
import logging
from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..engine import state as engine_state
from ..engine.buffer import NO_BUFFER, daily_velocity, matching_line
from ..engine.pool import PoolMember, pool_number
from ..engine.quantity import Terms, compute
from .marketplace_stock import KIT, NOT_TRACKED, sum_over
from .tools import int_array, retry_on_conflict, update_many

_logger = logging.getLogger(__name__)

#: Listings computed in one pass; bounds memory, not queries per listing.
BATCH = 50_000
#: Changes taken in one pass of the scheduled refresh.
CHANGES = 20_000
#: Shown instead of a number, with the message in ``_get_block_messages``.
NO_PRODUCT, NO_WAREHOUSE, GUARDED = "no_product", "no_warehouse", "guarded"


@functools.lru_cache(maxsize=8192)
def _alone(source, sellable, stopped):
    """Return the number of a listing that shares no counter."""
    return pool_number([PoolMember(source, sellable, stopped)])


class Row(NamedTuple):
    """A listing as the refresh reads it: inputs first, then what it may change."""

    id: int
    product_id: int
    product_active: bool
    uncountable: str
    site_id: int
    account_id: int
    company_id: int
    pool_key: str
    fulfilment: str
    qty_source: str
    units_per_listing: int
    policy_id: int
    is_stopped: bool
    qty: int
    committed_qty: float
    buffer_qty: int
    own_qty: int
    sellable_qty: int
    published_qty: int
    is_known: bool
    sync_state: str
    block_code: str
    pending_since: object


class SiteRule(NamedTuple):
    """What a site says about its listings."""

    warehouse_ids: tuple
    share_percent: float
    max_qty: int
    mto_qty: int
    interval: int


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

    @api.model
    def _read_rows(self, ids):
        """Read the listings, and the other members of their pools."""
        rows = self._select_rows(ids)
        others = self._other_members(rows)
        return rows + self._select_rows(others) if others else rows

    @api.model
    def _select_rows(self, ids):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id, l.product_id, p.active, %s, l.site_id, l.account_id,
                       l.company_id, l.pool_key, l.fulfilment, l.qty_source,
                       l.units_per_listing, l.effective_buffer_policy_id,
                       COALESCE(l.is_stopped, FALSE), COALESCE(l.qty, 0),
                       COALESCE(l.committed_qty, 0)::float8, COALESCE(l.buffer_qty, 0),
                       COALESCE(l.own_qty, 0), COALESCE(l.sellable_qty, 0),
                       COALESCE(l.published_qty, 0),
                       l.published_at IS NOT NULL AND l.is_uncertain IS NOT TRUE,
                       l.sync_state, l.block_code, l.pending_since
                  FROM marketplace_listing l
             LEFT JOIN product_product p ON p.id = l.product_id
             LEFT JOIN product_template t ON t.id = p.product_tmpl_id
                 WHERE l.id = ANY(%s)
                """,
                self.env["marketplace.stock"]._sql_uncountable(),
                int_array(ids),
            )
        )
        return list(map(Row._make, rows))

    @api.model
    def _other_members(self, rows):
        """Return the ids of the active listings that share a pool with one of ``rows``
        and are not among them."""
        pools = {(row.account_id, row.pool_key) for row in rows if row.pool_key}
        if not pools:
            return []
        known = {row.id for row in rows}
        members = self.env.execute_query(
            SQL(
                """SELECT id, account_id, pool_key
                     FROM marketplace_listing
                    WHERE active AND pool_key = ANY(%s)""",
                [pool_key for _account, pool_key in pools],
            )
        )
        return [
            listing_id
            for listing_id, *pool in members
            if listing_id not in known and tuple(pool) in pools
        ]

    # === ARITHMETIC ===

    @api.model
    def _compute_breakdowns(self, rows):
        """Return listing id → breakdown, for the rows that a number can be given."""
        rules = self._read_site_rules({row.site_id for row in rows})
        stock = self.env["marketplace.stock"]
        counted = [row for row in rows if row.qty_source == "stock" and row.product_id]
        products = {row.product_id for row in counted}
        warehouses = {w for rule in rules.values() for w in rule.warehouse_ids}
        free = stock._read_free(products, warehouses) if products else {}
        committed = stock._read_committed(products, warehouses) if products else {}
        buffers = self._read_buffers(counted, rules)
        # Many listings have the same terms: computed once, kept once.
        compute_once = functools.lru_cache(maxsize=None)(compute)
        breakdowns = {}
        for row in rows:
            rule = rules[row.site_id]
            if not self._get_block_code(row, rule):
                terms = self._get_terms(row, rule, free, committed, buffers)
                breakdowns[row.id] = compute_once(terms)
        return breakdowns

    @api.model
    def _get_block_code(self, row, rule):
        """Say why no number can be computed for this listing, None when one can."""
        if not row.product_id:
            return NO_PRODUCT
        if row.qty_source != "stock":
            return None
        if not rule.warehouse_ids:
            return NO_WAREHOUSE
        return row.uncountable

    @api.model
    def _get_terms(self, row, rule, free, committed, buffers):
        stopped = row.is_stopped or not row.product_active
        if row.qty_source == "stock":
            return Terms(
                "stock",
                sum_over(free, row.product_id, rule.warehouse_ids),
                sum_over(committed, row.product_id, rule.warehouse_ids),
                rule.share_percent,
                buffers.get(row.id, NO_BUFFER),
                row.units_per_listing,
                rule.max_qty,
                stopped,
            )
        available = rule.mto_qty if row.qty_source == "mto" else row.qty
        return Terms(row.qty_source, available, max_qty=rule.max_qty, stopped=stopped)

    @api.model
    def _read_site_rules(self, site_ids):
        sites = self.env["marketplace.site"].sudo().browse(site_ids)
        sites = sites.with_context(active_test=True)
        return {
            site.id: SiteRule(
                tuple(site.warehouse_ids.ids),
                site.share_percent,
                site.max_qty,
                site.mto_qty,
                site.account_id.sync_interval_minutes,
            )
            for site in sites
        }

    @api.model
    def _read_buffers(self, rows, rules):
        """Return listing id → the buffer line that applies."""
        policies = self.env["marketplace.buffer.policy"].sudo()
        policies = policies.browse({row.policy_id for row in rows if row.policy_id})
        lines = {policy.id: policy._get_engine_lines() for policy in policies}
        if not lines:
            return {}
        sold = self.env["marketplace.stock"]._read_sold({r.product_id for r in rows})
        velocities = {key: daily_velocity(units) for key, units in sold.items()}
        match = functools.lru_cache(maxsize=4096)(
            lambda policy, interval, velocity: matching_line(
                lines[policy], interval, velocity
            )
        )
        buffers = {}
        for row in rows:
            if row.policy_id:
                velocity = velocities.get((row.product_id, row.company_id), 0.0)
                interval = rules[row.site_id].interval
                buffers[row.id] = match(row.policy_id, interval, velocity) or NO_BUFFER
        return buffers

    @api.model
    def _compute_pools(self, rows, breakdowns):
        """Return (account id, pool key) → the one number that its members publish."""
        pools = defaultdict(list)
        for row in rows:
            if row.pool_key and row.id in breakdowns and row.fulfilment == "merchant":
                pools[row.account_id, row.pool_key].append(row)
        return {
            key: self._pool_number(members, breakdowns)
            for key, members in pools.items()
        }

    @api.model
    def _pool_number(self, rows, breakdowns):
        members = [
            PoolMember(
                row.qty_source, breakdowns[row.id].sellable, breakdowns[row.id].stopped
            )
            for row in rows
        ]
        return pool_number(members) if len(members) > 1 else _alone(*members[0])

    # === WHAT IS WRITTEN ===

    @api.model
    def _changed_values(self, row, breakdown, pools, now):
        """Return what to write on one listing, {} when nothing differs."""
        if breakdown is None:
            return self._blocked_values(row)
        pool = row.pool_key and pools.get((row.account_id, row.pool_key))
        if not pool:
            pool = _alone(row.qty_source, breakdown.sellable, breakdown.stopped)
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
            NO_PRODUCT: self.env._("No product: choose which product this listing sells."),
            NO_WAREHOUSE: self.env._(
                "Its site has no warehouse, so there is no stock to show. Choose the "
                "site's warehouses."
            ),
            NOT_TRACKED: self.env._(
                "Odoo does not track this product's inventory, so there is no number to "
                "show. Track it, or choose another source for the quantity."
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
