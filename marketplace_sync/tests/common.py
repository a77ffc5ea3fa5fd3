"""Shared case: warehouses, products, stock, orders and listings in a few words.

Nothing here speaks to a channel: numbers are computed, nothing is sent.
"""

import itertools
from contextlib import contextmanager

from odoo.fields import Command
from odoo.tests.common import TransactionCase

_numbers = itertools.count(1)


class MarketplaceCase(TransactionCase):
    """One warehouse, one account without any buffer, one site that it serves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context=dict(cls.env.context, tracking_disable=True))
        cls.company = cls.env.company
        cls.customer = cls.env["res.partner"].create({"name": "A customer"})
        cls.customers = cls.env.ref("stock.stock_location_customers")
        cls.suppliers = cls.env.ref("stock.stock_location_suppliers")
        cls.unit = cls.env.ref("uom.product_uom_unit")
        cls.dozen = cls.env.ref("uom.product_uom_dozen")
        cls.warehouse = cls.make_warehouse()
        cls.account = cls.make_account()
        cls.site = cls.make_site(cls.warehouse)

    # === MASTER DATA ===

    @classmethod
    def make_warehouse(cls, steps="ship_only", reserve=False, **values):
        """Return a new warehouse.

        :param steps: ``ship_only``, ``pick_ship`` or ``pick_pack_ship``
        :param reserve: let orders reserve when they are confirmed, as Odoo does by
            default; else a test says when
        """
        number = next(_numbers)
        warehouse = cls.env["stock.warehouse"].create(
            {
                "name": f"Warehouse {number}",
                "code": f"M{number:03}",
                "delivery_steps": steps,
                **values,
            }
        )
        types = warehouse.out_type_id | warehouse.pick_type_id | warehouse.pack_type_id
        types.reservation_method = "at_confirm" if reserve else "manual"
        return warehouse

    @classmethod
    def make_location(cls, parent, **values):
        return cls.env["stock.location"].create(
            {"name": f"Shelf {next(_numbers)}", "location_id": parent.id, **values}
        )

    @classmethod
    def make_product(cls, stock=0, warehouse=None, **values):
        """Return a new storable product with ``stock`` in the (given) warehouse."""
        sku = values.pop("default_code", f"P{next(_numbers):04}")
        product = cls.env["product.product"].create(
            {"name": sku, "default_code": sku, "is_storable": True, **values}
        )
        if stock:
            cls.put(product, stock, (warehouse or cls.warehouse).lot_stock_id)
        return product

    @classmethod
    def make_account(cls, channel="shopify", **values):
        """Return a new account; without a buffer unless the test names one."""
        return cls.env["marketplace.account"].create(
            {
                "name": f"Account {next(_numbers)}",
                "channel": channel,
                "buffer_policy_id": False,
                **values,
            }
        )

    @classmethod
    def make_site(cls, warehouses, account=None, **values):
        number = next(_numbers)
        return cls.env["marketplace.site"].create(
            {
                "name": f"Site {number}",
                "code": f"site-{number}",
                "account_id": (account or cls.account).id,
                "warehouse_ids": [Command.set(warehouses.ids)],
                **values,
            }
        )

    @classmethod
    def make_listing(cls, product, site=None, **values):
        """Return a new listing of ``product`` (may be empty)."""
        sku = values.pop("sku", product.default_code or f"L{next(_numbers):04}")
        return cls.env["marketplace.listing"].create(
            {
                "product_id": product.id,
                "site_id": (site or cls.site).id,
                "sku": sku,
                **values,
            }
        )

    @classmethod
    def make_policy(cls, *lines, **values):
        """Return a policy; ``lines`` are dicts of the line's fields."""
        return cls.env["marketplace.buffer.policy"].create(
            {
                "name": f"Policy {next(_numbers)}",
                "line_ids": [Command.create(line) for line in lines],
                **values,
            }
        )

    # === STOCK ===

    @classmethod
    def put(cls, product, quantity, location=None, **kwargs):
        """Add ``quantity`` (may be negative) of ``product`` at ``location``.

        :param kwargs: ``lot_id``, ``package_id``, ``owner_id`` as records
        """
        cls.env["stock.quant"]._update_available_quantity(
            product, location or cls.warehouse.lot_stock_id, quantity, **kwargs
        )

    def move(self, product, quantity, source, destination, confirm=True, **values):
        """Return a stock move of its own, confirmed and not reserved."""
        move = self.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": quantity,
                "product_uom": product.uom_id.id,
                "location_id": source.id,
                "location_dest_id": destination.id,
                **values,
            }
        )
        return move._action_confirm() if confirm else move

    def done(self, moves, quantity=None):
        """Carry out moves, of which only ``quantity`` if that is given; the rest
        becomes a backorder."""
        moves._action_assign()
        if quantity is not None:
            moves.quantity = quantity
        moves.picked = True
        moves._action_done()

    def finish(self, picking, quantity=None):
        """Validate a picking, of which only ``quantity`` if that is given."""
        picking.action_assign()
        if quantity is not None:
            picking.move_ids.quantity = quantity
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()

    # === ORDERS ===

    def make_order(
        self, product, quantity, warehouse=None, uom=None, confirm=True, **values
    ):
        """Return a sale order of one line, confirmed."""
        line = {"product_id": product.id, "product_uom_qty": quantity}
        if uom:
            line["product_uom_id"] = uom.id
        order = self.env["sale.order"].create(
            {
                "partner_id": self.customer.id,
                "warehouse_id": (warehouse or self.warehouse).id,
                "order_line": [Command.create(line)],
                **values,
            }
        )
        if confirm:
            order.action_confirm()
        return order

    # === NUMBERS ===

    @contextmanager
    def crons(self):
        """Give an environment in which scheduled actions commit and roll back, inside
        the test's own transaction."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            yield self.env(cr=cr)
        self.env.invalidate_all()

    def refresh(self):
        """End the transaction, so to speak, and compute what it changed."""
        self.env.cr.flush()
        while self.env["marketplace.listing"]._refresh_changed():
            pass

    def changed_products(self):
        """Return the products that this transaction has noted, and forget them."""
        self.env.cr.flush()
        changes = self.env["marketplace.stock.change"]._take(100_000)
        return self.env["product.product"].browse(sorted(changes))

    def numbers(self, listing):
        """Return (qty, committed, sellable) after a refresh."""
        self.refresh()
        return listing.qty, listing.committed_qty, listing.sellable_qty

    def assertNumbers(self, listing, qty, committed, sellable, message=None):
        self.assertEqual(self.numbers(listing), (qty, committed, sellable), msg=message)
