"""What happens to an order after it became a sale order, here and on the channel."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..channels.errors import ChannelUnreachable, RejectedError
from ..channels.orders import ShipmentResult
from .order_case import later, told_line, told_order
from .sale_case import BUYER, SaleCase


@tagged("post_install", "-at_install")
class TestOrderChanges(SaleCase):
    def setUp(self):
        super().setUp()
        self.cup = self.make_listing("CUP", stock=10)
        self.told = told_order(lines=[("CUP", 3)], buyer=BUYER)

    def change(self, *lines, minutes=1, **values):
        """The channel tells the order anew."""
        if lines:
            lines = told_order(lines=lines).lines
            values.setdefault("total", sum(x.unit_price * x.quantity for x in lines))
            values["lines"] = lines
        self.told = later(self.told, minutes, **values)
        return self.imported(self.told)

    def numbers(self):
        self.refresh()
        return self.cup.qty, self.cup.committed_qty, self.cup.sellable_qty

    # === EDITED ON THE CHANNEL ===

    def test_a_quantity_that_is_edited_is_followed(self):
        order = self.imported(self.told)
        sale = order.sale_order_id
        for wanted in (5, 2):
            self.change(("CUP", wanted))
            self.assertEqual(sale.order_line.product_uom_qty, wanted)
            moves = sale.picking_ids.move_ids.filtered(lambda m: m.state != "cancel")
            self.assertEqual(sum(moves.mapped("product_uom_qty")), wanted)
            self.assertEqual(sale.amount_total, wanted * 10)
            self.assertEqual(self.numbers()[2], 10 - wanted)
        self.assertFalse(self.activities(order))

    def test_a_line_that_is_added_is_delivered_too(self):
        self.make_listing("POT", stock=10)
        sale = self.imported(self.told).sale_order_id
        self.change(("CUP", 3), ("POT", 1))
        self.assertEqual(self.rows(sale), [("CUP", 3, 30, 30), ("POT", 1, 10, 10)])
        self.assertEqual(
            set(sale.picking_ids.move_ids.mapped("product_id.default_code")),
            {"CUP", "POT"},
        )

    def test_a_line_that_is_removed_is_not_delivered(self):
        self.make_listing("POT", stock=10)
        self.told = told_order(lines=[("CUP", 3), ("POT", 1)])
        sale = self.imported(self.told).sale_order_id
        self.change(("CUP", 3))
        self.assertEqual(sale.order_line.mapped("product_uom_qty"), [3, 0])
        self.assertEqual((sale.amount_total, sale.state), (30, "sale"))

    def test_what_has_left_stays_and_a_person_is_asked_once(self):
        order = self.imported(self.told)
        sale = order.sale_order_id
        self.ship(sale)
        self.change(("CUP", 1))
        self.assertEqual(sale.order_line.product_uom_qty, 3)
        self.assertEqual(len(order.activity_ids), 1)
        self.assertEqual(order.activity_ids.user_id, self.responsible)
        self.assertIn("3 have left", order.activity_ids.note)

    def test_less_is_followed_as_far_as_it_has_not_left(self):
        sale = self.imported(self.told).sale_order_id
        self.ship(sale, 1)
        self.change(("CUP", 2))
        self.assertEqual(sale.order_line.product_uom_qty, 2)

    def test_what_a_person_edited_stays_while_the_channel_says_nothing_new(self):
        order = self.imported(self.told)
        order.sale_order_id.order_line.product_uom_qty = 2
        order.sale_order_id.order_line.name = "My words"
        self.change(ship_by=self.told.placed_at)
        self.assertEqual(order.sale_order_id.order_line.product_uom_qty, 2)
        self.assertEqual(order.sale_order_id.order_line.name, "My words")

    def test_a_locked_sale_order_follows_and_is_locked_again(self):
        sale = self.imported(self.told).sale_order_id
        sale.action_lock()
        self.change(("CUP", 1))
        self.assertEqual((sale.order_line.product_uom_qty, sale.locked), (1, True))

    def test_a_quotation_follows_too(self):
        self.account.confirm_orders = False
        sale = self.imported(self.told).sale_order_id
        self.change(("CUP", 1))
        self.assertEqual((sale.order_line.product_uom_qty, sale.state), (1, "draft"))

    # === CANCELLED ON THE CHANNEL ===

    def test_cancelled_before_anything_left_cancels_the_sale_order(self):
        order = self.imported(self.told)
        self.change(("CUP", 0), status="cancelled")
        sale = order.sale_order_id
        self.assertEqual((sale.state, order.state), ("cancel", "cancelled"))
        self.assertEqual(sale.picking_ids.state, "cancel")
        self.assertEqual(self.numbers(), (10, 0, 10))
        self.assertFalse(self.activities(order), "nobody has to do anything")

    def test_cancelled_when_goods_have_left_is_a_persons_matter(self):
        order = self.imported(self.told)
        self.ship(order.sale_order_id)
        self.change(("CUP", 0), status="cancelled")
        self.change(("CUP", 0), status="cancelled")
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(len(order.activity_ids), 1)
        self.assertIn("cancelled on the channel", order.activity_ids.summary)
        self.assertIn("Cancelled", order.sale_order_id.marketplace_warning)

    def test_a_locked_sale_order_is_cancelled_too(self):
        sale = self.imported(self.told).sale_order_id
        sale.action_lock()
        self.change(("CUP", 0), status="cancelled")
        self.assertEqual(sale.state, "cancel")

    def test_a_request_to_cancel_is_told_to_a_person_once(self):
        order = self.imported(self.told)
        values = {"cancel_requested": True, "cancel_reason": "Bought twice"}
        self.change(**values)
        self.change(**values)
        self.assertEqual(len(order.activity_ids), 1)
        self.assertIn("Bought twice", order.activity_ids.note)
        self.assertEqual(order.sale_order_id.state, "sale")
        order.activity_ids.action_done()
        self.change(**values)
        self.assertFalse(order.activity_ids, "answered already")

    # === CANCELLED HERE ===

    def test_cancelled_here_asks_a_person_to_cancel_there(self):
        order = self.imported(self.told)
        order.sale_order_id._action_cancel()
        self.assertEqual(len(order.activity_ids), 1)
        self.assertIn("own page", order.activity_ids.note)
        self.assertEqual(self.numbers(), (10, 3, 7))
        order.needs_sync = True
        self.sync()
        self.assertEqual(order.sale_order_id.state, "cancel", "not brought back")
        self.change(("CUP", 0), status="cancelled")
        self.assertEqual((order.state, self.numbers()), ("cancelled", (10, 0, 10)))

    def test_not_to_be_shipped_gives_the_units_up_until_it_is_shipped_after_all(self):
        order = self.imported(self.told)
        with self.assertRaises(UserError):
            order.action_dismiss()
        order.sale_order_id._action_cancel()
        order.action_dismiss()
        self.assertEqual(self.numbers(), (10, 0, 10))
        self.change(ship_by=self.told.placed_at)
        self.assertEqual((order.state, self.numbers()), ("ignored", (10, 0, 10)))
        self.assertTrue(
            order.message_ids.filtered(lambda m: "not to be shipped" in (m.body or ""))
        )
        first = order.sale_order_id
        order.action_undismiss()
        self.assertEqual(self.numbers(), (7, 0, 7), "reserved for it")
        self.assertNotEqual(order.sale_order_id, first)
        self.assertEqual((order.state, order.sale_order_id.state), ("imported", "sale"))

    def test_a_deleted_quotation_is_not_forgotten(self):
        self.account.confirm_orders = False
        order = self.imported(self.told)
        order.sale_order_id.unlink()
        self.assertEqual(order.state, "to_fix")
        self.assertIn("deleted", order.problem)
        order.action_retry()
        self.assertTrue(order.sale_order_id)

    # === CANCELLING THERE ===

    def can_cancel(self, answer):
        asked = []

        def cancel_order(adapter, external_id, reason):
            asked.append(external_id)
            if isinstance(answer, Exception):
                raise answer
            return answer

        self.adapter_class.cancel_order = cancel_order
        return asked

    def ask_to_cancel(self, answer):
        asked = self.can_cancel(answer)
        order = self.imported(self.told)
        self.env.invalidate_all()
        self.assertTrue(order.can_cancel_there)
        order.action_cancel_there()
        self.assertEqual(asked, [], "not in the person's transaction")
        self.book.tell(self.told)
        self.run_orders()
        return order, asked

    def test_the_channel_cancels_what_a_person_asks_it_to(self):
        order, asked = self.ask_to_cancel(ShipmentResult("accepted"))
        self.assertEqual(asked, ["1001"])
        self.assertFalse(order.cancel_wanted_at)
        self.assertIn("takes the cancellation on", order.cancel_message)
        self.run_orders()
        self.assertEqual(len(asked), 1)
        self.assertEqual(order.sale_order_id.state, "sale", "until the channel says so")

    def test_a_refused_cancellation_is_said(self):
        for answer in (
            ShipmentResult("rejected", "It was sent."),
            RejectedError("It was sent."),
        ):
            with self.subTest(answer):
                order, _asked = self.ask_to_cancel(answer)
                self.assertIn("It was sent.", order.cancel_message)
                self.assertFalse(order.cancel_wanted_at)
                self.assertEqual(len(order.activity_ids), 1)

    def test_a_channel_that_does_not_answer_is_asked_again(self):
        order, asked = self.ask_to_cancel(ChannelUnreachable("No answer."))
        self.assertTrue(order.cancel_wanted_at)
        self.assertIn("No answer", self.account.last_order_failure)
        self.can_cancel(ShipmentResult("already"))
        self.run_orders()
        self.assertFalse(order.cancel_wanted_at)

    def test_a_channel_that_cannot_offers_no_button(self):
        order = self.imported(self.told)
        self.assertFalse(order.can_cancel_there)
        order.action_cancel_there()
        self.assertFalse(order.cancel_wanted_at)

    # === SHIPPED ===

    def test_shipped_and_confirmed_is_settled_for_good(self):
        order = self.imported(self.told)
        self.change(status="shipped")
        self.assertFalse(order.is_demand)
        order.sale_order_id.picking_ids.action_cancel()
        self.assertEqual(self.numbers()[1], 0)
        self.change(status="shipped")
        self.assertFalse(order.is_demand)

    def test_shipped_but_not_yet_a_sale_order_is_promised_still(self):
        self.account.confirm_orders = False
        order = self.imported(self.told)
        self.change(status="shipped")
        self.assertTrue(order.is_demand)
        order.sale_order_id.action_confirm()
        self.assertFalse(order.is_demand)


@tagged("post_install", "-at_install")
class TestOrderToFix(SaleCase):
    def test_an_unknown_sku_waits_and_its_known_lines_are_promised(self):
        cup = self.make_listing("CUP", stock=10)
        order = self.imported(lines=[("CUP", 3), ("WHAT", 1)])
        self.assertEqual((order.state, order.sale_order_id.id), ("to_fix", False))
        self.assertIn("WHAT", order.problem)
        self.assertEqual(cup.sellable_qty, 7)
        self.assertEqual(self.account.to_fix_order_count, 1)

    def test_a_product_chosen_on_the_line_completes_it(self):
        self.make_listing("CUP", stock=10)
        order = self.imported(lines=[("CUP", 3), ("WHAT", 1)])
        product = self.make_product("POT", 5)
        order.line_ids[1].product_id = product
        order.action_retry()
        self.assertEqual((order.state, order.sale_order_id.state), ("imported", "sale"))
        self.assertIn(product, order.sale_order_id.order_line.product_id)

    def test_a_listing_that_is_made_completes_it_without_a_button(self):
        order = self.imported(lines=[("WHAT", 1)])
        action = order.line_ids.action_create_listing()
        self.assertEqual(action["context"]["default_sku"], "WHAT")
        self.make_listing("WHAT", stock=10)
        self.sync()
        self.assertEqual(order.state, "imported")

    def test_an_archived_product_waits(self):
        cup = self.make_listing("CUP", stock=10)
        cup.product_id.active = False
        order = self.imported(lines=[("CUP", 1)])
        self.assertIn("Archived", order.problem)
        cup.product_id.active = True
        order.action_retry()
        self.assertEqual(order.state, "imported")

    def test_what_odoo_itself_refuses_is_said_in_its_words(self):
        self.make_listing("CUP", stock=10)
        order = self.store(told_order(lines=[("CUP", 1)]))
        refusal = patch.object(
            type(self.env["sale.order"]),
            "action_confirm",
            side_effect=UserError("Not on Sundays."),
        )
        with refusal:
            self.sync()
        self.assertEqual((order.state, order.problem), ("to_fix", "Not on Sundays."))
        self.assertFalse(order.sale_order_id, "nothing half is left")

    def test_many_are_retried_at_once(self):
        orders = [self.imported(told_order(str(n), [(f"SKU{n}", 1)])) for n in range(3)]
        self.make_listing("SKU0", stock=1)
        self.make_listing("SKU2", stock=1)
        both = orders[0] | orders[1] | orders[2]
        answer = both.action_retry()
        self.assertEqual(both.mapped("state"), ["imported", "to_fix", "imported"])
        self.assertIn("1 still wait", answer["params"]["message"])

    def test_a_held_order_waits_until_a_person_releases_it(self):
        cup = self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)], is_held=True, hold_reason="Fraud risk.")
        order = self.imported(told)
        self.assertEqual((order.state, cup.sellable_qty), ("to_fix", 7))
        self.assertIn("Fraud risk.", order.problem)
        order.action_retry()
        self.assertEqual(order.state, "to_fix")
        order.action_release()
        self.assertEqual((order.state, order.sale_order_id.state), ("imported", "sale"))

    def test_a_hold_that_the_channel_lifts_needs_nobody(self):
        self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)], is_held=True, hold_reason="Fraud risk.")
        order = self.imported(told)
        self.imported(later(told, is_held=False, hold_reason=""))
        self.assertEqual(order.state, "imported")

    def test_another_reason_to_hold_must_be_looked_at_again(self):
        self.make_listing("CUP", stock=10)
        told = told_order(lines=[("NOT", 3)], is_held=True, hold_reason="Fraud risk.")
        order = self.imported(told)
        order.action_release()
        self.imported(later(told, hold_reason="Address changed."))
        self.assertIn("Address changed.", order.problem)

    def test_a_hold_after_import_is_an_activity(self):
        self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        order = self.imported(told)
        self.imported(later(told, is_held=True, hold_reason="Chargeback."))
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertIn("Chargeback.", order.activity_ids.note)

    def test_reading_again_asks_the_channel(self):
        self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)], total=None)
        order = self.imported(told)
        self.book.tell(later(told, total=told.lines[0].unit_price * 3))
        order.action_read_again()
        self.assertEqual(order.state, "imported")
        self.book.error = ChannelUnreachable("No answer.")
        with self.assertRaisesRegex(UserError, "No answer"):
            order.action_read_again()

    def test_an_order_that_could_not_be_read_says_to_read_it_again(self):
        self.make_listing("CUP", stock=10)
        told = told_order(lines=[("CUP", 3)])
        order = self.account._note_unreadable_order(told, ValueError("x"))
        order.action_retry()
        self.assertIn("Read Again", order.problem)
        self.book.tell(told)
        order.action_read_again()
        self.assertEqual(order.state, "imported")


@tagged("post_install", "-at_install")
class TestPacks(SaleCase):
    def setUp(self):
        super().setUp()
        for sku in ("CUP", "POT", "PAN"):
            self.make_listing(sku, stock=10)

    def told(self, number, sku, **values):
        return told_order(number, [(sku, 1)], group="pack-1", buyer=BUYER, **values)

    def test_orders_of_one_purchase_are_one_sale_order(self):
        one = self.store(self.told("1", "CUP"))
        two = self.imported(self.told("2", "POT"))
        sale = one.sale_order_id
        self.assertEqual(sale, two.sale_order_id)
        self.assertEqual((sale.amount_total, sale.state), (20, "sale"))
        self.assertEqual(len(sale.order_line), 2)
        self.assertEqual(len(sale.picking_ids), 1)

    def test_an_order_that_follows_is_added_to_it(self):
        for confirm in (True, False):
            with self.subTest(confirm=confirm):
                self.account.confirm_orders = confirm
                pack = f"pack-{confirm}"
                one = self.imported(told_order(f"1{pack}", [("CUP", 1)], group=pack))
                two = self.imported(told_order(f"2{pack}", [("POT", 2)], group=pack))
                sale = one.sale_order_id
                self.assertEqual(two.sale_order_id, sale)
                self.assertEqual(sale.amount_total, 30)
                self.assertEqual(sale.state, "sale" if confirm else "draft")

    def test_one_that_is_cancelled_takes_only_its_lines_away(self):
        first = self.told("1", "CUP")
        one = self.store(first)
        two = self.imported(self.told("2", "POT"))
        sale = two.sale_order_id
        cancelled = told_line("CUP", 0)
        self.imported(later(first, status="cancelled", lines=[cancelled], total=0))
        self.assertEqual((one.state, two.state), ("cancelled", "imported"))
        self.assertEqual((sale.state, sale.amount_total), ("sale", 10))
        second = self.told("2", "POT")
        self.imported(
            later(second, status="cancelled", lines=[told_line("POT", 0)], total=0)
        )
        self.assertEqual((sale.state, two.state), ("cancel", "cancelled"))

    def test_one_that_cannot_be_imported_holds_the_purchase_back(self):
        one = self.store(self.told("1", "CUP"))
        two = self.imported(self.told("2", "WHAT"))
        self.assertEqual((one.state, two.state), ("to_fix", "to_fix"))
        self.make_listing("WHAT", stock=3)
        self.sync()
        self.assertEqual(one.sale_order_id, two.sale_order_id)
        self.assertEqual((one.state, two.state), ("imported", "imported"))

    def test_packs_of_two_accounts_have_nothing_in_common(self):
        other = self.env["marketplace.account"].create(
            {
                "name": "Other",
                "channel": "shopify",
                "buffer_policy_id": False,
                "order_start_at": self.account.order_start_at,
            }
        )
        self.make_listing("CUP", stock=10, site=self._make_site("M1", other))
        one = self.imported(self.told("1", "CUP"))
        two = self.store(self.told("2", "CUP"), other)
        self.sync(other)
        self.assertNotEqual(one.sale_order_id, two.sale_order_id)
