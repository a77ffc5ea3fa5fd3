"""A parcel reaches each channel over its real protocol, once, whatever goes wrong."""

import contextlib
from unittest.mock import patch

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from . import test_channels
from .test_channels import ChannelCase


class ShipmentChannelCase(ChannelCase):
    """One SKU on the channel, sold, and its delivery in Odoo."""

    buyer = {}
    #: what the channel calls telling a parcel, for faults
    tell_operation = None

    def setUp(self):
        super().setUp()
        self.account.write({"read_orders": True, "order_start_at": "2020-01-01"})
        self.seed(["A"], quantity=9)
        self.listing = self.make_listings(["A"], stock=50)
        product = self.env["product.product"].create({"name": "UPS"})
        self.carrier = self.env["delivery.carrier"].create(
            {"name": "UPS Standard", "product_id": product.id}
        )
        self.channel_simulator = self.simulator.channels[self.channel]

    def read_order(self, external_id):
        """Read one order from the channel; return its record."""
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            account = self.account.with_env(self.env(cr=cr))
            with account._adapter_session() as adapter:
                account._fetch_order(adapter, external_id)
        self.env.invalidate_all()
        return self.env["marketplace.order"].search(
            [("account_id", "=", self.account.id), ("external_id", "=", external_id)]
        )

    def sold(self, quantity=2, **buyer):
        """Return (order, its delivery, reserved)."""
        number = self.channel_simulator.sell("A", quantity, **{**self.buyer, **buyer})
        order = self.read_order(str(number))
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Buyer"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "product_uom_qty": line.product_qty,
                            "marketplace_order_line_id": line.id,
                        }
                    )
                    for line in order.line_ids
                ],
            }
        )
        order.write({"sale_order_id": sale.id, "state": "imported"})
        sale.action_confirm()
        return order, sale.picking_ids

    def deliver(self, picking, quantity=None, number="1Z999"):
        picking.action_assign()
        if quantity:
            picking.move_ids.quantity = quantity
        picking.write({"carrier_id": self.carrier.id, "carrier_tracking_ref": number})
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        return picking.backorder_ids

    def tell(self):
        """Run the order action; nothing is read before."""
        self.account.write(
            {"last_order_sync_at": fields.Datetime.now(), "order_retry_at": False}
        )
        self.account.order_ids.shipment_ids.next_attempt_at = False
        self.env["marketplace.rate.limit"]._save(self.account.id, {})
        self.env.flush_all()
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            self.account.with_env(self.env(cr=cr))._cron_orders()
        self.env.invalidate_all()

    def told_calls(self):
        """Return the calls that told a parcel and were carried out."""
        log = self.simulator.log(self.channel)
        return [call for call in log if call["operation"] == self.tell_operation]

    def parcels(self, order):
        """Return [(tracking number, units)] that the channel knows."""
        raise NotImplementedError


class SharedShipmentTests:
    allow_inherited_tests_method = True

    def test_a_delivery_is_on_the_channel_with_its_number(self):
        order, picking = self.sold()
        self.deliver(picking)
        self.tell()
        shipment = order.shipment_ids
        self.assertEqual(shipment.state, "accepted", shipment.last_error)
        self.assertEqual(self.parcels(order), [("1Z999", 2)])

    def test_a_lost_answer_makes_no_second_parcel(self):
        for kind in ("reset_after", "reset", "503_empty"):
            with self.subTest(kind):
                order, picking = self.sold()
                self.deliver(picking, number=f"1Z-{kind}")
                self.fault(kind, self.tell_operation)
                for _attempt in range(3):
                    self.tell()
                self.assertEqual(order.shipment_ids.state, "accepted")
                self.assertEqual(self.parcels(order), [(f"1Z-{kind}", 2)])

    def test_killed_after_the_channel_took_it_makes_no_second_parcel(self):
        order, picking = self.sold()
        self.deliver(picking)
        Shipment = type(self.env["marketplace.shipment"])
        with patch.object(Shipment, "_settle", side_effect=KeyboardInterrupt):
            with contextlib.suppress(KeyboardInterrupt):
                self.tell()
        self.env.invalidate_all()
        self.assertEqual(order.shipment_ids.state, "sent")
        self.assertEqual(len(self.told_calls()), 1)
        self.tell()
        self.assertEqual(order.shipment_ids.state, "accepted")
        self.assertEqual(self.parcels(order), [("1Z999", 2)])

    def test_refused_credentials_block_the_account_and_keep_the_parcel(self):
        order, picking = self.sold()
        self.deliver(picking)
        self.account.write(self.wrong_credentials)
        self.tell()
        self.assertEqual(self.account.state, "blocked")
        self.assertEqual(order.shipment_ids.state, "waiting")

    def test_an_order_that_is_cancelled_there_says_so(self):
        order, picking = self.sold()
        self.channel_simulator.cancel_order(order.external_id)
        self.deliver(picking)
        self.tell()
        self.assertEqual(order.shipment_ids.state, "failed")
        self.assertIn("cancelled", order.shipment_ids.last_error)


