"""Shared case: kits in a few words."""

from odoo.addons.marketplace_sync.tests.common import MarketplaceCase
from odoo.addons.marketplace_sync.tests.order_case import told_order
from odoo.fields import Command


class KitCase(MarketplaceCase):
    @classmethod
    def make_kit(cls, *lines, sku=None, **values):
        """Return a new product that is a kit.

        :param lines: components, or (component, quantity), or (component, quantity,
            further values of the line)
        :param values: of the bill
        """
        more = {"default_code": sku} if sku else {}
        kit = cls.make_product(is_storable=False, **more)
        cls.make_bill(kit, *lines, **values)
        return kit

    @classmethod
    def make_bill(cls, product, *lines, **values):
        return cls.env["mrp.bom"].create(
            {
                "product_tmpl_id": product.product_tmpl_id.id,
                "product_uom_id": product.uom_id.id,
                "type": "phantom",
                "company_id": False,
                "sequence": 5,
                "bom_line_ids": [Command.create(cls.line(line)) for line in lines],
                **values,
            }
        )

    @classmethod
    def line(cls, line):
        product, *more = line if isinstance(line, tuple) else (line,)
        quantity = more.pop(0) if more else 1
        return {
            "product_id": product.id,
            "product_qty": quantity,
            "product_uom_id": product.uom_id.id,
            **(more[0] if more else {}),
        }

    def order(self, *lines, site=None, number="1001"):
        """Store an order of the channel on a site: (listing, quantity)."""
        site = site or self.site
        lines = [(listing.sku, quantity) for listing, quantity in lines]
        told = told_order(number, lines, site_code=site.code)
        return site.account_id._store_order(told)

    def free(self, product, *warehouses):
        """Return the kits, or units, that are free in each warehouse."""
        self.env.flush_all()
        warehouses = warehouses or (self.warehouse,)
        ids = [warehouse.id for warehouse in warehouses]
        read = self.env["marketplace.stock"]._read_free([product.id], ids)
        counts = [read.get((product.id, warehouse), 0.0) for warehouse in ids]
        return counts if len(counts) > 1 else counts[0]

    def odoo_free(self, products, warehouse):
        """Return what Odoo says, afresh; of several products a list."""
        self.env.invalidate_all()
        counts = products.with_context(warehouse_id=warehouse.id).mapped("free_qty")
        return counts if len(products) > 1 else counts[0]
