"""A delivery that is done becomes parcels, and each is told to its channel once."""

import contextlib
from decimal import Decimal
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..channels.errors import (
    AuthenticationError,
    ChannelUnreachable,
    RateLimited,
    RejectedError,
    RetryableError,
)
from .order_case import later, told_line, told_order
from .shipment_case import ShipmentCase

MAKE = "odoo.addons.marketplace_sync.models.stock_picking"
TELL = "odoo.addons.marketplace_sync.models.marketplace_shipment_tell"


@tagged("post_install", "-at_install")
class TestParcels(ShipmentCase):
    def test_a_delivery_that_is_done_is_told_with_carrier_and_number(self):
        order, sale = self.sell(("CUP", 3))
        carrier = self.make_carrier(
            tracking_url="https://t.test/<shipmenttrackingnumber>"
        )
        self.deliver(sale.picking_ids, number="1Z9", carrier=carrier)
        shipment = order.shipment_ids
        self.assertEqual((shipment.state, shipment.units), ("waiting", 3))
        self.tell()
        self.assertEqual(shipment.state, "accepted")
        (told,) = self.desk.calls
        self.assertEqual(told.lines, [("line-CUP", Decimal(3))])
        self.assertEqual(
            (told.carrier_code, told.carrier_name, told.tracking_number),
            ("UPS", "UPS Standard", "1Z9"),
        )
        self.assertEqual(told.tracking_url, "https://t.test/1Z9")
        self.assertEqual(told.package_ref, str(shipment.id))
        self.assertEqual(told.site_code, "M1")
        self.assertEqual(
            (shipment.external_id, shipment.request_id), ("F1", "request-1")
        )

    def test_the_order_action_is_woken_by_the_delivery(self):
        order, sale = self.sell(("CUP", 1))
        cron = self.account.order_cron_id
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        self.deliver(sale.picking_ids)
        found = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.assertTrue(found)

    def test_validating_never_speaks_to_the_channel(self):
        order, sale = self.sell(("CUP", 1))
        self.desk.script["1001"] = AuthenticationError("expired")
        self.deliver(sale.picking_ids)
        self.assertEqual(sale.picking_ids.state, "done")
        self.assertFalse(self.desk.calls)

    def test_a_fault_of_ours_keeps_no_delivery_and_is_made_good_later(self):
        order, sale = self.sell(("CUP", 2))
        Shipment = type(self.env["marketplace.shipment"])
        with (
            patch.object(Shipment, "_make_one", side_effect=ValueError("a bug")),
            mute_logger(MAKE),
        ):
            self.deliver(sale.picking_ids)
        self.assertEqual(sale.picking_ids.state, "done")
        self.assertFalse(order.shipment_ids)
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 2})

    def test_partial_deliveries_tell_their_own_units_and_backorders_follow(self):
        order, sale = self.sell(("CUP", 5))
        rest = self.deliver(sale.picking_ids, {"CUP": 2}, number="A")
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 2})
        self.deliver(rest, number="B")
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 5})
        self.assertEqual(
            [(c.tracking_number, int(c.lines[0][1])) for c in self.desk.calls],
            [("A", 2), ("B", 3)],
        )

    def test_a_line_that_stays_behind_is_not_told(self):
        order, sale = self.sell(("CUP", 1), ("POT", 1))
        self.deliver(sale.picking_ids, {"CUP": 1})
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 1})

    def test_each_package_is_a_parcel_and_what_is_loose_another(self):
        order, sale = self.sell(("CUP", 5))
        picking = sale.picking_ids
        picking.action_assign()
        self.pack(picking, "CUP", 2)
        self.pack(picking, "CUP", 1)
        picking.carrier_tracking_ref = "N1,N2,N3"
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.tell()
        self.assertEqual(
            [(c.tracking_number, int(c.lines[0][1])) for c in self.desk.calls],
            [("N1", 2), ("N2", 1), ("N3", 2)],
        )
        self.assertEqual(len(order.shipment_ids), 3)

    def test_parcels_under_one_number_say_how_much_of_it_was_told(self):
        order, sale = self.sell(("CUP", 5))
        picking = sale.picking_ids
        picking.action_assign()
        self.pack(picking, "CUP", 2)
        picking.carrier_tracking_ref = "N1"
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.tell()
        self.assertEqual(
            [(c.tracking_number, c.told_before) for c in self.desk.calls],
            [("N1", 0), ("N1", 2)],
        )

    def test_internal_steps_are_not_told_only_the_last_one(self):
        self.warehouse.delivery_steps = "pick_ship"
        order, sale = self.sell(("CUP", 2))
        pick = sale.picking_ids
        self.deliver(pick)
        self.assertFalse(order.shipment_ids)
        self.deliver(sale.picking_ids - pick)
        self.assertEqual(order.shipment_ids.units, 2)

    def test_a_return_is_no_parcel_nor_is_what_goes_out_again(self):
        order, sale = self.sell(("CUP", 2))
        picking = sale.picking_ids
        self.deliver(picking)
        back = self.send_back(picking)
        again = self.send_back(back)
        self.assertEqual(again.move_ids.location_dest_id.usage, "customer")
        self.assertEqual(again.state, "done")
        self.assertEqual(order.shipment_ids.mapped("units"), [2])

    def send_back(self, picking):
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=picking.id, active_model="stock.picking")
            .create({"picking_id": picking.id})
        )
        wizard.product_return_moves.quantity = 2
        back = self.env["stock.picking"].browse(
            wizard.action_create_returns()["res_id"]
        )
        self.deliver(back)
        return back

    def test_a_pack_is_told_with_the_parcel_that_completes_it(self):
        self.make_listing("SIX", stock=50, units_per_listing=6)
        order, sale = self.sell(("SIX", 2))
        rest = self.deliver(sale.picking_ids, {"SIX": 3}, number="A")
        half = order.shipment_ids
        self.assertEqual((half.state, half.units), ("not_applicable", 0))
        self.assertIn("completes", half.note)
        rest = self.deliver(rest, {"SIX": 4}, number="B")
        self.deliver(rest, number="C")
        self.tell()
        self.assertEqual(
            [(c.tracking_number, int(c.lines[0][1])) for c in self.desk.calls],
            [("B", 1), ("C", 1)],
        )

    def test_halves_that_left_at_the_same_moment_are_told_by_the_next_run(self):
        """Two deliveries, neither of which saw the other."""
        self.make_listing("SIX", stock=50, units_per_listing=6)
        order, sale = self.sell(("SIX", 1))
        rest = self.deliver(sale.picking_ids, {"SIX": 3})
        Line = type(self.env["marketplace.order.line"])
        with patch.object(Line, "_get_new_units", lambda line, parts, told: 0):
            self.deliver(rest)
        self.assertEqual(order.shipment_ids.mapped("units"), [0, 0])
        self.tell()
        self.assertEqual(self.desk.units(), {"line-SIX": 1})

    def test_dozens_are_told_in_listing_units(self):
        order = self.store_with_listing(told_order(lines=[("EGG", 24)]))
        sale = self.make_sale(order)
        sale.picking_ids.action_cancel()
        sale.order_line.product_uom_id = self.env.ref("uom.product_uom_dozen")
        sale.order_line.product_uom_qty = 2
        sale._action_cancel()
        sale.action_draft()
        sale.action_confirm()
        live = sale.picking_ids.filtered(lambda p: p.state != "cancel")
        self.deliver(live)
        self.assertEqual(order.shipment_ids.units, 24)

    def store_with_listing(self, told):
        for line in told.lines:
            self.make_listing(line.sku, stock=50)
        return self.store(told)

    def test_a_purchase_of_several_orders_is_one_parcel_for_each(self):
        self.make_listing("CUP", stock=50)
        self.make_listing("POT", stock=50)
        orders = self.store(told_order("1", [("CUP", 1)], group="pack"))
        orders |= self.store(told_order("2", [("POT", 2)], group="pack"))
        sale = self.make_sale(orders)
        self.deliver(sale.picking_ids, number="N")
        self.tell()
        self.assertEqual(self.desk.units("1"), {"line-CUP": 1})
        self.assertEqual(self.desk.units("2"), {"line-POT": 2})
        action = sale.picking_ids.action_open_marketplace_shipments()
        self.assertEqual(len(action["domain"][0][2]), 2)

    def test_more_than_was_ordered_is_not_told(self):
        order, sale = self.sell(("CUP", 2))
        picking = sale.picking_ids
        picking.action_assign()
        picking.move_ids.quantity = 3
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(order.shipment_ids.units, 2)

    def test_a_gift_that_the_channel_does_not_know_is_not_told(self):
        order, sale = self.sell(("CUP", 1))
        gift = self.make_product("GIFT", stock=5)
        sale.order_line = [
            Command.create({"product_id": gift.id, "product_uom_qty": 1})
        ]
        self.deliver(sale.picking_ids)
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 1})

    def test_an_account_may_keep_its_shipments_to_itself(self):
        self.account.tell_shipments = False
        order, sale = self.sell(("CUP", 1))
        self.deliver(sale.picking_ids)
        self.tell()
        self.assertFalse(order.shipment_ids)
        self.account.tell_shipments = True
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 1}, "made good")

    def test_a_kit_is_told_when_its_last_component_has_left(self):
        """Components as a phantom bill of materials leaves them: moves of other
        products under the kit's line."""
        self.make_listing("KIT", stock=0)
        order = self.store(told_order(lines=[("KIT", 2)]))
        sale = self.make_sale(order)
        picking = sale.picking_ids
        leg = self.make_product("LEG", stock=50)
        top = self.make_product("TOP", stock=50)
        move = picking.move_ids
        parts = move.copy({"product_id": leg.id, "product_uom_qty": 8})
        parts |= move.copy({"product_id": top.id, "product_uom_qty": 2})
        move._action_cancel()
        move.unlink()
        parts._action_confirm()
        rest = self.deliver(picking, {"LEG": 8}, number="A")
        self.assertEqual(order.shipment_ids.mapped("units"), [0])
        rest = self.deliver(rest, {"TOP": 1}, number="B")
        self.deliver(rest, number="C")
        self.tell()
        self.assertEqual(
            [(c.tracking_number, int(c.lines[0][1])) for c in self.desk.calls],
            [("B", 1), ("C", 1)],
        )


