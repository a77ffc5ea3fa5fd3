"""What a listing's number is computed from, read for a whole batch, and the number.

The arithmetic is the engine's; here is what it is fed with. A hundred thousand listings
are of a few dozen kinds: what follows from the kind is decided once, and what is left
for the single listing is a look-up.
"""

import functools
import itertools
import operator
from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ..engine.buffer import NO_BUFFER, daily_velocity, matching_line
from ..engine.pool import PoolMember, pool_number
from ..engine.quantity import Terms, compute
from .marketplace_listing_rows import (
    NO_CAPACITY,
    NO_PRODUCT,
    NO_WAREHOUSE,
    Readings,
    Row,
    SiteRule,
    by_kind,
)
from .tools import int_array


@functools.lru_cache(maxsize=8192)
def alone(source, sellable, stopped):
    """Return the number of a listing that shares no counter."""
    return pool_number([PoolMember(source, sellable, stopped)])


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model
    def _read_rows(self, condition):
        """Read the listings that ``condition`` (SQL over ``l``) selects, and the other
        members of their pools."""
        rows = self._select_rows(condition)
        others = self._other_members(condition)
        if others:
            rows += self._select_rows(SQL("l.id = ANY(%s)", int_array(others)))
        return rows

    @api.model
    def _select_rows(self, condition):
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id, l.product_id, l.account_id, l.pool_key, l.active,
                       l.product_id IS NOT NULL, p.active, %s,
                       l.site_id, l.company_id, l.fulfilment, l.qty_source,
                       l.units_per_listing, l.effective_buffer_policy_id,
                       COALESCE(l.is_stopped, FALSE), COALESCE(l.qty, 0),
                       COALESCE(l.committed_qty, 0)::float8, COALESCE(l.buffer_qty, 0),
                       COALESCE(l.own_qty, 0), COALESCE(l.sellable_qty, 0),
                       l.sync_state, l.block_code, COALESCE(l.published_qty, 0),
                       l.published_at IS NOT NULL AND l.is_uncertain IS NOT TRUE
                  FROM marketplace_listing l
             LEFT JOIN product_product p ON p.id = l.product_id
             LEFT JOIN product_template t ON t.id = p.product_tmpl_id
                 WHERE %s
                """,
                self.env["marketplace.stock"]._sql_uncountable(),
                condition,
            )
        )
        return list(map(Row._make, rows))

    @api.model
    def _other_members(self, condition):
        """Return the ids of the active listings that share a pool with one that
        ``condition`` selects, and are not selected themselves."""
        members = self.env.execute_query(
            SQL(
                """
                SELECT l.id
                  FROM marketplace_listing l
                 WHERE l.active
                   AND l.pool_key IS NOT NULL
                   AND (%(condition)s) IS NOT TRUE
                   AND (l.account_id, l.pool_key) IN (
                       SELECT l.account_id, l.pool_key
                         FROM marketplace_listing l
                        WHERE l.pool_key IS NOT NULL AND %(condition)s
                   )
                """,
                condition=condition,
            )
        )
        return [listing_id for (listing_id,) in members]

    # === ARITHMETIC ===

    @api.model
    def _compute_breakdowns(self, rows):
        """Return listing id → breakdown, for the rows that a number can be given."""
        rules = self._read_site_rules({row.site_id for row in rows})
        kinds = [
            alike
            for alike in by_kind(rows)
            # whether a listing has a capacity is its own matter, not its kind's
            if self._get_block_code(alike[0], rules[alike[0].site_id])
            in (None, NO_CAPACITY)
        ]
        readings = self._read_readings(kinds, rules)
        breakdowns = {}
        for alike in kinds:
            rule = rules[alike[0].site_id]
            if alike[0].qty_source == "capacity":
                alike = [row for row in alike if row.id in readings.slots]
                if not alike:
                    continue
            terms = self._get_terms(alike, rule, readings)
            numbers = map(self._get_computation(alike[0], rule), *terms)
            breakdowns.update(zip([row.id for row in alike], numbers, strict=True))
        return breakdowns

    @api.model
    def _read_readings(self, kinds, rules):
        """Read what numbers are computed from, one query each."""
        by_source = defaultdict(list)
        for alike in kinds:
            by_source[alike[0].qty_source].append(alike)
        readings = Readings({}, {}, {}, {}, {})
        if of_stock := by_source["stock"]:
            counted = list(itertools.chain.from_iterable(of_stock))
            products = {row.product_id for row in counted}
            warehouses = {site: rule.warehouse_ids for site, rule in rules.items()}
            readings = Readings(
                self.env["marketplace.stock"]._read_free_by_site(products, warehouses),
                self._read_committed_by_site(products, rules),
                self._read_additions(counted, rules),
                self._read_buffers(of_stock, rules),
                {},
            )
        if limited := list(itertools.chain.from_iterable(by_source["capacity"])):
            buffers = self._read_capacity_buffers(limited, rules)
            readings = readings._replace(
                slots=self._read_slots(limited), buffers={**readings.buffers, **buffers}
            )
        return readings

    @api.model
    def _read_additions(self, rows, rules):
        """Return listing id → units that it counts beside free stock; bridges know
        some.

        :param rows: listings whose quantity comes from stock
        :param rules: site id → :class:`SiteRule`
        """
        return {}

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
    def _get_computation(self, kind, rule):
        """Return the engine's computation for rows like ``kind``, with all that follows
        from the kind. Many have the same terms: computed once, kept once."""
        stopped = kind.is_stopped or not kind.product_active

        @functools.cache
        def compute_once(available, committed, line):
            return compute(
                Terms(
                    kind.qty_source,
                    available,
                    committed,
                    rule.share_percent,
                    line,
                    kind.units_per_listing,
                    rule.max_qty,
                    stopped,
                )
            )

        return compute_once

    @api.model
    def _get_terms(self, rows, rule, readings):
        """Return what differs among rows of one kind, as columns in their order: the
        quantity that the source gives, what is committed of it, the buffer line."""
        source = rows[0].qty_source
        if source == "stock":
            return self._get_stock_terms(rows, rule, readings)
        if source == "capacity":
            return self._get_capacity_terms(rows, readings)
        available = [rule.mto_qty if source == "mto" else row.qty for row in rows]
        return available, itertools.repeat(0.0), itertools.repeat(NO_BUFFER)

    @api.model
    def _get_stock_terms(self, rows, rule, readings):
        site, products = rows[0].site_id, [row.product_id for row in rows]
        available = map(readings.free[site].get, products, itertools.repeat(0.0))
        if readings.additions:
            added = (readings.additions.get(row.id, 0.0) for row in rows)
            available = map(operator.add, available, added)
        keys = zip(products, itertools.repeat(site))
        committed = map(readings.committed.get, keys, itertools.repeat(0.0))
        return available, committed, [readings.buffers[row.id] for row in rows]

    @api.model
    def _read_committed_by_site(self, product_ids, rules):
        """Return demand that free stock does not know yet by (product id, site id): of
        stock moves in the site's warehouses, and of channel orders.

        :param rules: the sites to answer for
        """
        sites_of = defaultdict(list)
        for site, rule in rules.items():
            for warehouse in rule.warehouse_ids:
                sites_of[warehouse].append(site)
        demand = defaultdict(float, self._read_promised_by_site(product_ids, rules))
        moves = self.env["marketplace.stock"]._read_committed(product_ids, sites_of)
        for (product, warehouse), units in moves.items():
            for site in sites_of[warehouse]:
                demand[product, site] += units
        # a numeric column keeps no float noise
        return {key: round(units, 6) for key, units in demand.items()}

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
    def _read_buffers(self, kinds, rules):
        """Return listing id → the buffer line that applies.

        :param kinds: rows, see :func:`by_kind`
        """
        policies = self.env["marketplace.buffer.policy"].sudo()
        policies = policies.browse({k[0].policy_id for k in kinds if k[0].policy_id})
        lines = {policy.id: policy._get_engine_lines() for policy in policies}
        products = {row.product_id for alike in kinds for row in alike}
        sold = self.env["marketplace.stock"]._read_sold(products) if lines else {}
        buffers = {}
        for alike in kinds:
            found = [NO_BUFFER] * len(alike)
            if policy := alike[0].policy_id:
                match = self._get_buffer_match(
                    lines[policy], rules[alike[0].site_id].interval
                )
                company = alike[0].company_id
                found = [
                    match(sold.get((row.product_id, company), 0.0)) for row in alike
                ]
            buffers.update(zip([row.id for row in alike], found, strict=True))
        return buffers

    @api.model
    def _get_buffer_match(self, lines, interval):
        """Return the function from units sold to the line; many sold alike."""

        @functools.cache
        def match(units):
            return matching_line(lines, interval, daily_velocity(units)) or NO_BUFFER

        return match

    @api.model
    def _compute_pools(self, rows, breakdowns):
        """Return listing id → the one number that its pool publishes, for listings that
        share their counter with others."""
        first, pools = {}, {}
        for row in rows:
            if row.pool_key and row.active and row.id in breakdowns:
                key = (row.account_id, row.pool_key)
                other = first.setdefault(key, row)
                if other is not row:  # most have their counter for themselves
                    pools.setdefault(key, [other]).append(row)
        result = {}
        for members in pools.values():
            ours = [row for row in members if row.fulfilment == "merchant"]
            if ours:
                number = self._pool_number([breakdowns[row.id] for row in ours])
                result.update((row.id, number) for row in members)
        return result

    @api.model
    def _pool_number(self, breakdowns):
        return pool_number(
            PoolMember(one.source, one.sellable, one.stopped) for one in breakdowns
        )