class SeveralParcelsTests:
    """Where a channel takes several parcels for one order."""

    def test_a_backorder_follows_with_its_own_units(self):
        order, picking = self.sold(3)
        rest = self.deliver(picking, 1, number="N1")
        self.tell()
        self.read_order(order.external_id)
        self.deliver(rest, number="N2")
        self.tell()
        self.assertEqual(set(order.shipment_ids.mapped("state")), {"accepted"})
        self.assertEqual(self.parcels(order), [("N1", 1), ("N2", 2)])

    def test_a_backorder_in_the_same_box_is_told_too(self):
        order, picking = self.sold(3)
        rest = self.deliver(picking, 1, number="N1")
        self.tell()
        self.deliver(rest, number="N1")
        self.tell()
        self.assertEqual(self.parcels(order), [("N1", 1), ("N1", 2)])

    def test_a_number_that_changes_is_corrected(self):
        order, picking = self.sold()
        self.deliver(picking, number="WRONG")
        self.tell()
        picking.carrier_tracking_ref = "RIGHT"
        self.tell()
        self.assertFalse(order.shipment_ids.last_error)
        self.assertEqual(order.shipment_ids.state, "accepted")
        self.assertEqual(order.shipment_ids.told_number, "RIGHT")
        self.assertEqual(self.parcels(order), [("RIGHT", 2)])


@tagged("post_install", "-at_install")
class TestAmazonShipments(
    SharedShipmentTests, SeveralParcelsTests, ShipmentChannelCase
):
    channel = "amazon"
    site_code = test_channels.TestAmazon.site_code
    credentials = test_channels.TestAmazon.credentials
    wrong_credentials = test_channels.TestAmazon.wrong_credentials
    tell_operation = "confirmShipment"

    def site_spec(self):
        return self.site_code

    def parcels(self, order):
        packages = self.channel_simulator.order(order.external_id)["packages"]
        return [(p["tracking"], sum(p["items"].values())) for p in packages.values()]

    def test_the_carrier_goes_by_amazons_code(self):
        order, picking = self.sold()
        self.deliver(picking)
        self.tell()
        self.assertEqual(order.shipment_ids.carrier_code, "UPS")

    def test_amazon_waits_for_the_tracking_number(self):
        self.assertEqual(self.account.shipment_tracking, "always")
        order, picking = self.sold()
        self.deliver(picking, number=False)
        self.tell()
        self.assertFalse(self.told_calls())
        self.assertTrue(order.shipment_ids.is_to_fix)
        picking.carrier_tracking_ref = "LATE"
        self.tell()
        self.assertEqual(self.parcels(order), [("LATE", 2)])

    def test_what_a_person_shipped_in_seller_central_is_left_alone(self):
        order, picking = self.sold()
        self.channel_simulator.ship_order(order.external_id)
        self.deliver(picking)
        self.tell()
        self.assertEqual(order.shipment_ids.outcome, "already")
        self.assertEqual(self.parcels(order), [("BY-HAND-1", 2)])


