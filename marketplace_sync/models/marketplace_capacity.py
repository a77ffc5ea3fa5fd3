"""Production capacity that several listings share: a maker who can ship 12 a week must
not promise 999."""

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..engine import capacity as engine
from .tools import int_array


class MarketplaceCapacity(models.Model):
    _name = "marketplace.capacity"
    _description = "Marketplace Production Capacity"
    _order = "sequence, name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    units_per_week = fields.Float(
        digits=(16, 2),
        required=True,
        help="Units of weight 1 that can be finished in a normal week.",
    )
    lead_time_weeks = fields.Float(
        "Lead Time (weeks)",
        default=2.0,
        required=True,
        help="Within this time an order that comes in now is ready. So many weeks of "
        "work can be promised.",
    )
    safety_units = fields.Float(
        "Safety", digits=(16, 2), help="Units that are never promised."
    )
    calendar_id = fields.Many2one(
        "resource.calendar",
        "Working Calendar",
        check_company=True,
        help="Its holidays within the lead time reduce what can be promised.",
    )
    when_exhausted = fields.Selection(
        [("zero", "Show 0"), ("longer", "Promise a longer lead time")],
        default="zero",
        required=True,
        help="Longer lead time: the next week that has room is promised, and told to "
        "the channels that take a lead time.",
    )
    line_ids = fields.One2many("marketplace.capacity.line", "capacity_id", "Members")
    load_units = fields.Float(
        "Taken", digits=(16, 2), compute="_compute_load", help="In units of weight 1."
    )
    in_production_units = fields.Float(
        "In Production", digits=(16, 2), compute="_compute_load"
    )
    promised_units = fields.Float("Promised", digits=(16, 2), compute="_compute_load")
    open_units = fields.Float("Open", digits=(16, 2), compute="_compute_load")

    _check_units = models.Constraint(
        "CHECK (units_per_week >= 0)", "A capacity cannot be negative."
    )
    _check_weeks = models.Constraint(
        "CHECK (lead_time_weeks > 0)", "The lead time must be longer than nothing."
    )
    _check_safety = models.Constraint(
        "CHECK (safety_units >= 0)", "The safety cannot be negative."
    )

    #: What changes the numbers of the members.
    _quantity_fields = frozenset(
        (
            "active",
            "units_per_week",
            "lead_time_weeks",
            "safety_units",
            "calendar_id",
            "when_exhausted",
            "company_id",
        )
    )

    def write(self, vals):
        result = super().write(vals)
        if self._quantity_fields & vals.keys():
            self.line_ids._mark_changed()
        return result

    def unlink(self):
        self.line_ids.unlink()
        return super().unlink()

    # === LOAD ===

    def _compute_load(self):
        loads = self._read_loads()
        for capacity in self:
            making, promised = loads.get(capacity.id, (0.0, 0.0))
            capacity.in_production_units = making
            capacity.promised_units = promised
            capacity.load_units = making + promised
            total = engine.slots(capacity._get_engine_capacity())
            capacity.open_units = max(0.0, total - making - promised)

    def _get_engine_capacity(self):
        self.ensure_one()
        return engine.Capacity(
            self.units_per_week,
            self.lead_time_weeks,
            self.safety_units,
            self._get_working_part(),
        )

    def _get_working_part(self):
        """Return which part of the hours of the lead time is worked, 0–1."""
        calendar = self.calendar_id
        if not calendar:
            return 1.0
        start = fields.Datetime.now()
        end = fields.Datetime.add(start, hours=self.lead_time_weeks * 7 * 24)
        normal = calendar.get_work_hours_count(start, end, compute_leaves=False)
        worked = calendar.get_work_hours_count(start, end, compute_leaves=True)
        return worked / normal if normal else 0.0

    def _read_loads(self):
        """Return capacity id → (slots in production, slots promised to channel orders
        that are not in production yet)."""
        members = self._read_members()
        if not members:
            return {}
        stock = self.env["marketplace.stock"]
        product_ids = {product for _capacity, product in members}
        making = stock._read_in_production(product_ids)
        promised = {}
        for (product, _site), units in stock._read_promised(product_ids).items():
            promised[product] = promised.get(product, 0.0) + units
        companies = {capacity.id: capacity.company_id.id for capacity in self}
        loads = {}
        for (capacity, product), weight in members.items():
            made, wanted = loads.get(capacity, (0.0, 0.0))
            made += weight * making.get((product, companies[capacity]), 0.0)
            wanted += weight * promised.get(product, 0.0)
            loads[capacity] = (made, wanted)
        return loads

    def _read_members(self):
        """Return (capacity id, product id) → weight of one unit of the product."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.capacity_id, COALESCE(l.product_id, g.product_id),
                       MAX(l.weight)
                  FROM marketplace_capacity_line l
             LEFT JOIN marketplace_listing g ON g.id = l.listing_id
                 WHERE l.capacity_id = ANY(%s)
                   AND COALESCE(l.product_id, g.product_id) IS NOT NULL
                 GROUP BY 1, 2
                """,
                int_array(self.ids),
            )
        )
        return {(capacity, product): weight for capacity, product, weight in rows}


