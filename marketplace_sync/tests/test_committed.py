"""Committed: demand that is certain and not yet taken out of free stock.

Every test here is about one unit being counted once: as stock, or as promised, never
as both and never as neither.
"""

import itertools

from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import MarketplaceCase


class CommittedCase(MarketplaceCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.product = cls.make_product(stock=100)
        cls.listing = cls.make_listing(cls.product)


@tagged("post_install", "-at_install")
class TestOneStep(CommittedCase):
    def test_order_received_but_not_reserved_is_not_sold_twice(self):
        self.make_order(self.product, 30)
        self.assertNumbers(self.listing, 100, 30, 70)

    def test_a_quotation_promises_nothing(self):
        order = self.make_order(self.product, 30, confirm=False)
        self.assertNumbers(self.listing, 100, 0, 100)
        order.action_confirm()
        self.assertNumbers(self.listing, 100, 30, 70)

    def test_reserving_moves_demand_into_free_stock_and_changes_nothing(self):
        order = self.make_order(self.product, 30)
        self.assertNumbers(self.listing, 100, 30, 70)
        order.picking_ids.action_assign()
        self.assertNumbers(self.listing, 70, 0, 70)
        order.picking_ids.do_unreserve()
        self.assertNumbers(self.listing, 100, 30, 70)

    def test_an_order_that_reserves_at_once_is_counted_once(self):
        warehouse = self.make_warehouse(reserve=True)
        self.put(self.product, 40, warehouse.lot_stock_id)
        listing = self.make_listing(self.product, self.make_site(warehouse))
        self.make_order(self.product, 15, warehouse)
        self.assertNumbers(listing, 25, 0, 25)

    def test_a_shipped_order_is_counted_once(self):
        order = self.make_order(self.product, 30)
        self.finish(order.picking_ids)
        self.assertNumbers(self.listing, 70, 0, 70)

    def test_a_cancelled_order_promises_nothing_any_more(self):
        order = self.make_order(self.product, 30)
        order.picking_ids.action_assign()
        self.refresh()
        order._action_cancel()
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_a_part_that_is_reserved_is_counted_once(self):
        """120 wanted, 100 there: 100 reserved, 20 promised beyond what there is."""
        order = self.make_order(self.product, 120)
        self.assertNumbers(self.listing, 100, 120, 0)
        order.picking_ids.action_assign()
        self.assertNumbers(self.listing, 0, 20, 0)
        self.put(self.product, 50)
        self.assertNumbers(self.listing, 50, 20, 30, "20 of the 50 are promised")

    def test_a_backorder_stays_promised(self):
        order = self.make_order(self.product, 30)
        self.finish(order.picking_ids, 12)
        self.assertEqual(len(order.picking_ids), 2)
        self.assertNumbers(self.listing, 88, 18, 70)
        backorder = order.picking_ids.filtered(lambda p: p.state != "done")
        backorder.action_cancel()
        self.assertNumbers(self.listing, 88, 0, 88)

    def test_an_edited_order_promises_its_new_quantity(self):
        order = self.make_order(self.product, 30)
        self.refresh()
        order.order_line.product_uom_qty = 45
        self.assertNumbers(self.listing, 100, 45, 55)
        order.order_line.product_uom_qty = 10
        self.assertNumbers(self.listing, 100, 10, 90)

    def test_dozens_sold_are_counted_in_units(self):
        order = self.make_order(self.product, 3, uom=self.dozen)
        self.assertNumbers(self.listing, 100, 36, 64)
        order.picking_ids.action_assign()
        self.assertNumbers(self.listing, 64, 0, 64)

    def test_a_partial_reservation_of_dozens_is_counted_in_units(self):
        product = self.make_product(stock=24)
        listing = self.make_listing(product)
        order = self.make_order(product, 3, uom=self.dozen)
        order.picking_ids.action_assign()
        self.assertNumbers(listing, 0, 12, 0)
        self.put(product, 20)
        self.assertNumbers(listing, 20, 12, 8)

    def test_a_move_in_dozens_is_counted_in_units_however_much_is_reserved(self):
        """Odoo converts the lines of orders; transfers keep the unit of a person."""
        product = self.make_product(stock=24)
        listing = self.make_listing(product)
        move = self.move(
            product,
            3,
            self.warehouse.lot_stock_id,
            self.customers,
            product_uom=self.dozen.id,
        )
        self.assertNumbers(listing, 24, 36, 0)
        move._action_assign()
        self.assertEqual((move.quantity, move.product_uom), (2, self.dozen))
        self.put(product, 20)
        self.assertNumbers(listing, 20, 12, 8)

    def test_more_reserved_than_wanted_hides_no_other_demand(self):
        stock = self.warehouse.lot_stock_id
        move = self.move(self.product, 5, stock, self.customers)
        move.quantity = 8
        self.assertNumbers(self.listing, 92, 0, 92)
        self.move(self.product, 10, stock, self.customers)
        self.assertNumbers(self.listing, 92, 10, 82)

    def test_a_product_kept_in_dozens_and_sold_by_the_piece(self):
        product = self.make_product(stock=5, uom_id=self.dozen.id)
        listing = self.make_listing(product)
        self.make_order(product, 6, uom=self.unit)
        self.assertNumbers(listing, 5, 0.5, 4)

    def test_orders_of_other_warehouses_promise_nothing_here(self):
        other = self.make_warehouse()
        self.put(self.product, 10, other.lot_stock_id)
        there = self.make_listing(self.product, self.make_site(other))
        both = self.make_listing(self.product, self.make_site(self.warehouse | other))
        self.make_order(self.product, 4, other)
        self.assertNumbers(self.listing, 100, 0, 100)
        self.assertNumbers(there, 10, 4, 6)
        self.assertNumbers(both, 110, 4, 106)

    def test_more_promised_in_one_warehouse_takes_from_the_other_of_the_site(self):
        other = self.make_warehouse()
        self.put(self.product, 10, other.lot_stock_id)
        both = self.make_listing(self.product, self.make_site(self.warehouse | other))
        self.make_order(self.product, 15, other)
        self.assertNumbers(both, 110, 15, 95)

    def test_several_orders_add_up(self):
        for quantity in (5, 7, 8):
            self.make_order(self.product, quantity)
        self.assertNumbers(self.listing, 100, 20, 80)

    def test_a_draft_move_promises_nothing(self):
        self.move(
            self.product, 30, self.warehouse.lot_stock_id, self.customers, confirm=False
        )
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_demand_from_a_shelf_below_stock_is_counted(self):
        shelf = self.make_location(self.warehouse.lot_stock_id)
        self.move(self.product, 30, shelf, self.customers)
        self.assertNumbers(self.listing, 100, 30, 70)

    def test_production_scrap_and_losses_take_goods_out(self):
        for usage in ("production", "inventory", "supplier"):
            with self.subTest(usage=usage):
                place = self.env["stock.location"].search(
                    [
                        ("usage", "=", usage),
                        ("company_id", "in", (False, self.company.id)),
                    ],
                    limit=1,
                )
                move = self.move(self.product, 9, self.warehouse.lot_stock_id, place)
                self.assertNumbers(self.listing, 100, 9, 91)
                move._action_cancel()
                self.assertNumbers(self.listing, 100, 0, 100)

    def test_what_comes_in_is_not_promised_and_not_there_yet(self):
        stock = self.warehouse.lot_stock_id
        receipt = self.move(self.product, 50, self.suppliers, stock)
        back = self.move(self.product, 7, self.customers, stock)
        self.assertNumbers(self.listing, 100, 0, 100)
        self.done(receipt)
        self.done(back)
        self.assertNumbers(self.listing, 157, 0, 157)

    def test_a_returned_delivery_is_there_when_it_is_received(self):
        order = self.make_order(self.product, 30)
        self.finish(order.picking_ids)
        picking = order.picking_ids
        wizard = Form(
            self.env["stock.return.picking"].with_context(
                active_id=picking.id,
                active_ids=picking.ids,
                active_model="stock.picking",
            )
        ).save()
        wizard.product_return_moves.quantity = 10
        action = wizard.action_create_returns()
        returned = self.env["stock.picking"].browse(action["res_id"])
        self.assertNumbers(self.listing, 70, 0, 70)
        self.finish(returned)
        self.assertNumbers(self.listing, 80, 0, 80)


@tagged("post_install", "-at_install")
class TestTransfers(CommittedCase):
    def test_a_transfer_within_the_warehouse_promises_nothing(self):
        shelf = self.make_location(self.warehouse.lot_stock_id)
        move = self.move(self.product, 30, self.warehouse.lot_stock_id, shelf)
        self.assertNumbers(self.listing, 100, 0, 100)
        self.done(move)
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_a_reserved_transfer_within_the_warehouse_is_out_of_free_stock(self):
        """As Odoo counts it: what is reserved is not free until it is put down."""
        shelf = self.make_location(self.warehouse.lot_stock_id)
        move = self.move(self.product, 30, self.warehouse.lot_stock_id, shelf)
        move._action_assign()
        self.assertNumbers(self.listing, 70, 0, 70)

    def test_a_transfer_to_another_warehouse_is_promised(self):
        other = self.make_warehouse()
        there = self.make_listing(self.product, self.make_site(other))
        both = self.make_listing(self.product, self.make_site(self.warehouse | other))
        move = self.move(
            self.product, 30, self.warehouse.lot_stock_id, other.lot_stock_id
        )
        self.assertNumbers(self.listing, 100, 30, 70)
        self.assertNumbers(there, 0, 0, 0)
        self.assertNumbers(both, 100, 30, 70, "on its way it is in neither")
        self.done(move)
        self.assertNumbers(self.listing, 70, 0, 70)
        self.assertNumbers(there, 30, 0, 30)
        self.assertNumbers(both, 100, 0, 100)

    def test_a_resupply_through_transit_counts_each_unit_once(self):
        transit = self.env["stock.location"].search(
            [("usage", "=", "transit"), ("company_id", "=", self.company.id)], limit=1
        ) or self.make_location(
            self.warehouse.view_location_id.location_id, usage="transit"
        )
        other = self.make_warehouse()
        there = self.make_listing(self.product, self.make_site(other))
        out = self.move(
            self.product,
            30,
            self.warehouse.lot_stock_id,
            transit,
            location_final_id=other.lot_stock_id.id,
        )
        self.assertNumbers(self.listing, 100, 30, 70)
        self.done(out)
        self.assertNumbers(self.listing, 70, 0, 70)
        self.assertNumbers(there, 0, 0, 0)

    def test_putting_goods_away_after_quality_control_promises_nothing(self):
        warehouse = self.make_warehouse(reception_steps="three_steps")
        listing = self.make_listing(self.product, self.make_site(warehouse))
        control = warehouse.wh_qc_stock_loc_id
        control.marketplace_not_for_sale = False  # a person says so
        self.put(self.product, 8, control)
        self.move(self.product, 8, control, warehouse.lot_stock_id)
        self.assertNumbers(listing, 8, 0, 8)
        control.marketplace_not_for_sale = True
        self.assertNumbers(listing, 0, 0, 0)


class MultiStepCase(MarketplaceCase):
    """Each unit is counted once in every step: 100 there, 30 ordered, 70 sellable."""

    def start(self, steps):
        warehouse = self.make_warehouse(steps)
        product = self.make_product(stock=100, warehouse=warehouse)
        self.listing = self.make_listing(product, self.make_site(warehouse))
        self.order = self.make_order(product, 30, warehouse)
        return warehouse

    def next_picking(self):
        """Return the picking that can be worked on now."""
        return self.order.picking_ids.filtered(
            lambda p: p.state not in ("done", "cancel")
        ).sorted("id")[:1]

    def assertSellable(self, sellable, message):
        self.refresh()
        self.assertEqual(self.listing.sellable_qty, sellable, message)
        # whatever the mixture, the two add up
        free = self.listing.qty - self.listing.committed_qty
        self.assertEqual(free, sellable, message)

    def walk(self, count):
        """Go through all steps of the order; the number never moves."""
        self.assertSellable(70, "confirmed")
        for number in range(1, count + 1):
            picking = self.next_picking()
            self.assertTrue(picking, f"step {number}")
            picking.action_assign()
            self.assertSellable(70, f"step {number} assigned")
            picking.do_unreserve()
            self.assertSellable(70, f"step {number} unreserved")
            picking.action_assign()
            self.finish(picking)
            self.assertSellable(70, f"step {number} done")
        self.assertFalse(self.next_picking())
        self.assertEqual(self.listing.committed_qty, 0)


@tagged("post_install", "-at_install")
class TestMultiStep(MultiStepCase):
    def test_pick_and_ship_count_each_unit_once(self):
        self.start("pick_ship")
        self.walk(2)

    def test_pick_pack_and_ship_count_each_unit_once(self):
        self.start("pick_pack_ship")
        self.walk(3)

    def test_a_backorder_of_the_pick_counts_each_unit_once(self):
        self.start("pick_ship")
        self.finish(self.next_picking(), 12)
        self.assertSellable(70, "12 picked, 18 to pick")
        for picking in self.order.picking_ids.filtered(lambda p: p.state != "done"):
            picking.do_unreserve()
            self.assertSellable(70, f"{picking.picking_type_id.name} unreserved")
        self.finish(self.next_picking())
        self.assertSellable(70, "one of two done")
        while self.next_picking():
            self.finish(self.next_picking())
            self.assertSellable(70, "every other step")

    def test_an_order_cancelled_half_way_is_sold_again(self):
        self.start("pick_ship")
        self.finish(self.next_picking())
        self.order._action_cancel()
        self.assertSellable(100, "30 lie in the output, nobody wants them")

    def test_an_order_cancelled_before_the_pick_is_sold_again(self):
        self.start("pick_pack_ship")
        self.order._action_cancel()
        self.assertSellable(100, "cancelled")

    def test_two_orders_in_one_wave_count_each_unit_once(self):
        warehouse = self.start("pick_ship")
        self.make_order(self.listing.product_id, 20, warehouse)
        self.assertSellable(50, "both confirmed")
        self.finish(self.next_picking())
        self.assertSellable(50, "one picked")


class ChainCase(MarketplaceCase):
    """Moves that wait for others: made to order, and deliveries of older databases,
    where every step was pulled by the next."""

    def chain(self, quantity=30, supply=None):
        """Return (supply move, delivery that waits for it)."""
        product = self.make_product(stock=100)
        self.listing = self.make_listing(product, qty_source="stock")
        stock = self.warehouse.lot_stock_id
        source = self.suppliers if supply is None else supply
        destination = stock
        first = self.move(product, quantity, source, destination)
        delivery = self.move(
            product,
            quantity,
            destination,
            self.customers,
            procure_method="make_to_order",
            move_orig_ids=[Command.link(first.id)],
        )
        self.assertEqual(delivery.state, "waiting")
        return first, delivery


@tagged("post_install", "-at_install")
class TestChains(ChainCase):
    def test_a_delivery_that_waits_for_its_own_supply_takes_nothing_from_stock(self):
        self.chain()
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_goods_received_for_an_order_are_not_sold_to_another(self):
        supply, delivery = self.chain()
        self.done(supply)
        self.assertNumbers(self.listing, 100, 0, 100, "reserved when they arrived")
        delivery._do_unreserve()
        self.assertNumbers(self.listing, 130, 30, 100)
        self.done(delivery)
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_a_part_received_for_an_order_is_not_sold_to_another(self):
        supply, delivery = self.chain()
        self.done(supply, 12)
        self.assertNumbers(self.listing, 100, 0, 100, "12 of 30 arrived, reserved")
        delivery._do_unreserve()
        self.assertNumbers(self.listing, 112, 12, 100, "12 are promised, 18 to come")

    def test_an_order_whose_supply_was_cancelled_takes_from_stock(self):
        supply, delivery = self.chain()
        delivery.propagate_cancel = False
        supply.propagate_cancel = False
        supply._action_cancel()
        self.assertNotIn(delivery.state, ("cancel", "done"))
        self.assertNumbers(self.listing, 100, 30, 70)

    def test_what_a_supplier_will_not_send_is_taken_from_stock(self):
        """12 of 30 came, the rest was cancelled: the order still wants 30."""
        supply, delivery = self.chain()
        self.done(supply, 12)
        (delivery.move_orig_ids - supply)._action_cancel()
        self.assertEqual(
            set(delivery.move_orig_ids.mapped("state")), {"done", "cancel"}
        )
        self.assertNumbers(self.listing, 100, 18, 82)

    def test_a_supply_that_was_not_even_ordered_takes_nothing_from_stock(self):
        """Made to order with a request for quotation: no move to wait for yet."""
        product = self.make_product(stock=100)
        listing = self.make_listing(product, qty_source="stock")
        self.env["stock.move"].create(
            {
                "product_id": product.id,
                "product_uom_qty": 30,
                "product_uom": product.uom_id.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "location_dest_id": self.customers.id,
                "procure_method": "make_to_order",
            }
        )._action_confirm(create_proc=False)
        self.assertNumbers(listing, 100, 0, 100)

    def pull_chain(self, *places, quantity=30):
        """Return moves from place to place, each waiting for the one before; none
        knows where the goods go in the end."""
        product = self.make_product(stock=100)
        self.listing = self.make_listing(product)
        moves = self.env["stock.move"]
        for source, destination in itertools.pairwise(places):
            before = moves[-1:]
            moves += self.move(
                product,
                quantity,
                source,
                destination,
                procure_method="make_to_order" if before else "make_to_stock",
                move_orig_ids=[Command.set(before.ids)],
            )
        return moves

    def test_pick_pack_and_ship_that_pull_each_other_count_each_unit_once(self):
        """Open deliveries of a database upgraded from Odoo 17: only the last step
        knows the customer."""
        view = self.warehouse.view_location_id
        steps = self.pull_chain(
            self.warehouse.lot_stock_id,
            self.make_location(view),
            self.make_location(view),
            self.customers,
        )
        self.assertNumbers(self.listing, 100, 30, 70)
        for step in steps:
            step._action_assign()
            self.assertNumbers(self.listing, 70, 0, 70, "assigned")
            step._do_unreserve()
            self.assertNumbers(self.listing, 100, 30, 70, "unreserved")
            self.done(step)
            self.assertNumbers(self.listing, 70, 0, 70, "done")

    def test_components_on_their_way_to_a_production_are_promised(self):
        """Manufacturing in two steps: they are picked into the warehouse's own
        pre-production place first."""
        production = self.env["stock.location"].search(
            [("usage", "=", "production"), ("company_id", "=", self.company.id)],
            limit=1,
        )
        self.assertTrue(production)
        pick, consume = self.pull_chain(
            self.warehouse.lot_stock_id,
            self.make_location(self.warehouse.view_location_id),
            production,
        )
        self.assertNumbers(self.listing, 100, 30, 70)
        self.done(pick)
        self.assertNumbers(self.listing, 70, 0, 70)
        consume._do_unreserve()
        self.assertNumbers(self.listing, 100, 30, 70)
        consume._action_cancel()
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_a_pick_for_a_delivery_that_has_left_promises_nothing(self):
        """The goods were taken from the output by hand; the pick was forgotten."""
        output = self.make_location(self.warehouse.view_location_id)
        _pick, ship = self.pull_chain(
            self.warehouse.lot_stock_id, output, self.customers
        )
        self.put(self.listing.product_id, 30, output)
        ship.quantity = 30
        ship.picked = True
        ship._action_done()
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_a_pick_for_a_delivery_that_was_cancelled_promises_nothing(self):
        output = self.make_location(self.warehouse.view_location_id)
        pick, ship = self.pull_chain(
            self.warehouse.lot_stock_id, output, self.customers
        )
        self.assertNumbers(self.listing, 100, 30, 70)
        ship._action_cancel()
        self.assertNotIn(pick.state, ("cancel", "done"))
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_a_chain_that_stays_in_the_warehouse_promises_nothing(self):
        view = self.warehouse.view_location_id
        self.pull_chain(
            self.warehouse.lot_stock_id,
            self.make_location(view),
            self.make_location(view),
        )
        self.assertNumbers(self.listing, 100, 0, 100)

    def test_steps_that_pull_each_other_survive_a_backorder(self):
        product = self.make_product(stock=100)
        self.listing = self.make_listing(product)
        output = self.make_location(self.warehouse.view_location_id)
        pick = self.move(
            product,
            30,
            self.warehouse.lot_stock_id,
            output,
            location_final_id=self.customers.id,
        )
        ship = self.move(
            product,
            30,
            output,
            self.customers,
            procure_method="make_to_order",
            move_orig_ids=[Command.link(pick.id)],
        )
        self.assertNumbers(self.listing, 100, 30, 70)
        self.done(pick, 12)
        self.assertNumbers(self.listing, 88, 18, 70)
        ship._do_unreserve()
        self.assertNumbers(self.listing, 100, 30, 70, "12 in the output, unreserved")
        (ship.move_orig_ids - pick)._action_assign()
        self.assertNumbers(self.listing, 82, 12, 70)
        self.done(ship.move_orig_ids - pick)
        ship._action_assign()
        self.assertNumbers(self.listing, 70, 0, 70)
        self.done(ship)
        self.assertNumbers(self.listing, 70, 0, 70)
