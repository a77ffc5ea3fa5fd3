"""What a listing's number is computed from, read for a whole batch, and the number.

The arithmetic is the engine's; here is what it is fed with. A hundred thousand listings
are of a few dozen kinds: what follows from the kind is decided once, and what is left
for the single listing is a look-up.
"""

import functools
import itertools
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
    """What a listing has of its own: its product and the numbers stored so far.

    The names are columns of the table; the first five numbers are what is computed.
    """

    id: int
    product_id: int
    qty: int
    committed_qty: float
    buffer_qty: int
    own_qty: int
    sellable_qty: int
    published_qty: int
    pending_since: object


#: The numbers of a row that a computation may change.
NUMBERS = slice(Row._fields.index("qty"), Row._fields.index("published_qty"))


class Kind(NamedTuple):
    """What listings have in common that are computed, and then judged, alike."""

    has_product: bool
    product_active: bool
    uncountable: str
    site_id: int
    company_id: int
    fulfilment: str
    qty_source: str
    units_per_listing: int
    policy_id: int
    is_stopped: bool
    is_known: bool
    sync_state: str
    block_code: str


class SiteRule(NamedTuple):
    """What a site says about its listings."""

    warehouse_ids: tuple
    share_percent: float
    max_qty: int
    mto_qty: int
    interval: int


