"""Bills of materials, read for many products in a few queries per level of nesting."""

from collections import defaultdict

from odoo import api, models
from odoo.addons.marketplace_sync.models.tools import covering, int_array
from odoo.tools import SQL

from ..engine.kits import Bill, Line, Precision, Unit, choose, explode

#: Context key of the kits that one computation has read already.
MEMO = "marketplace_sync_mrp.kits"


class Memo:
    """What one computation has read. A class of its own, since environments compare
    their contexts.

    - ``products``: those of which it is known whether they are kits anywhere
    - ``bills``: product id → the bills of those that are
    - ``kits``: (product id, company id) → kit, None where it is none there
    """

    def __init__(self):
        self.products, self.bills, self.kits = set(), {}, {}


class MarketplaceStock(models.AbstractModel):
    _inherit = "marketplace.stock"

    @api.model
    def _with_kits(self):
        """Return this reader with a memory: bills are read once in one computation."""
        return self.with_context(**{MEMO: Memo()})

    @api.model
    def _read_kits(self, product_ids, company_ids):
        """Return (product id, company id) → :class:`..engine.kits.Kit` for the products
        that are kits there.

        The kit that a company ships: by its own bills and by those of no company.
        """
        memo = self.env.context.get(MEMO) or Memo()
        unknown = set(product_ids) - memo.products
        if unknown:
            memo.products |= unknown
            memo.bills.update(self._select_bills(unknown, "phantom"))
        # Most products are no kits: only those that are cost more than this.
        found = memo.bills.keys() & product_ids
        wanted = {(product, company) for product in found for company in company_ids}
        missing = wanted - memo.kits.keys()
        if missing:
            memo.kits.update(dict.fromkeys(missing))
            memo.kits.update(self._explode_kits(missing, memo.bills))
        return {key: memo.kits[key] for key in wanted if memo.kits[key]}

    @api.model
    def _explode_kits(self, keys, roots):
        """Return (product id, company id) → kit.

        :param roots: product id → bills, without their lines
        """
        products = {product for product, _company in keys}
        bills = self._read_bills({product: roots[product] for product in products})
        values = self._read_variant_values(bills)
        precision = self._get_precision()
        kits = {}
        for product, company in keys:
            bill = choose(bills.get(product, ()), company)
            if bill:
                kits[product, company] = explode(
                    product, bill, company, bills, values, precision
                )
        return kits

    @api.model
    def _get_precision(self):
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return Precision(digits)

    @api.model
    def _read_bills(self, roots):
        """Return product id → its kit bills with their lines, and those of everything
        that is in them.

        :param roots: what :meth:`_select_bills` gave, of either kind
        """
        bills, level, seen = {}, roots, set(roots)
        while level:
            lines = self._select_lines({b.id for bs in level.values() for b in bs})
            for product, found in level.items():
                bills[product] = [b._replace(lines=lines.get(b.id, ())) for b in found]
            below = {line.component for ls in lines.values() for line in ls} - seen
            seen |= below
            level = self._select_bills(below, "phantom") if below else {}
        return bills

    @api.model
    def _select_bills(self, product_ids, kind):
        """Return product id → bills without lines, in the order in which Odoo takes
        them (``mrp.bom._bom_find``): sequence, the variant's own first, id."""
        rows = self.env.execute_query(
            SQL(
                """
                SELECT p.id, b.id, COALESCE(b.company_id, 0),
                       COALESCE(b.picking_type_id, 0), b.product_qty::float8,
                       u.id, u.factor::float8, pu.id, pu.factor::float8
                  FROM product_product p
                  JOIN product_template t ON t.id = p.product_tmpl_id
                  JOIN mrp_bom b
                    ON b.product_tmpl_id = t.id
                   AND (b.product_id IS NULL OR b.product_id = p.id)
                  JOIN uom_uom u ON u.id = b.product_uom_id
                  JOIN uom_uom pu ON pu.id = t.uom_id
                 WHERE %s
                   AND b.active
                   AND b.type = %s
                   AND b.product_qty > 0
                   AND t.type != 'service'
                 ORDER BY p.id, b.sequence, b.product_id IS NULL, b.id
                """,
                covering(SQL("p.id"), product_ids),
                kind,
            )
        )
        bills = defaultdict(list)
        for product, number, company, operation, quantity, *units in rows:
            unit, product_unit = Unit(*units[:2]), Unit(*units[2:])
            bills[product].append(
                Bill(number, company, operation, quantity, unit, product_unit)
            )
        return dict(bills)

    @api.model
    def _select_lines(self, bill_ids):
        """Return bill id → its lines."""
        values = self.env["mrp.bom.line"]._fields[
            "bom_product_template_attribute_value_ids"
        ]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.bom_id, l.product_id, l.product_qty::float8,
                       u.id, u.factor::float8, pu.id, pu.factor::float8,
                       t.is_storable IS TRUE, v.ids, v.attributes, v.is_never IS TRUE
                  FROM mrp_bom_line l
                  JOIN uom_uom u ON u.id = l.product_uom_id
                  JOIN product_product p ON p.id = l.product_id
                  JOIN product_template t ON t.id = p.product_tmpl_id
                  JOIN uom_uom pu ON pu.id = t.uom_id
             LEFT JOIN LATERAL (
                       SELECT array_agg(pv.id) AS ids,
                              COUNT(DISTINCT pv.attribute_id) AS attributes,
                              BOOL_OR(a.create_variant = 'no_variant') AS is_never
                         FROM %(relation)s r
                         JOIN product_template_attribute_value pv
                           ON pv.id = r.%(value)s
                         JOIN product_attribute a ON a.id = pv.attribute_id
                        WHERE r.%(line)s = l.id
                       ) v ON TRUE
                 WHERE l.bom_id = ANY(%(bills)s)
                 ORDER BY l.bom_id, l.sequence, l.id
                """,
                relation=SQL.identifier(values.relation),
                line=SQL.identifier(values.column1),
                value=SQL.identifier(values.column2),
                bills=int_array(bill_ids),
            )
        )
        lines = defaultdict(list)
        for bill, component, quantity, *units, tracked, of, attributes, never in rows:
            unit, own = Unit(*units[:2]), Unit(*units[2:])
            of = frozenset(of or ())
            lines[bill].append(
                Line(component, quantity, unit, own, tracked, of, attributes, never)
            )
        return {bill: tuple(found) for bill, found in lines.items()}

    @api.model
    def _read_variant_values(self, bills):
        """Return product id → its attribute values, where a bill asks for them."""
        asked = {
            product
            for product, found in bills.items()
            if any(line.values for bill in found for line in bill.lines)
        }
        if not asked:
            return {}
        rows = self.env.execute_query(
            SQL(
                """SELECT product_product_id,
                          array_agg(product_template_attribute_value_id)
                     FROM product_variant_combination
                    WHERE product_product_id = ANY(%s)
                    GROUP BY product_product_id""",
                int_array(asked),
            )
        )
        return {product: frozenset(values) for product, values in rows}
