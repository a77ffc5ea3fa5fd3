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
from ..engine.quantity import COUNTED_SOURCES, Terms, compute
from .marketplace_listing_rows import (
    KIND_COLUMNS,
    NO_BUFFERS,
    NO_CAPACITY,
    NO_PRODUCT,
    NO_WAREHOUSE,
    STORED_COLUMNS,
    BufferLines,
    Readings,
    SiteRule,
    by_kind,
    of_source,
    packed,
    shared_by,
    unpacked,
    with_product,
)
from .tools import int_array


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
        rows = unpacked(
            self.env.execute_query(
                SQL(
                    """SELECT l.id, l.product_id, l.pool_key, %s, %s
                         FROM marketplace_listing l
                        WHERE %s""",
                    packed(KIND_COLUMNS),
                    packed(STORED_COLUMNS),
                    condition,
                )
            )
        )
        products = {row.product_id for row in rows} - {None}
        odd = self.env["marketplace.stock"]._read_odd_products(products)
        if odd:
            rows = [
                row._replace(kind=with_product(row.kind, odd[row.product_id]))
                if row.product_id in odd
                else row
                for row in rows
            ]
        return rows

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
        rules = self._read_site_rules({row.kind.site_id for row in rows})
        kinds = [
            alike
            for alike in by_kind(rows)
            # whether a listing has a capacity is its own matter, not its kind's
            if self._get_block_code(alike[0].kind, rules) in (None, NO_CAPACITY)
        ]
        readings = self._read_readings(kinds, rules)
        breakdowns = {}
        for alike in kinds:
            kind = alike[0].kind
            if kind.qty_source == "capacity":
                alike = [row for row in alike if row.id in readings.slots]
                if not alike:
                    continue
            terms = self._get_terms(alike, rules[kind.site_id], readings)
            numbers = map(self._get_computation(kind, rules[kind.site_id]), *terms)
            breakdowns.update(zip([row.id for row in alike], numbers, strict=True))
        return breakdowns

    @api.model
    def _read_readings(self, kinds, rules):
        """Read what numbers are computed from, one query each."""
        counted, limited = of_source(kinds, "stock"), of_source(kinds, "capacity")
        products = {row.product_id for row in counted}
        readings = Readings({}, {}, {}, {}, {})
        if counted:
            warehouses = {site: rule.warehouse_ids for site, rule in rules.items()}
            stock = self.env["marketplace.stock"]
            readings = readings._replace(
                free=stock._read_free_by_site(products, warehouses),
                committed=self._read_committed_by_site(products, rules),
                additions=self._read_additions(counted, rules),
            )
        if limited:
            products = products.union(row.product_id for row in limited)
            readings = readings._replace(slots=self._read_slots(limited))
        keys = {
            alike[0].kind.buffer_key
            for alike in kinds
            if alike[0].kind.qty_source in COUNTED_SOURCES
        }
        return readings._replace(buffers=self._read_buffers(keys, products, rules))

    @api.model
    def _read_additions(self, rows, rules):
        """Return listing id → units that it counts beside free stock; bridges know
        some.

        :param rows: listings whose quantity comes from stock
        :param rules: site id → :class:`SiteRule`
        """
        return {}

    @api.model
    def _get_block_code(self, kind, rules):
        """Say why no number can be computed for listings of a kind, None when one can.

        :param rules: site id → :class:`SiteRule`
        """
        if not kind.has_product:
            return NO_PRODUCT
        if kind.qty_source == "capacity":
            return NO_CAPACITY
        if kind.qty_source != "stock":
            return None
        if not rules[kind.site_id].warehouse_ids:
            return NO_WAREHOUSE
        return kind.uncountable

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
        source = rows[0].kind.qty_source
        if source == "stock":
            return self._get_stock_terms(rows, readings)
        if source == "capacity":
            return self._get_capacity_terms(rows, readings)
        available = [
            rule.mto_qty if source == "mto" else row.stored.qty for row in rows
        ]
        return available, itertools.repeat(0.0), itertools.repeat(NO_BUFFER)

    @api.model
    def _get_stock_terms(self, rows, readings):
        kind, products = rows[0].kind, [row.product_id for row in rows]
        available = map(
            readings.free[kind.site_id].get, products, itertools.repeat(0.0)
        )
        if readings.additions:
            added = (readings.additions.get(row.id, 0.0) for row in rows)
            available = map(operator.add, available, added)
        committed = readings.committed[kind.site_id].get
        lines = readings.buffers[kind.buffer_key]
        return (
            available,
            map(committed, products, itertools.repeat(0.0)),
            map(lines.by_product.get, products, itertools.repeat(lines.usual)),
        )

    @api.model
    def _read_committed_by_site(self, product_ids, rules):
        """Return demand that free stock does not know yet as site id → product id →
        units: of stock moves in the site's warehouses, and of channel orders.

        :param rules: the sites to answer for
        """
        sites_of = defaultdict(list)
        demand = {site: defaultdict(float) for site in rules}
        for site, rule in rules.items():
            for warehouse in rule.warehouse_ids:
                sites_of[warehouse].append(site)
        promised = self._read_promised_by_site(product_ids, rules)
        for (product, site), units in promised.items():
            demand[site][product] += units
        moves = self.env["marketplace.stock"]._read_committed(product_ids, sites_of)
        for (product, warehouse), units in moves.items():
            for site in sites_of[warehouse]:
                demand[site][product] += units
        return {
            # a numeric column keeps no float noise
            site: {product: round(units, 6) for product, units in of_site.items()}
            for site, of_site in demand.items()
        }

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
    def _read_buffers(self, keys, product_ids, rules):
        """Return the lines that apply, by key: see ``Readings.buffers``.

        :param keys: values of ``Kind.buffer_key``
        """
        policies = self.env["marketplace.buffer.policy"].sudo()
        policies = policies.browse({policy for policy, _site, _company in keys} - {0})
        lines = {policy.id: policy._get_engine_lines() for policy in policies}
        sold = defaultdict(dict)
        if lines:
            units_of = self.env["marketplace.stock"]._read_sold(product_ids)
            for (product, company), units in units_of.items():
                sold[company][product] = units
        buffers = {}
        for policy, site, company in keys:
            found = NO_BUFFERS
            if policy:
                match = self._get_buffer_match(lines[policy], rules[site].interval)
                by_product = {
                    product: match(units) for product, units in sold[company].items()
                }
                found = BufferLines(match(0.0), by_product)
            buffers[policy, site, company] = found
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
        first, alike = {}, defaultdict(list)
        for row in rows:
            if row.pool_key:
                other = first.setdefault(row.pool_key, row)
                if other is not row:  # most have their counter for themselves
                    alike[row.pool_key].append(row)
        pools = defaultdict(list)
        for key, rest in alike.items():
            for row in (first[key], *rest):  # accounts may have a key in common
                if row.kind.active and row.id in breakdowns:
                    pools[row.kind.account_id, key].append(row)
        result = {}
        for members in pools.values():
            ours = [row for row in members if row.kind.fulfilment == "merchant"]
            if ours and len(members) > 1:
                number = shared_by(breakdowns[row.id] for row in ours)
                result.update((row.id, number) for row in members)
        return result
