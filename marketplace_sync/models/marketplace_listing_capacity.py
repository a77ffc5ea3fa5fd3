"""Listings whose quantity is what a production capacity can still make."""

from odoo import api, models
from odoo.tools import SQL

from ..engine import capacity as engine
from .tools import int_array

#: Lead time of what is made, where neither site nor product says one (days).
DEFAULT_LEAD_TIME_DAYS = 10


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    @api.model
    def _read_slots(self, rows):
        """Return listing id → (units that can still be made, units of them that
        channel orders want), for the listings that have a capacity.

        One capacity is read once, however many listings share it.
        """
        members = self._read_capacity_members([row.id for row in rows])
        ids = {capacity for capacity, _weight in members.values()}
        capacities = self.env["marketplace.capacity"].sudo().browse(ids)
        loads = capacities._read_loads()
        makers = {one.id: one._get_engine_capacity() for one in capacities}
        longer = {one.id for one in capacities if one.when_exhausted == "longer"}
        result = {}
        for listing, (capacity, weight) in members.items():
            maker, (making, promised) = makers[capacity], loads[capacity]
            extra = 0
            if capacity in longer:
                extra = engine.extension(maker, making + promised, weight) or 0
            left = max(0.0, engine.slots(maker, extra) - making)
            result[listing] = (
                engine.units_of(left, weight),
                round(engine.units_of(promised, weight), 6),
            )
        return result

    @api.model
    def _read_capacity_members(self, listing_ids):
        """Return listing id → (capacity id, weight); a listing's own membership wins
        over its product's."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (g.id) g.id, l.capacity_id, l.weight::float8
                  FROM marketplace_listing g
                  JOIN marketplace_capacity_line l
                    ON l.listing_id = g.id
                    OR (l.product_id = g.product_id AND l.company_id = g.company_id)
                  JOIN marketplace_capacity c ON c.id = l.capacity_id AND c.active
                 WHERE g.id = ANY(%s)
                 ORDER BY g.id, l.listing_id NULLS LAST
                """,
                int_array(listing_ids),
            )
        )
        return {listing: (capacity, weight) for listing, capacity, weight in rows}

    @api.model
    def _get_capacity_terms(self, rows, readings):
        available, committed = zip(
            *(readings.slots[row.id] for row in rows), strict=True
        )
        lines = readings.buffers[rows[0].kind.buffer_key]
        return available, committed, [lines.get(row.product_id) for row in rows]

    # === LEAD TIME ===

    def _get_lead_times(self):
        """Return listing id → days of handling time to publish, 0 = leave it alone.

        The site's, else the product's customer lead time; what is made has 10 days
        where neither says one, and longer while its capacity is exhausted and chosen
        to promise the next week with room.
        """
        extra = self._get_capacity_extra_days()
        result = {}
        for listing in self:
            days = listing.site_id.lead_time_days
            days = days or int(listing.product_id.sale_delay or 0)
            if not days and listing.qty_source in ("mto", "capacity"):
                days = DEFAULT_LEAD_TIME_DAYS
            result[listing.id] = days + extra.get(listing.id, 0)
        return result

    def _get_capacity_extra_days(self):
        """Return listing id → days beyond the usual lead time."""
        made = self.filtered(lambda listing: listing.qty_source == "capacity")
        members = self._read_capacity_members(made.ids) if made else {}
        ids = {capacity for capacity, _weight in members.values()}
        capacities = self.env["marketplace.capacity"].sudo().browse(ids)
        capacities = capacities.filtered(lambda one: one.when_exhausted == "longer")
        loads = capacities._read_loads()
        makers = {one.id: one._get_engine_capacity() for one in capacities}
        return {
            listing: 7 * (engine.extension(makers[one], sum(loads[one]), weight) or 0)
            for listing, (one, weight) in members.items()
            if one in makers
        }

    # === WHY THIS NUMBER ===

    def _get_breakdown_values(self, breakdown, warehouses=None):
        values = super()._get_breakdown_values(breakdown, warehouses)
        if breakdown.source == "capacity":
            values["promised"] = breakdown.committed
            values["capacity"] = self._get_capacity_values()
        return values

    def _get_capacity_values(self):
        """Return this listing's capacity as JSON types, readable without its record."""
        one, weight = self._read_capacity_members(self.ids).get(self.id, (None, 1.0))
        capacity = self.env["marketplace.capacity"].sudo().browse(one or [])
        if not capacity:
            return {}
        maker, load = capacity._get_engine_capacity(), capacity._read_loads()[one]
        extra = 0
        if capacity.when_exhausted == "longer":
            extra = engine.extension(maker, sum(load), weight) or 0
        return {
            "name": capacity.name,
            "units_per_week": maker.units_per_week,
            "weeks": maker.weeks,
            "working_percent": round(maker.working * 100, 1),
            "safety": maker.safety,
            "extra_weeks": extra,
            "slots": engine.slots(maker, extra),
            "in_production": load[0],
            "weight": weight,
        }

    @api.model
    def _get_stock_steps(self, values):
        steps = super()._get_stock_steps(values)
        return self._get_capacity_steps(values.get("capacity")) + steps

    @api.model
    def _get_capacity_steps(self, made):
        if not made:
            return []
        number, step = self._format_quantity, self._step
        hint = ""
        if made["working_percent"] != 100:
            hint = self.env._(
                "%s %% of the time is worked", number(made["working_percent"])
            )
        steps = [
            step(
                self.env._(
                    "%(name)s: %(units)s a week for %(weeks)s weeks",
                    name=made["name"],
                    units=number(made["units_per_week"]),
                    weeks=number(made["weeks"] + made["extra_weeks"]),
                ),
                number(made["slots"]),
                hint,
            ),
            step(self.env._("In production"), f"− {number(made['in_production'])}"),
        ]
        if made["extra_weeks"]:
            steps[0]["hint"] = self.env._(
                "Exhausted: the lead time is %s weeks longer.", made["extra_weeks"]
            )
        if made["safety"]:
            steps[0]["hint"] += " " + self.env._(
                "%s never promised.", number(made["safety"])
            )
        if made["weight"] != 1:
            steps.append(
                step(self.env._("One unit takes"), f"÷ {number(made['weight'])}")
            )
        return steps