@tagged("post_install", "-at_install")
class TestTelling(ShipmentCase):
    def shipped(self, external_id="1001", units=2, sku="CUP", **values):
        order, sale = self.sell((sku, units), external_id=external_id)
        self.deliver(sale.picking_ids, **values)
        return order.shipment_ids

    def test_what_the_channel_knew_before_is_told(self):
        shipment = self.shipped()
        self.desk.script["1001"] = "already"
        self.tell()
        self.assertEqual((shipment.state, shipment.outcome), ("accepted", "already"))

    def test_what_the_channel_shows_as_shipped_is_not_told_again(self):
        order, sale = self.sell(("CUP", 2))
        told = told_order(lines=[told_line("CUP", 2, shipped_quantity=Decimal(2))])
        self.store(later(told, status="shipped"))
        self.deliver(sale.picking_ids)
        self.tell()
        self.assertEqual(order.shipment_ids.outcome, "already")
        self.assertFalse(self.desk.calls)

    def test_units_that_an_earlier_parcel_accounts_for_do_not_hide_the_next(self):
        order, sale = self.sell(("CUP", 2))
        rest = self.deliver(sale.picking_ids, {"CUP": 1}, number="A")
        self.tell()
        told = told_order(lines=[told_line("CUP", 2, shipped_quantity=Decimal(1))])
        self.store(later(told))
        self.deliver(rest, number="B")
        self.tell()
        self.assertEqual(len(self.desk.calls), 2)

    def test_the_channels_own_parcels_are_nothing_to_tell(self):
        shipment = self.shipped()
        self.desk.script["1001"] = "not_applicable"
        self.tell()
        self.assertEqual(shipment.state, "not_applicable")
        self.assertTrue(shipment.note)
        self.assertFalse(shipment.is_to_fix)

    def test_a_refusal_waits_for_a_person_with_its_words_and_no_other_parcel(self):
        bad, good = self.shipped("1"), self.shipped("2")
        self.desk.script["1"] = "rejected"
        self.tell()
        self.assertEqual((bad.state, good.state), ("failed", "accepted"))
        self.assertEqual(bad.last_error, "The channel says rejected.")
        self.assertTrue(bad.is_to_fix)
        self.assertEqual(self.account.shipment_to_fix_count, 1)
        self.assertEqual(bad.picking_id.marketplace_shipment_state, "to_fix")
        self.assertEqual(bad.picking_id.marketplace_shipment_problem, bad.last_error)
        del self.desk.script["1"]
        bad.action_retry()
        self.tell()
        self.assertEqual(bad.state, "accepted")

    def test_a_refused_call_is_that_parcels_fault_only(self):
        bad, good = self.shipped("1"), self.shipped("2")
        self.desk.script["1"] = RejectedError("no such order")
        self.tell()
        self.assertEqual((bad.state, good.state), ("failed", "accepted"))

    def test_not_yet_is_tried_later_and_given_up_in_the_end(self):
        self.account.max_attempts = 3
        shipment = self.shipped()
        self.desk.script["1001"] = "retry"
        for attempt in (1, 2):
            self.due()
            self.tell()
            self.assertEqual(
                (shipment.state, shipment.attempt_count), ("waiting", attempt)
            )
            self.assertGreater(shipment.next_attempt_at, fields.Datetime.now())
        self.due()
        self.tell()
        self.assertEqual(shipment.state, "failed")
        self.assertIn("3 attempts", shipment.last_error)

    def test_a_parcel_that_waits_is_not_tried_before_its_time(self):
        self.shipped()
        self.desk.script["1001"] = "retry"
        self.tell()
        self.tell()
        self.assertEqual(len(self.desk.calls), 1)
        self.assertTrue(self.account._get_next_order_moments())

    def test_a_channel_that_is_down_rests_and_neighbours_come_first_then(self):
        first, second = self.shipped("1"), self.shipped("2")
        self.desk.script["1"] = ChannelUnreachable("no answer")
        self.tell()
        self.assertEqual(len(self.desk.calls), 1, "the channel rests")
        self.assertEqual(first.attempt_count, 1)
        self.assertTrue(self.account.order_retry_at)
        self.due()
        self.tell()
        self.assertEqual(self.desk.calls[1].order_id, "2")
        self.assertEqual((first.state, second.state), ("waiting", "accepted"))

    def test_a_parcel_of_its_own_trouble_delays_no_other(self):
        first, second = self.shipped("1"), self.shipped("2")
        self.desk.script["1"] = RetryableError("busy with this one")
        self.tell()
        self.assertEqual((first.state, second.state), ("waiting", "accepted"))

    def test_a_limit_blames_nobody(self):
        shipment = self.shipped()
        self.desk.script["1001"] = RateLimited("slow down", retry_after=9)
        self.tell()
        self.assertEqual((shipment.state, shipment.attempt_count), ("waiting", 0))
        self.assertFalse(shipment.last_error)

    def test_refused_credentials_stop_the_account_and_keep_the_parcel(self):
        shipment = self.shipped()
        self.desk.script["1001"] = AuthenticationError("expired")
        self.tell()
        self.assertEqual(self.account.state, "blocked")
        self.assertEqual((shipment.state, shipment.attempt_count), ("waiting", 0))

    def test_a_bug_postpones_one_parcel_and_keeps_its_traceback(self):
        first, second = self.shipped("1"), self.shipped("2")
        self.desk.script["1"] = KeyError("oops")
        with self.assertLogs(TELL, "ERROR") as logs:
            self.tell()
        self.assertIn("KeyError", logs.output[0])
        self.assertEqual((first.state, second.state), ("waiting", "accepted"))

    def test_killed_after_the_channel_took_it_ends_the_same(self):
        shipment = self.shipped()
        Shipment = type(self.env["marketplace.shipment"])
        with patch.object(Shipment, "_settle", side_effect=KeyboardInterrupt):
            with contextlib.suppress(KeyboardInterrupt):  # assertRaises rolls back
                self.tell()
        self.env.invalidate_all()
        self.assertEqual(shipment.state, "sent")
        self.tell()
        self.assertEqual((shipment.state, shipment.outcome), ("accepted", "already"))
        self.assertEqual(self.desk.units(), {"line-CUP": 2})
        self.assertEqual(len({call.package_ref for call in self.desk.calls}), 1)

    def test_a_lifted_hold_sends_what_it_kept(self):
        order, sale = self.sell(("CUP", 2))
        held = told_order(lines=[("CUP", 2)], is_held=True)
        self.store(later(held))
        self.deliver(sale.picking_ids)
        self.desk.script["1001"] = "rejected"
        self.tell()
        self.assertEqual(order.shipment_ids.state, "failed")
        self.desk.script.clear()
        self.store(later(held, 2, is_held=False))
        self.tell()
        self.assertEqual(order.shipment_ids.state, "accepted")

    def test_told_by_hand_is_told_no_more(self):
        shipment = self.shipped()
        self.desk.script["1001"] = "rejected"
        self.tell()
        shipment.action_mark_told()
        self.assertEqual((shipment.state, shipment.outcome), ("accepted", "by_hand"))
        self.assertIn("by hand", shipment.message_ids[0].body)
        self.tell()
        self.assertEqual(len(self.desk.calls), 1)

    def test_not_to_be_told_leaves_the_next_parcel_its_own_units(self):
        order, sale = self.sell(("CUP", 5))
        rest = self.deliver(sale.picking_ids, {"CUP": 2})
        order.shipment_ids.action_cancel()
        self.deliver(rest)
        self.tell()
        self.assertEqual(self.desk.units(), {"line-CUP": 3})


