"""What a listing's number is computed from, read for a whole batch, and the number.

The arithmetic is the engine's; here is what it is fed with.
"""

import functools
from collections import defaultdict
from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ..engine.buffer import NO_BUFFER, daily_velocity, matching_line
from ..engine.pool import PoolMember, pool_number
from ..engine.quantity import Terms, compute
from .marketplace_stock import sum_over
from .tools import int_array

#: Shown instead of a number, with the message in ``_get_block_messages``.
NO_PRODUCT, NO_WAREHOUSE, GUARDED = "no_product", "no_warehouse", "guarded"
NO_CAPACITY = "no_capacity"


@functools.lru_cache(maxsize=8192)
def alone(source, sellable, stopped):
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
    #: the site whose channel ships this one's orders, 0 = our warehouses do
    fulfilled_from: int = 0
    stock_hours: int = 0


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

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
        promised = self._read_promised_by_site(products, rules)
        buffers = self._read_buffers(counted, rules)
        # Many listings have the same terms: computed once, kept once.
        compute_once = functools.lru_cache(maxsize=None)(compute)
        breakdowns = {}
        for row in rows:
            rule = rules[row.site_id]
            if not self._get_block_code(row, rule):
                terms = self._get_terms(row, rule, free, committed, promised, buffers)
                breakdowns[row.id] = compute_once(terms)
        return breakdowns

    @api.model
    def _get_block_code(self, row, rule):
        """Say why no number can be computed for this listing, None when one can."""
        if not row.product_id:
            return NO_PRODUCT
        if row.qty_source == "capacity":
            return NO_CAPACITY
        if row.qty_source != "stock":
            return None
        if not rule.warehouse_ids:
            return NO_WAREHOUSE
        return row.uncountable

    @api.model
    def _get_terms(self, row, rule, free, committed, promised, buffers):
        stopped = row.is_stopped or not row.product_active
        if row.qty_source == "stock":
            return Terms(
                "stock",
                sum_over(free, row.product_id, rule.warehouse_ids),
                sum_over(committed, row.product_id, rule.warehouse_ids)
                + promised.get((row.product_id, row.site_id), 0.0),
                rule.share_percent,
                buffers.get(row.id, NO_BUFFER),
                row.units_per_listing,
                rule.max_qty,
                stopped,
            )
        available = rule.mto_qty if row.qty_source == "mto" else row.qty
        return Terms(row.qty_source, available, max_qty=rule.max_qty, stopped=stopped)

    @api.model
    def _read_promised_by_site(self, product_ids, rules):
        """Return what is promised to channel orders by (product id, site id): an order
        counts on every site that ships from a warehouse of the order's own site.

        :param rules: the sites to answer for
        """
        stock = self.env["marketplace.stock"]
        promised = stock._read_promised(product_ids) if product_ids else {}
        if not promised:
            return {}
        origins = self._read_site_rules({site for _p, site in promised if site})
        sites_of = {
            origin: [
                site
                for site, rule in rules.items()
                if not origin  # from where is not known: it counts everywhere
                or not set(rule.warehouse_ids).isdisjoint(origins[origin].warehouse_ids)
            ]
            for origin in {site for _p, site in promised}
        }
        result = defaultdict(float)
        for (product, origin), units in promised.items():
            for site in sites_of[origin]:
                result[product, site] += units
        return result

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
        return pool_number(members) if len(members) > 1 else alone(*members[0])
