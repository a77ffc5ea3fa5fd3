"""Why a kit's number is what it is: which component limits it in which warehouse."""

from odoo import api, models
from odoo.addons.marketplace_sync.models.tools import int_array
from odoo.tools import SQL

from ..engine.kits import limiting

#: Components that are named per warehouse, the scarcest first. What was sent keeps its
#: explanation, so it must stay short.
NAMED = 8


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    def _get_stock_by_warehouse(self):
        result = super()._get_stock_by_warehouse()
        self._add_components(result)
        self._add_buildable(result)
        return result

    def _add_components(self, result):
        """Add to each warehouse of a kit what its components allow."""
        stock = self.env["marketplace.stock"]._with_kits()
        warehouses = self.site_id.sudo().warehouse_ids
        kits = stock._read_kits_by_warehouse(self.product_id.ids, warehouses.ids)
        if not kits:
            return
        parts = {part for kit in kits.values() for part in kit.needs}
        free = stock._read_free(parts, warehouses.ids)
        committed = stock._read_committed(parts, warehouses.ids)
        for listing in self:
            for row in result[listing.id]:
                warehouse = row.get("warehouse_id")
                kit = kits.get((listing.product_id.id, warehouse))
                if kit:
                    of_kit = {p: free.get((p, warehouse), 0.0) for p in kit.needs}
                    taken = {p: committed.get((p, warehouse), 0.0) for p in of_kit}
                    row["components"] = self._describe_components(kit, of_kit, taken)

    def _add_buildable(self, result):
        """Add to each warehouse what can be built there."""
        rows = self._select_rows(SQL("l.id = ANY(%s)", int_array(self.ids)))
        rules = self._read_site_rules({row.kind.site_id for row in rows})
        buildable = self._read_buildable(rows, rules)
        for listing in self.browse(buildable):
            for row in result[listing.id]:
                warehouse = row.get("warehouse_id")
                if warehouse in buildable[listing.id]:
                    units, recipe, left = buildable[listing.id][warehouse]
                    row["buildable"] = units
                    row["parts"] = self._describe_components(recipe, left, {})

    @api.model
    def _describe_components(self, kit, free, committed):
        """Return [{name, unit, need, free, committed, kits, left}], the scarcest first:
        ``kits`` that are free, and those that are left after demand.

        :param free: component → free quantity in one warehouse
        """
        precision = self.env["marketplace.stock"]._get_precision()
        kits = dict(limiting(kit, free, precision))
        after = {part: free[part] - committed.get(part, 0.0) for part in free}
        scarcest = limiting(kit, after, precision)[:NAMED]
        products = self.env["product.product"].sudo()
        return [
            {
                "name": products.browse(part).display_name,
                "unit": products.browse(part).uom_id.display_name,
                "need": round(kit.need_of(part), 6),
                "free": free[part],
                "committed": committed.get(part, 0.0),
                "kits": kits[part],
                "left": left,
            }
            for part, left in scarcest
        ]

    @api.model
    def _get_warehouse_steps(self, warehouse):
        steps = super()._get_warehouse_steps(warehouse)
        if "components" in warehouse:
            number = self._format_quantity(warehouse["free"])
            label = self.env._("Complete kits in %s", warehouse["name"])
            hint = self._get_limit_words(warehouse["components"])
            steps = [self._step(label, number, hint)]
            steps += map(self._get_component_step, warehouse["components"])
        if "buildable" in warehouse:
            number = self._format_quantity(warehouse["buildable"])
            label = self.env._("Can be built in %s", warehouse["name"])
            hint = self._get_limit_words(warehouse["parts"])
            steps.append(self._step(label, f"+ {number}", hint))
            steps += map(self._get_component_step, warehouse["parts"])
        return steps

    @api.model
    def _get_limit_words(self, components):
        scarcest = min(components, key=lambda component: component["kits"])
        return self.env._("Limited by %s", scarcest["name"])

    @api.model
    def _get_component_step(self, component):
        """Name one component: what is free of it ÷ what one kit takes."""
        number = self._format_quantity
        hint = ""
        if component["committed"]:
            hint = self.env._(
                "%(units)s of it promised, not reserved yet: leaves %(kits)s",
                units=number(component["committed"]),
                kits=number(component["left"]),
            )
        value = (
            f"{number(component['free'])} {component['unit']} ÷ "
            f"{number(component['need'])} = {number(component['kits'])}"
        )
        return {**self._step(component["name"], value, hint), "is_detail": True}