@tagged("post_install", "-at_install")
class TestTrackingNumber(ShipmentCase):
    def setUp(self):
        super().setUp()
        self.carrier = self.make_carrier()

    def shipped(self, **values):
        order, sale = self.sell(("CUP", 2))
        self.deliver(sale.picking_ids, carrier=self.carrier, **values)
        return order.shipment_ids

    def test_a_parcel_without_a_number_waits_where_the_account_says_so(self):
        shipment = self.shipped()
        self.tell()
        self.assertFalse(self.desk.calls)
        self.assertTrue(shipment.is_to_fix)
        picking = shipment.picking_id
        self.assertEqual(picking.marketplace_tracking_missing, self.account.name)
        picking.carrier_tracking_ref = "LATE-1"
        self.assertFalse(shipment.is_to_fix)
        self.tell()
        self.assertEqual(self.desk.calls[0].tracking_number, "LATE-1")
        self.assertEqual(picking.marketplace_shipment_state, "told")

    def test_a_delivery_without_a_carrier_is_expected_to_have_no_number(self):
        self.carrier = None
        shipment = self.shipped()
        self.tell()
        self.assertEqual(shipment.state, "accepted")

    def test_always_waits_without_a_carrier_too_and_never_does_not(self):
        self.carrier = None
        self.account.shipment_tracking = "always"
        shipment = self.shipped()
        self.assertTrue(shipment.is_tracking_missing)
        self.account.shipment_tracking = "never"
        self.assertFalse(shipment.is_tracking_missing)

    def test_a_person_may_send_without(self):
        shipment = self.shipped()
        shipment.picking_id.action_send_marketplace_untracked()
        self.tell()
        self.assertEqual((shipment.state, shipment.told_number), ("accepted", False))

    def test_a_number_typed_at_the_parcel_is_told(self):
        shipment = self.shipped()
        shipment.tracking_number = "TYPED"
        shipment.picking_id.carrier_id = self.carrier  # no change of the number
        self.tell()
        self.assertEqual(self.desk.calls[0].tracking_number, "TYPED")

    def test_a_number_that_comes_mends_what_failed(self):
        self.account.shipment_tracking = "never"
        shipment = self.shipped()
        self.desk.script["1001"] = "rejected"
        self.tell()
        self.desk.script.clear()
        shipment.picking_id.carrier_tracking_ref = "NOW"
        self.tell()
        self.assertEqual(shipment.state, "accepted")

    def test_a_changed_number_is_corrected_where_the_channel_can(self):
        shipment = self.shipped(number="WRONG")
        self.tell()
        shipment.picking_id.carrier_tracking_ref = "RIGHT"
        self.assertEqual(shipment.state, "waiting")
        self.tell()
        self.assertEqual(self.desk.corrections, [("F1", "RIGHT")])
        self.assertEqual((shipment.state, shipment.told_number), ("accepted", "RIGHT"))
        self.assertEqual(len(self.desk.calls), 1)

    def test_a_changed_number_is_said_where_the_channel_cannot(self):
        shipment = self.shipped(number="WRONG")
        self.tell()
        with patch.object(
            self.adapter_class, "supports", classmethod(lambda cls, ability: False)
        ):
            shipment.picking_id.carrier_tracking_ref = "RIGHT"
        self.assertEqual(shipment.state, "accepted")
        self.assertIn("RIGHT", shipment.note)
        self.assertIn("RIGHT", shipment.picking_id.message_ids[0].body)

    def test_a_number_that_changes_while_the_channel_is_told_is_corrected(self):
        shipment = self.shipped(number="WRONG")

        def change(_parcel):
            cr = self.env.cr
            cr.execute(
                "UPDATE marketplace_shipment SET tracking_number = %s WHERE id = %s",
                ["RIGHT", shipment.id],
            )

        self.desk.on_call = change
        Shipment = type(self.env["marketplace.shipment"])
        settle = Shipment._settle

        def settle_again(record, *args):
            record.invalidate_recordset()  # as a transaction that collided does
            return settle(record, *args)

        with patch.object(Shipment, "_settle", settle_again):
            self.tell()
        self.assertEqual(self.desk.corrections, [("F1", "RIGHT")])

    def test_too_few_numbers_are_said(self):
        shipment = self.shipped(number="A,B")
        self.assertEqual(shipment.tracking_number, "A")
        self.assertIn("2 tracking numbers for 1 parcels", shipment.note)

    def test_a_carrier_whose_page_fails_keeps_nothing(self):
        Picking = type(self.env["stock.picking"])
        order, sale = self.sell(("CUP", 1))
        with (
            patch.object(Picking, "get_multiple_carrier_tracking", side_effect=OSError),
            mute_logger(
                "odoo.addons.marketplace_sync.models.marketplace_shipment_make"
            ),
        ):
            self.deliver(sale.picking_ids, number="A", carrier=self.carrier)
        self.assertEqual(order.shipment_ids.tracking_number, "A")