class MarketplaceCapacityLine(models.Model):
    """A product, or one listing, that is made with a capacity."""

    _name = "marketplace.capacity.line"
    _description = "Marketplace Capacity Member"
    _order = "capacity_id, id"
    _check_company_auto = True

    capacity_id = fields.Many2one(
        "marketplace.capacity", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="capacity_id.company_id", store=True)
    product_id = fields.Many2one(
        "product.product", check_company=True, ondelete="cascade", index=True
    )
    listing_id = fields.Many2one(
        "marketplace.listing", check_company=True, ondelete="cascade", index=True
    )
    weight = fields.Float(
        default=1.0,
        required=True,
        digits=(16, 4),
        help="Slots that one unit takes: 1.5 for a wallet that takes half as long "
        "again.",
    )

    _one_member = models.Constraint(
        "CHECK ((product_id IS NULL) != (listing_id IS NULL))",
        "A member is either a product or a listing.",
    )
    _check_weight = models.Constraint(
        "CHECK (weight > 0)", "The weight must be greater than 0."
    )
    _product_uniq = models.Constraint(
        "UNIQUE (company_id, product_id)",
        "This product is made with a capacity already.",
    )
    _listing_uniq = models.Constraint(
        "UNIQUE (listing_id)", "This listing is made with a capacity already."
    )

    @api.depends("product_id", "listing_id")
    def _compute_display_name(self):
        for line in self:
            member = line.product_id or line.listing_id
            line.display_name = member.display_name

    @api.constrains("product_id", "listing_id")
    def _check_one_capacity(self):
        """A listing and its product in two capacities would be promised twice."""
        for line in self:
            product = line.product_id or line.listing_id.product_id
            others = self.search(
                [
                    ("company_id", "=", line.company_id.id),
                    ("capacity_id", "!=", line.capacity_id.id),
                    "|",
                    ("product_id", "=", product.id),
                    ("listing_id.product_id", "=", product.id),
                ],
                limit=1,
            )
            if product and others:
                raise ValidationError(
                    self.env._(
                        "%(product)s is made with %(capacity)s already.",
                        product=product.display_name,
                        capacity=others.capacity_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._mark_changed()
        return lines

    def write(self, vals):
        self._mark_changed()
        result = super().write(vals)
        self._mark_changed()
        return result

    def unlink(self):
        products = self._get_products()
        result = super().unlink()
        self.env["marketplace.stock.change"]._gather(products.ids)
        return result

    def _get_products(self):
        return self.product_id | self.listing_id.product_id

    def _mark_changed(self):
        self.env["marketplace.stock.change"]._gather(self._get_products().ids)


class MarketplaceStock(models.AbstractModel):
    _inherit = "marketplace.stock"

    @api.model
    def _expand_products(self, product_ids):
        """Add what shares a capacity with these products: a slot that one takes, the
        others lose."""
        expanded = super()._expand_products(product_ids)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT COALESCE(o.product_id, og.product_id)
                  FROM marketplace_capacity_line l
             LEFT JOIN marketplace_listing g ON g.id = l.listing_id
                  JOIN marketplace_capacity_line o ON o.capacity_id = l.capacity_id
             LEFT JOIN marketplace_listing og ON og.id = o.listing_id
                 WHERE COALESCE(l.product_id, g.product_id) = ANY(%s)
                """,
                int_array(expanded),
            )
        )
        return expanded | {product for (product,) in rows if product}

    @api.model
    def _read_in_production(self, product_ids):
        """Return units that are being made, or must be, by (product id, company id).

        Without manufacturing orders (a bridge reads those): what confirmed deliveries
        still have to take, less what is finished and lies there.
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH wanted AS (
                    SELECT m.product_id, m.company_id, SUM(m.product_qty) AS units
                      FROM stock_move m
                      JOIN stock_location d
                        ON d.id = COALESCE(m.location_final_id, m.location_dest_id)
                     WHERE m.product_id = ANY(%(products)s)
                       AND m.state NOT IN ('draft', 'done', 'cancel')
                       AND d.usage = 'customer'
                       AND NOT EXISTS (
                           SELECT 1
                             FROM stock_move_move_rel r
                             JOIN stock_move n ON n.id = r.move_dest_id
                            WHERE r.move_orig_id = m.id
                              AND n.state NOT IN ('done', 'cancel')
                       )
                     GROUP BY m.product_id, m.company_id
                ), finished AS (
                    SELECT q.product_id, q.company_id, SUM(q.quantity) AS units
                      FROM stock_quant q
                      JOIN stock_location l ON l.id = q.location_id
                     WHERE q.product_id = ANY(%(products)s)
                       AND l.usage = 'internal'
                     GROUP BY q.product_id, q.company_id
                )
                SELECT w.product_id, w.company_id,
                       GREATEST(0, w.units - GREATEST(0, COALESCE(f.units, 0)))::float8
                  FROM wanted w
             LEFT JOIN finished f USING (product_id, company_id)
                """,
                products=int_array(product_ids),
            )
        )
        return {(product, company): units for product, company, units in rows}
