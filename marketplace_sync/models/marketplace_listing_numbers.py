"""What a listing's number is computed from, read for a whole batch, and the number.

The arithmetic is the engine's; here is what it is fed with. A hundred thousand listings
are of a few dozen kinds: what follows from the kind is decided once, and what is left
for the single listing is a look-up.
"""

import functools
import itertools
import operator
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
    """A listing as the refresh reads it."""

    id: int
    product_id: int
    account_id: int
    pool_key: str
    active: bool
    # its kind: what it has in common with many others
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
    # what the computation may change
    qty: int
    committed_qty: float
    buffer_qty: int
    own_qty: int
    sellable_qty: int
    sync_state: str
    block_code: str
    # what it judges by
    published_qty: int
    is_known: bool
    pending_since: object


#: The fields that rows of one kind agree in; those that the computation may change.
KIND = slice(Row._fields.index("has_product"), Row._fields.index("qty"))
CHANGING = slice(Row._fields.index("qty"), Row._fields.index("published_qty"))


def by_kind(rows):
    """Return the rows as lists; in each, any one answers for all in what follows from
    their kind."""
    kinds = defaultdict(list)
    for row in rows:
        kinds[row[KIND]].append(row)
    return list(kinds.values())


class SiteRule(NamedTuple):
    """What a site says about its listings."""

    warehouse_ids: tuple
    share_percent: float
    max_qty: int
    mto_qty: int
    interval: int


class Readings(NamedTuple):
    """What was read for the products of a batch, in product units.

    :param free: by (product id, warehouse id)
    :param committed: demand that is not taken out of it, by (product id, site id)
    :param additions: what a listing counts beside free stock, by its id
    :param buffers: listing id → the buffer line that applies
    :param slots: listing id → (units that its production capacity can still make,
        units of it that channel orders want)
    """

    free: dict
    committed: dict
    additions: dict
    buffers: dict
    slots: dict


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
                       l.published_at IS NOT NULL AND l.is_uncertain IS NOT TRUE,
                       l.pending_since
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
            by_source[alike[0].qty_source] += alike
        readings = Readings({}, {}, {}, {}, {})
        if counted := by_source["stock"]:
            products = {row.product_id for row in counted}
            warehouses = {w for rule in rules.values() for w in rule.warehouse_ids}
            readings = Readings(
                self.env["marketplace.stock"]._read_free(products, warehouses),
                self._read_committed_by_site(products, rules),
                self._read_additions(counted, rules),
                self._read_buffers(counted, rules),
                {},
            )
        if limited := by_source["capacity"]:
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
        available = sum_over(readings.free, products, rule.warehouse_ids)
        if readings.additions:
            added = (readings.additions.get(row.id, 0.0) for row in rows)
            available = map(operator.add, available, added)
        committed = [readings.committed.get((one, site), 0.0) for one in products]
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
    def _read_buffers(self, rows, rules):
        """Return listing id → the buffer line that applies."""
        policies = self.env["marketplace.buffer.policy"].sudo()
        policies = policies.browse({row.policy_id for row in rows if row.policy_id})
        lines = {policy.id: policy._get_engine_lines() for policy in policies}
        products = {row.product_id for row in rows}
        sold = self.env["marketplace.stock"]._read_sold(products) if lines else {}

        @functools.cache
        def match(policy, interval, units):
            velocity = daily_velocity(units)
            return matching_line(lines[policy], interval, velocity) or NO_BUFFER

        return {
            row.id: match(
                row.policy_id,
                rules[row.site_id].interval,
                sold.get((row.product_id, row.company_id), 0.0),
            )
            if row.policy_id
            else NO_BUFFER
            for row in rows
        }

    @api.model
    def _compute_pools(self, rows, breakdowns):
        """Return listing id → the one number that its pool publishes, for listings that
        share their counter with others."""
        pools = defaultdict(list)
        for row in rows:
            if row.pool_key and row.active and row.id in breakdowns:
                pools[row.account_id, row.pool_key].append(row)
        result = {}
        for members in pools.values():
            if len(members) == 1:
                continue
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
