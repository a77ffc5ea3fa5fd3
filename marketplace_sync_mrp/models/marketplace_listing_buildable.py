"""What could be assembled from components at hand, where a listing counts it."""

from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.kits import choose, complete, explode
from .marketplace_stock_kits import components_of


class MarketplaceListing(models.Model):
    _inherit = "marketplace.listing"

    add_buildable = fields.Boolean(
        tracking=True,
        help="Add what could be manufactured at once from the components that lie free "
        "in each warehouse. Products that share components each count all of them.",
    )

    can_be_built = fields.Boolean(compute="_compute_can_be_built")

    _buildable_idx = models.Index("(product_id) WHERE add_buildable")

    @api.depends("product_id", "company_id")
    def _compute_can_be_built(self):
        """Tell whether the product has a bill of materials to manufacture it by."""
        bills = self.env["mrp.bom"].sudo()
        for company, listings in self.grouped("company_id").items():
            found = bills._bom_find(
                listings.product_id, company_id=company.id, bom_type="normal"
            )
            for listing in listings:
                listing.can_be_built = bool(found[listing.product_id])

    def write(self, vals):
        result = super().write(vals)
        if "add_buildable" in vals:
            self._mark_changed()
        return result

    @api.model
    def _read_additions(self, rows, rules):
        additions = super()._read_additions(rows, rules)
        for listing, by_warehouse in self._read_buildable(rows, rules).items():
            units = sum(count for count, _kit, _left in by_warehouse.values())
            additions[listing] = additions.get(listing, 0.0) + units
        return additions

    @api.model
    def _read_buildable(self, rows, rules):
        """Return listing id → warehouse id → (units, what one takes, components left),
        for the listings that count them."""
        rows = self._select_adding(rows)
        if not rows:
            return {}
        stock = self.env["marketplace.stock"]
        warehouses = {w for row in rows for w in rules[row.kind.site_id].warehouse_ids}
        recipes = self._read_recipes({row.product_id for row in rows}, warehouses)
        parts = components_of(recipes.values())
        free = stock._read_free(parts, warehouses)
        committed = stock._read_committed(parts, warehouses)
        promised = self._read_promised_by_site(parts, rules)
        precision = stock._get_precision()
        result = defaultdict(dict)
        for row in rows:
            for warehouse in rules[row.kind.site_id].warehouse_ids:
                recipe = recipes.get((row.product_id, warehouse))
                if recipe:
                    left = {
                        part: free.get((part, warehouse), 0.0)
                        - committed.get((part, warehouse), 0.0)
                        # of several warehouses any may ship it: none builds with it
                        - promised.get((part, row.kind.site_id), 0.0)
                        for part in recipe.needs
                    }
                    units = max(0.0, complete(recipe, left, precision))
                    result[row.id][warehouse] = (units, recipe, left)
        return dict(result)

    @api.model
    def _select_adding(self, rows):
        """Return the rows of listings that count what can be built."""
        found = self.env.execute_query(
            SQL("SELECT id FROM marketplace_listing WHERE add_buildable")
        )
        adding = {listing for (listing,) in found}
        if not adding:
            return []
        counted = {
            row.id: row
            for row in rows
            if row.kind.qty_source == "stock"
            and row.product_id
            and not row.kind.uncountable
        }
        return [counted[listing] for listing in adding if listing in counted]

    @api.model
    def _read_recipes(self, product_ids, warehouse_ids):
        """Return (product id, warehouse id) → what one unit takes, by the bill that
        Odoo would manufacture with there; kits among its lines are exploded. Of a kit
        nothing is built, and a bill of nothing that is tracked tells nothing.
        """
        stock = self.env["marketplace.stock"]
        roots = stock._select_bills(product_ids, "normal")
        if not roots:
            return {}
        bills = stock._read_bills(roots)
        kits = {product: bs for product, bs in bills.items() if product not in roots}
        kits.update(stock._read_bills(stock._select_bills(roots, "phantom")))
        values = {
            **stock._read_variant_values(bills),
            **stock._read_variant_values(kits),
        }
        precision = stock._get_precision()
        recipes = {}
        for warehouse in self.env["stock.warehouse"].sudo().browse(warehouse_ids):
            company, operation = warehouse.company_id.id, warehouse.manu_type_id.id
            for product in roots:
                bill = choose(bills[product], company, operation, strict=True)
                if not bill or choose(kits.get(product, ()), company):
                    continue
                recipe = explode(product, bill, company, kits, values, precision)
                if not recipe.problem:
                    recipes[product, warehouse.id] = recipe
        return recipes