class Readings(NamedTuple):
    """What was read for the products of a batch.

    :param free: (product id, warehouse id) → units
    :param committed: the same, demand of stock moves
    :param promised: (product id, site id) → units that channel orders want
    :param lines: policy, interval, company → (product id → buffer line, line of all
        other products)
    """

    free: dict
    committed: dict
    promised: dict
    lines: object


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model
    def _read_batch(self, condition):
        """Read the listings that ``condition`` (SQL over ``l``) selects, and the other
        members of their pools.

        :return: kind → rows, and the pools as :meth:`_read_pools` returns them
        """
        kinds = defaultdict(list)  # values of a kind → its rows
        self._read_rows(condition, kinds)
        pools = self._read_pools(condition)
        if pools:
            known = {row.id for rows in kinds.values() for row in rows}
            members = itertools.chain.from_iterable(members for members, _ours in pools)
            if others := [member for member in members if member not in known]:
                self._read_rows(SQL("l.id = ANY(%s)", int_array(others)), kinds)
        return {Kind._make(key): rows for key, rows in kinds.items()}, pools

    @api.model
    def _read_rows(self, condition, kinds):
        """Add the listings that ``condition`` selects to ``kinds``."""
        found = self.env.execute_query(
            SQL(
                """
                SELECT l.id, l.product_id, COALESCE(l.qty, 0),
                       COALESCE(l.committed_qty, 0)::float8, COALESCE(l.buffer_qty, 0),
                       COALESCE(l.own_qty, 0), COALESCE(l.sellable_qty, 0),
                       COALESCE(l.published_qty, 0), l.pending_since,
                       l.product_id IS NOT NULL, COALESCE(u.active, TRUE),
                       u.uncountable, l.site_id, l.company_id, l.fulfilment,
                       l.qty_source, l.units_per_listing, l.effective_buffer_policy_id,
                       COALESCE(l.is_stopped, FALSE),
                       l.published_at IS NOT NULL AND l.is_uncertain IS NOT TRUE,
                       l.sync_state, l.block_code
                  FROM marketplace_listing l
             LEFT JOIN (%s) u ON u.id = l.product_id
                 WHERE %s
                """,
                self._sql_unusual_products(),
                condition,
            )
        )
        own = len(Row._fields)
        for values in found:
            kinds[values[own:]].append(Row._make(values[:own]))

    @api.model
    def _sql_unusual_products(self):
        """The few products that are archived or cannot be counted. Joined instead of
        all products: a sweep spends a third of the time on reading its listings."""
        return SQL(
            """SELECT p.id, COALESCE(p.active, FALSE) AS active,
                      %(uncountable)s AS uncountable
                 FROM product_product p
                 JOIN product_template t ON t.id = p.product_tmpl_id
                WHERE p.active IS NOT TRUE OR (%(uncountable)s) IS NOT NULL""",
            uncountable=self.env["marketplace.stock"]._sql_uncountable(),
        )

    @api.model
    def _read_pools(self, condition):
        """Return the pools of several listings that ``condition`` has a part of.

        :return: for each, the ids of its active members, and of those among them that
            we ship, whose numbers decide
        """
        return self.env.execute_query(
            SQL(
                """
                SELECT array_agg(m.id) FILTER (WHERE m.active),
                       COALESCE(
                           array_agg(m.id)
                           FILTER (WHERE m.active AND m.fulfilment = 'merchant'),
                           '{}'
                       )
                  FROM marketplace_listing m
                 WHERE m.pool_key IS NOT NULL
                   AND EXISTS (
                       SELECT 1
                         FROM marketplace_listing l
                        WHERE l.account_id = m.account_id
                          AND l.pool_key = m.pool_key
                          AND %s
                   )
                 GROUP BY m.account_id, m.pool_key
                HAVING COUNT(*) > 1 AND BOOL_OR(m.active)
                """,
                condition,
            )
        )

    # === ARITHMETIC ===

    @api.model
    def _compute_breakdowns(self, kinds):
        """Return listing id → breakdown, for those that a number can be given."""
        rules = self._read_site_rules({kind.site_id for kind in kinds})
        kinds = {
            kind: rows
            for kind, rows in kinds.items()
            if not self._get_block_code(kind, rules[kind.site_id])
        }
        readings = self._read_readings(kinds, rules)
        breakdowns = {}
        for kind, rows in kinds.items():
            rule = rules[kind.site_id]
            terms = self._get_terms(kind, rows, rule, readings)
            numbers = map(self._get_computation(kind, rule), *terms)
            breakdowns.update(zip((row.id for row in rows), numbers, strict=True))
        return breakdowns

    @api.model
    def _get_block_code(self, kind, rule):
        """Say why no number can be computed for such listings, None when one can."""
        if not kind.has_product:
            return NO_PRODUCT
        if kind.qty_source == "capacity":
            return NO_CAPACITY
        if kind.qty_source != "stock":
            return None
        if not rule.warehouse_ids:
            return NO_WAREHOUSE
        return kind.uncountable

    @api.model
    def _get_computation(self, kind, rule):
        """Return the engine's computation with all that follows from the kind; many
        listings have the same terms, which are computed once."""
        stopped = kind.is_stopped or not kind.product_active

        @functools.cache
        def compute_one(available, committed, line):
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

        return compute_one

    @api.model
    def _get_terms(self, kind, rows, rule, readings):
        """Return what differs from row to row, as columns in the order of ``rows``: the
        quantity that the source gives, what is committed of it, the buffer line."""
        if kind.qty_source == "stock":
            return self._get_stock_terms(kind, rows, rule, readings)
        if kind.qty_source == "mto":
            available = itertools.repeat(rule.mto_qty, len(rows))
        else:
            available = [row.qty for row in rows]
        return available, itertools.repeat(0.0), itertools.repeat(NO_BUFFER)

    @api.model
    def _get_stock_terms(self, kind, rows, rule, readings):
        products = [row.product_id for row in rows]
        warehouses, promised = rule.warehouse_ids, readings.promised
        free = [sum_over(readings.free, product, warehouses) for product in products]
        committed = [
            # a numeric column keeps no float noise
            round(
                sum_over(readings.committed, product, warehouses)
                + promised.get((product, kind.site_id), 0.0),
                6,
            )
            for product in products
        ]
        lines, usual = readings.lines(kind.policy_id, rule.interval, kind.company_id)
        return free, committed, [lines.get(product, usual) for product in products]

    @api.model
    def _read_readings(self, kinds, rules):
        """Read what the listings of a batch are computed from, one query each."""
        counted = {
            kind: rows for kind, rows in kinds.items() if kind.qty_source == "stock"
        }
        products = {row.product_id for rows in counted.values() for row in rows}
        if not products:
            return Readings({}, {}, {}, None)
        warehouses = {w for rule in rules.values() for w in rule.warehouse_ids}
        stock = self.env["marketplace.stock"]
        return Readings(
            stock._read_free(products, warehouses),
            stock._read_committed(products, warehouses),
            self._read_promised_by_site(products, rules),
            self._read_buffers(products, {kind.policy_id for kind in counted}),
        )

    @api.model
    def _read_promised_by_site(self, product_ids, rules):
        """Return what is promised to channel orders by (product id, site id): an order
        counts on every site that ships from a warehouse of the order's own site.

        :param rules: the sites to answer for
        """
        stock = self.env["marketplace.stock"]
        promised = stock._read_promised(product_ids)
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
    def _read_buffers(self, product_ids, policy_ids):
        """Return a function that tells the buffer lines of a policy, for a sync
        interval and a company: product id → line where it was sold, and the line of
        what was not."""
        policies = self.env["marketplace.buffer.policy"].sudo()
        policies = policies.browse(filter(None, policy_ids))
        lines = {policy.id: policy._get_engine_lines() for policy in policies}
        sold = self.env["marketplace.stock"]._read_sold(product_ids) if lines else {}
        velocities = defaultdict(dict)
        for (product, company), units in sold.items():
            velocities[company][product] = daily_velocity(units)

        @functools.cache
        def match(policy, interval, velocity):
            line = matching_line(lines.get(policy, ()), interval, velocity)
            return line or NO_BUFFER

        @functools.cache
        def lines_of(policy, interval, company):
            moving = {
                product: match(policy, interval, velocity)
                for product, velocity in velocities[company].items()
            }
            return moving, match(policy, interval, 0.0)

        return lines_of

    @api.model
    def _compute_pools(self, pools, breakdowns):
        """Return listing id → the one number that its pool publishes."""
        result = {}
        for members, ours in pools:
            deciding = [breakdowns[one] for one in ours if one in breakdowns]
            if deciding:
                number = pool_number(
                    PoolMember(one.source, one.sellable, one.stopped)
                    for one in deciding
                )
                result.update(dict.fromkeys(members, number))
        return result