@tagged("post_install", "-at_install")
class TestShopifyShipments(
    SharedShipmentTests, SeveralParcelsTests, ShipmentChannelCase
):
    channel = "shopify"
    site_code = test_channels.TestShopify.site_code
    credentials = test_channels.TestShopify.credentials
    wrong_credentials = test_channels.TestShopify.wrong_credentials
    tell_operation = "fulfillmentCreate"

    def parcels(self, order):
        number = order.external_id
        found = self.channel_simulator.shop.orders.get(number)["fulfillments"]
        return [(parcel["number"], parcel["total"]) for parcel in found]

    def test_a_delivery_without_carrier_goes_without_a_number(self):
        order, picking = self.sold()
        picking.move_ids.picked = True
        picking.button_validate()
        self.tell()
        self.assertEqual(self.parcels(order), [(None, 2)])

    def test_a_held_order_says_so_and_goes_when_it_is_released(self):
        order, picking = self.sold()
        self.channel_simulator.hold_order(order.external_id)
        self.read_order(order.external_id)
        self.deliver(picking)
        self.tell()
        self.assertEqual(order.shipment_ids.state, "failed")
        self.assertIn("hold", order.shipment_ids.last_error)
        self.channel_simulator.release_order(order.external_id)
        self.read_order(order.external_id)
        self.tell()
        self.assertEqual(self.parcels(order), [("1Z999", 2)])


@tagged("post_install", "-at_install")
class TestMercadoLibreShipments(SharedShipmentTests, ShipmentChannelCase):
    channel = "mercadolibre"
    site_code = test_channels.TestMercadoLibre.site_code
    credentials = test_channels.TestMercadoLibre.credentials
    wrong_credentials = test_channels.TestMercadoLibre.wrong_credentials
    buyer = {"mode": "me1"}
    tell_operation = "notifyShipment"

    def setUp(self):
        super().setUp()
        self.carrier.tracking_url = "https://t.test/<shipmenttrackingnumber>"

    def site_spec(self):
        return self.site_code

    def parcels(self, order):
        rows = self.channel_simulator.orders()
        (row,) = [row for row in rows if row["id"] == order.external_id]
        self.assertTrue(row["shipment"].startswith("shipped"), row["shipment"])
        return [(row["tracking"], sum(line["quantity"] for line in row["lines"]))]

    def test_the_channel_moves_its_own_parcels(self):
        order, picking = self.sold(mode="me2")
        self.deliver(picking, number=False)
        self.tell()
        shipment = order.shipment_ids
        self.assertEqual(shipment.state, "not_applicable")
        self.assertIn("moves this parcel itself", shipment.note)
        self.assertFalse(shipment.is_to_fix)

    def test_a_custom_parcel_waits_for_its_number_in_words(self):
        order, picking = self.sold(mode="custom")
        self.deliver(picking, number=False)
        self.tell()
        self.assertIn("tracking number", order.shipment_ids.last_error)
        picking.carrier_tracking_ref = "LATE"
        self.tell()
        self.assertEqual(self.parcels(order), [("LATE", 2)])

    def test_a_number_that_changes_is_said_because_nothing_can_be_done(self):
        order, picking = self.sold()
        self.deliver(picking, number="WRONG")
        self.tell()
        picking.carrier_tracking_ref = "RIGHT"
        self.tell()
        self.assertIn("RIGHT", order.shipment_ids.note)
        self.assertEqual(self.parcels(order), [("WRONG", 2)])

    def test_a_shipment_that_is_not_made_yet_is_waited_for(self):
        order, picking = self.sold(late_shipment=True)
        self.deliver(picking)
        self.tell()
        self.assertEqual(order.shipment_ids.state, "waiting")
        self.channel_simulator.make_shipment(order.external_id, mode="me1")
        self.tell()
        self.assertEqual(self.parcels(order), [("1Z999", 2)])