@tagged("post_install", "-at_install")
class TestCarriers(ShipmentCase):
    def told(self, carrier):
        order, sale = self.sell(("CUP", 1))
        self.deliver(sale.picking_ids, number="N", carrier=carrier)
        self.tell()
        return self.desk.calls[0]

    def map(self, **values):
        return self.env["marketplace.carrier.map"].create(
            {"channel": "shopify", "carrier_code": "X", **values}
        )

    def test_an_unknown_carrier_is_told_by_its_name(self):
        told = self.told(self.make_carrier("Our own van"))
        self.assertEqual((told.carrier_code, told.carrier_name), ("", "Our own van"))

    def test_a_mapping_goes_before_the_guess(self):
        carrier = self.make_carrier("UPS Standard")
        self.map(
            carrier_id=carrier.id,
            carrier_code="UPS-MI",
            carrier_name="UPS Mail",
            shipping_method="Ground",
        )
        told = self.told(carrier)
        self.assertEqual(
            (told.carrier_code, told.carrier_name, told.shipping_method),
            ("UPS-MI", "UPS Mail", "Ground"),
        )

    def test_a_mapping_that_is_mended_counts_for_parcels_that_wait(self):
        carrier = self.make_carrier("Van")
        order, sale = self.sell(("CUP", 1))
        self.deliver(sale.picking_ids, number="N", carrier=carrier)
        self.map(carrier_id=carrier.id, carrier_code="VAN")
        self.tell()
        self.assertEqual(self.desk.calls[0].carrier_code, "VAN")

    def test_the_most_exact_mapping_counts(self):
        carrier = self.make_carrier("Van")
        Map = self.env["marketplace.carrier.map"]
        maps = [
            self.map(delivery_type="fixed"),
            self.map(delivery_type="fixed", account_id=self.account.id),
            self.map(carrier_id=carrier.id),
            self.map(carrier_id=carrier.id, account_id=self.account.id),
        ]
        for mapping in reversed(maps):
            self.assertEqual(Map._find(self.account, carrier), mapping)
            mapping.unlink()
        self.map(carrier_id=carrier.id, channel="amazon")
        self.assertFalse(Map._find(self.account, carrier), "another channel's")

    def test_an_own_connector_says_which_company_it_is(self):
        carrier = self.make_carrier("Fast")
        Map = self.env["marketplace.carrier.map"]
        for provider, found in (("ups_rest", "UPS"), ("dhl_rest", "DHL Express")):
            named = carrier.new({"name": "Fast", "delivery_type": provider})
            self.assertEqual(Map._guess(self.account, named), found)

    def test_an_incomplete_mapping_is_refused_in_words(self):
        carrier = self.make_carrier("Van")
        for values in (
            {"carrier_id": False},
            {"carrier_id": carrier.id, "carrier_code": False},
            {
                "carrier_id": carrier.id,
                "account_id": self.account.id,
                "channel": "amazon",
            },
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.map(**values)

    def test_defaults_follow_the_channel(self):
        Account = self.env["marketplace.account"]
        with patch.object(self.adapter_class, "waits_for_tracking", "always"):
            account = Account.create({"name": "A", "channel": "amazon"})
        self.assertEqual(account.shipment_tracking, "always")
        self.assertEqual(self.account.shipment_tracking, "carrier")


@tagged("post_install", "-at_install")
class TestPeople(ShipmentCase):
    def make_user(self, login, *groups, **values):
        ids = [self.env.ref(group).id for group in groups]
        return self.env["res.users"].create(
            {
                "name": login,
                "login": f"shipments-{login}",
                "group_ids": [Command.set(ids)],
                **values,
            }
        )

    def test_the_warehouse_needs_no_right_of_ours(self):
        picker = self.make_user("picker", "stock.group_stock_user")
        order, sale = self.sell(("CUP", 2))
        picking = sale.picking_ids.with_user(picker)
        self.deliver(picking, carrier=self.make_carrier())
        self.assertTrue(picking.marketplace_tracking_missing)
        picking.action_send_marketplace_untracked()
        picking.carrier_tracking_ref = "N"
        self.assertEqual(order.shipment_ids.with_user(picker).tracking_number, "N")
        picking.action_open_marketplace_shipments()
        with self.assertRaises(AccessError):
            order.shipment_ids.with_user(picker).action_mark_told()

    def test_a_user_puts_right_what_failed(self):
        user = self.make_user("user", "marketplace_sync.marketplace_sync_group_user")
        order, sale = self.sell(("CUP", 2))
        self.deliver(sale.picking_ids)
        shipment = order.shipment_ids
        shipment._park("refused")
        shipment.with_user(user).tracking_number = "N"
        self.assertEqual(shipment.state, "waiting")
        shipment._park("refused")
        shipment.with_user(user).action_retry()
        self.assertEqual(shipment.state, "waiting")
        shipment._park("refused")
        shipment.with_user(user).action_mark_told()
        shipment.with_user(user).tracking_number = "M"
        self.assertIn("M", shipment.note)
        with self.assertRaises(AccessError):
            shipment.with_user(user).unlink()

    def test_another_company_sees_nothing_of_it(self):
        company = self.env["res.company"].create({"name": "Another company"})
        stranger = self.make_user(
            "stranger",
            "marketplace_sync.marketplace_sync_group_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        order, sale = self.sell(("CUP", 2))
        self.deliver(sale.picking_ids)
        carrier = self.make_carrier()
        mapping = self.env["marketplace.carrier.map"].create(
            {"channel": "shopify", "carrier_id": carrier.id, "carrier_code": "X"}
        )
        for records in (order.shipment_ids, order.shipment_ids.line_ids, mapping):
            theirs = records.with_user(stranger)
            self.assertFalse(theirs.search([("id", "in", records.ids)]))
            with self.assertRaises(AccessError):
                theirs.read(["display_name"])
        self.assertFalse(
            mapping.with_user(stranger)._find(self.account.sudo(), carrier.sudo())
        )

    def test_told_parcels_cannot_be_called_off(self):
        order, sale = self.sell(("CUP", 2))
        self.deliver(sale.picking_ids)
        self.tell()
        with self.assertRaises(UserError):
            order.shipment_ids.action_cancel()

    def test_where_a_number_is_a_must_nobody_sends_without(self):
        self.account.shipment_tracking = "always"
        order, sale = self.sell(("CUP", 2))
        self.deliver(sale.picking_ids)
        order.shipment_ids.action_send_untracked()
        self.assertTrue(order.shipment_ids.is_tracking_missing)
        self.assertIn("tracking number", order.shipment_ids.problem)
