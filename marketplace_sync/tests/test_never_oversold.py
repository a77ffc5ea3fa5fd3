"""At no moment may a channel be offered more than is there minus what Odoo has been
told that somebody wants, whatever happens in whatever order.

The oracle knows nothing of moves, reservations or quotations: it counts what lies on
the shelf, and what every buyer still waits for.
"""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from odoo.fields import Command
from odoo.tests import tagged

from .order_case import NOON, OrderCase, later, told_line, told_order

UNITS = st.integers(1, 6)


class Shop(RuleBasedStateMachine):
    """Two channels and two products of one warehouse; all that happens to them."""

    case = None

    def __init__(self):
        super().__init__()
        case = self.case
        self.env = case.env
        self.savepoint = self.env.cr.savepoint()
        self.tellings, self.minute, self.number, self.arrivals = {}, 0, 0, 0
        self.other_sales = self.env["sale.order"]
        self.products = [case.make_product("CUP"), case.make_product("POT")]
        self.listings = [
            self.env["marketplace.listing"].create(
                {"site_id": site.id, "sku": product.name, "product_id": product.id}
            )
            for product in self.products
            for site in case.sites
        ]

    def teardown(self):
        self.env.flush_all()
        self.env.cr.precommit.clear()
        self.savepoint.close(rollback=True)
        self.env.invalidate_all()

    # === WHAT HAPPENS ===

    @initialize(cups=st.integers(1, 20), pots=st.integers(1, 20))
    def there_is_some_stock(self, cups, pots):
        for product, units in zip(self.products, (cups, pots), strict=True):
            self.case.move_stock(product, units)
        self.commit()
        self.a_buyer_orders(0, 3, 1)

    @precondition(lambda self: self.arrivals < 2)
    @rule(which=st.integers(0, 1), units=UNITS)
    def goods_arrive(self, which, units):
        self.arrivals += 1
        self.case.move_stock(self.products[which], units)
        self.commit()

    @precondition(lambda self: self.number < 3)
    @rule(account=st.integers(0, 1), cups=st.integers(0, 4), pots=st.integers(0, 4))
    def a_buyer_orders(self, account, cups, pots):
        self.number += 1
        order = told_order(
            str(self.number),
            [told_line("CUP", cups), told_line("POT", pots)],
            placed_at=self.now(),
            site_code=f"S{account}",
            status="pending" if cups == pots else "open",
        )
        self.tell(account, order)

    @precondition(lambda self: self.tellings)
    @rule(data=st.data(), cups=st.integers(0, 5), pots=st.integers(0, 5))
    def a_buyer_edits(self, data, cups, pots):
        account, orders = self.some_order(data)
        lines = [told_line("CUP", cups), told_line("POT", pots)]
        self.tell(account, later(orders[-1], lines=lines, status="open"))

    @precondition(lambda self: self.tellings)
    @rule(data=st.data())
    def a_buyer_cancels(self, data):
        account, orders = self.some_order(data)
        lines = [told_line("CUP", 0), told_line("POT", 0)]
        self.tell(account, later(orders[-1], lines=lines, status="cancelled"))

    @precondition(lambda self: self.tellings)
    @rule(data=st.data(), age=st.integers(0, 3))
    def an_old_notification_comes_late_or_twice(self, data, age):
        account, orders = self.some_order(data)
        self.tell(account, orders[max(0, len(orders) - 1 - age)])

    @precondition(lambda self: self.records("none"))
    @rule(data=st.data(), confirm=st.sampled_from((True, True, False)))
    def the_sale_order_is_made(self, data, confirm):
        order = self.record(data, "none")
        order.sale_order_id = self.env["sale.order"].create(
            {
                "partner_id": self.case.buyer.id,
                "warehouse_id": self.case.warehouse.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_uom_qty": line.product_qty,
                            "marketplace_order_line_id": line.id,
                        }
                    )
                    for line in order.line_ids
                    if line.product_qty
                ],
            }
        )
        if confirm:
            order.sale_order_id.action_confirm()
        self.commit()

    @precondition(lambda self: self.records("draft"))
    @rule(data=st.data())
    def the_sale_order_is_confirmed(self, data):
        self.record(data, "draft").sale_order_id.action_confirm()
        self.commit()

    @precondition(lambda self: self.records("sale"))
    @rule(data=st.data(), reserve=st.booleans())
    def the_warehouse_prepares(self, data, reserve):
        pickings = self.open_pickings(self.record(data, "sale"))
        if pickings and reserve:
            pickings.action_assign()
        elif pickings:
            pickings.do_unreserve()
        self.commit()

    @precondition(lambda self: self.records("sale"))
    @rule(data=st.data(), part=st.sampled_from((0.5, 1.0)))
    def the_warehouse_ships(self, data, part):
        moves = self.open_pickings(self.record(data, "sale")).move_ids
        for move in moves.filtered(lambda m: m.state not in ("done", "cancel")):
            on_hand = self.on_hand(move.product_id)
            units = min(on_hand, int(move.product_uom_qty * part))
            if units:
                self.case.carry_out(move, units)
        self.commit()

    @precondition(lambda self: self.records("sale"))
    @rule(data=st.data(), whole=st.booleans())
    def somebody_cancels_here(self, data, whole):
        sale = self.record(data, "sale").sale_order_id
        if whole and "done" not in sale.picking_ids.move_ids.mapped("state"):
            sale._action_cancel()
        else:
            self.open_pickings(sale.marketplace_order_ids).action_cancel()
        self.commit()

    @precondition(lambda self: len(self.other_sales) < 2)
    @rule(units=UNITS)
    def somebody_else_sells(self, units):
        self.other_sales |= self.case.sell_elsewhere(self.products[0], units)
        self.commit()

    # === THE ORACLE ===

    @invariant()
    def no_channel_is_offered_what_is_promised(self):
        self.env.invalidate_all()
        for listing in self.listings:
            there = self.on_hand(listing.product_id)
            wanted = self.waited_for(listing.product_id)
            assert listing.sellable_qty <= max(0, there - wanted), (
                f"{listing.display_name}: {listing.sellable_qty} offered, "
                f"{there} there, {wanted} waited for"
            )

    def on_hand(self, product):
        quants = self.env["stock.quant"].search(
            [
                ("product_id", "=", product.id),
                ("location_id", "child_of", self.case.warehouse.lot_stock_id.id),
            ]
        )
        return sum(quants.mapped("quantity"))

    def waited_for(self, product):
        """Units that buyers have been promised and have not left the warehouse."""
        waited = sum(
            max(0.0, line.product_uom_qty - line.qty_delivered)
            for line in self.other_sales.order_line
            if line.product_id == product
        )
        for (_account, number), orders in self.tellings.items():
            newest = max(orders, key=lambda order: order.updated_at)
            wanted = sum(
                float(line.quantity)
                for line in newest.lines
                if line.sku == product.name and newest.status != "cancelled"
            )
            waited += max(0.0, wanted - self.delivered(number, product))
        return waited

    def delivered(self, number, product):
        order = self.case.env["marketplace.order"].search(
            [("external_id", "=", number)]
        )
        lines = order.sale_order_id.order_line
        return sum(
            lines.filtered(lambda ln: ln.product_id == product).mapped("qty_delivered")
        )

    # === WORDS ===

    def now(self):
        self.minute += 1
        return NOON + timedelta(minutes=self.minute)

    def tell(self, account, order):
        """Store a telling. No refresh: the promise holds from this commit on."""
        told = self.tellings.setdefault((account, order.external_id), [])
        if order not in told:
            told.append(order)
        self.case.store(order, self.case.accounts[account])
        self.env.flush_all()

    def some_order(self, data):
        account, number = data.draw(st.sampled_from(sorted(self.tellings)))
        return account, self.tellings[account, number]

    def records(self, sale_state):
        """Return the orders whose sale order is in this state; "none" = without one,
        and something to deliver."""
        orders = self.env["marketplace.order"].search(
            [("account_id", "in", [account.id for account in self.case.accounts])],
            order="id",
        )
        if sale_state == "none":
            return orders.filtered(
                lambda o: not o.sale_order_id and any(o.line_ids.mapped("product_qty"))
            )
        return orders.filtered(lambda o: o.sale_order_id.state == sale_state)

    def record(self, data, sale_state):
        ids = self.records(sale_state).ids
        return self.env["marketplace.order"].browse(data.draw(st.sampled_from(ids)))

    def open_pickings(self, orders):
        return orders.sale_order_id.picking_ids.filtered(
            lambda picking: picking.state not in ("done", "cancel")
        )

    def commit(self):
        """End the transaction, so to speak, and let the refresh run."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        while self.env["marketplace.listing"]._refresh_changed():
            pass


@tagged("post_install", "-at_install")
class TestNeverOversold(OrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls.env["res.partner"].create({"name": "A buyer"})
        other = cls.account.copy({"name": "Other"})
        other.order_start_at = cls.account.order_start_at
        cls.accounts = [cls.account, other]
        cls.sites = [
            cls._make_site(f"S{number}", account)
            for number, account in enumerate(cls.accounts)
        ]

    def carry_out(self, move, units):
        """Ship a part of a move; the rest becomes a backorder."""
        move._action_assign()
        move.quantity = units
        move.picked = True
        move._action_done()

    def sell_elsewhere(self, product, units):
        """Sell outside of every channel."""
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.buyer.id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": units})
                ],
            }
        )
        sale.action_confirm()
        return sale

    def test_whatever_happens_in_whatever_order(self):
        machine = type("BoundShop", (Shop,), {"case": self})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=25,
                stateful_step_count=20,
                deadline=None,
                derandomize=True,
                phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes
                suppress_health_check=list(HealthCheck),
            ),
        )
