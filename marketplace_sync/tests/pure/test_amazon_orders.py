"""An order of Amazon as the contract tells it."""

import unittest
from datetime import datetime, timezone
from decimal import Decimal

from marketplace_sync.channels.amazon.orders import iso, moment, order_of
from marketplace_sync.channels.errors import ChannelUnreachable
from marketplace_sync.tests.pure.amazon_case import CANADA, US, AmazonCase
from marketplace_sync.tests.pure.amazon_order_case import item, order

ADDRESS = {
    "name": "Erika Example",
    "companyName": "Example Ltd",
    "addressLine1": "1 Example Street",
    "addressLine2": "Suite 2",
    "addressLine3": "Yard",
    "city": "Exampletown",
    "stateOrRegion": "WA",
    "postalCode": "00000",
    "countryCode": "US",
    "phone": "555-0100",
}


def counted(shipped, left, ordered=3, **more):
    counts = {"quantityFulfilled": shipped, "quantityUnfulfilled": left}
    return item(1, ordered, {"ITEM": "30"}, fulfillment=counts, **more)


class TestStatus(unittest.TestCase):
    def test_every_status_of_the_model_has_a_meaning(self):
        for told, status in {
            "PENDING_AVAILABILITY": "pending",
            "PENDING": "pending",
            "UNSHIPPED": "open",
            "PARTIALLY_SHIPPED": "open",
            "SHIPPED": "shipped",
            "CANCELLED": "cancelled",
            "UNFULFILLABLE": "cancelled",
        }.items():
            with self.subTest(told):
                read = order_of(order(item(), status=told))
                self.assertEqual((read.status, read.is_held), (status, False))

    def test_a_status_that_is_not_known_claims_the_stock_and_waits_for_a_person(self):
        for told in ("SOMETHING_NEW", None):
            read = order_of(order(item(1, 2), status=told))
            self.assertEqual((read.status, read.is_held), ("pending", True))
            self.assertTrue(read.hold_reason)
            self.assertEqual(read.lines[0].quantity, 2)

    def test_an_order_that_amazon_ships_takes_none_of_our_stock(self):
        told = order(item())
        self.assertFalse(order_of(told).lines[0].fulfilled_by_channel)
        told["fulfillment"]["fulfilledBy"] = "AMAZON"
        self.assertTrue(order_of(told).lines[0].fulfilled_by_channel)

    def test_an_order_sold_elsewhere_is_no_sale_of_amazon(self):
        told = order(item())
        self.assertFalse(order_of(told).is_foreign)
        told["salesChannel"] = {"channelName": "NON_AMAZON"}
        self.assertTrue(order_of(told).is_foreign)

    def test_an_order_without_what_the_model_promises_is_refused(self):
        for name in ("orderId", "createdTime", "lastUpdatedTime", "orderItems"):
            told = order(item())
            del told[name]
            with self.subTest(name), self.assertRaises(ChannelUnreachable):
                order_of(told)


class TestUnits(unittest.TestCase):
    def units(self, told, status):
        line = order_of(order(told, status=status)).lines[0]
        return int(line.quantity), int(line.shipped_quantity)

    def test_what_is_shipped_and_what_is_not_is_wanted(self):
        self.assertEqual(self.units(counted(0, 3), "UNSHIPPED"), (3, 0))
        self.assertEqual(self.units(counted(1, 2), "PARTIALLY_SHIPPED"), (3, 1))
        self.assertEqual(self.units(counted(3, 0), "SHIPPED"), (3, 3))

    def test_what_was_cancelled_is_not_wanted(self):
        gone = {"cancellationExecution": {"cancelledBy": "BUYER"}}
        self.assertEqual(self.units(counted(0, 2), "UNSHIPPED"), (2, 0))
        told = counted(0, 0, cancellation=gone)
        self.assertEqual(self.units(told, "UNSHIPPED"), (0, 0))
        self.assertEqual(self.units(counted(0, 0), "CANCELLED"), (0, 0))
        self.assertEqual(self.units(counted(1, 0), "SHIPPED"), (1, 1))

    def test_in_doubt_the_larger_number_is_kept_back(self):
        self.assertEqual(self.units(counted(0, 0), "UNSHIPPED"), (3, 0))
        self.assertEqual(self.units(counted(0, 0), "PENDING"), (3, 0))
        self.assertEqual(self.units(counted(0, 2), "PENDING"), (3, 0))
        self.assertEqual(self.units(item(1, 3), "UNSHIPPED"), (3, 0))

    def test_a_shipped_order_without_counts_has_left_as_a_whole(self):
        self.assertEqual(self.units(item(1, 3), "SHIPPED"), (3, 3))


class TestCancellationRequests(unittest.TestCase):
    request = {"cancellationRequest": {"requester": "BUYER", "cancelReason": "Oops"}}

    def read(self, cancellation, status="UNSHIPPED"):
        return order_of(order(item(cancellation=cancellation), status=status))

    def test_a_buyers_request_cancels_nothing(self):
        read = self.read(self.request)
        self.assertTrue(read.cancel_requested)
        self.assertEqual((read.cancel_reason, read.status), ("Oops", "open"))
        self.assertEqual(read.lines[0].quantity, 1)

    def test_a_request_without_a_reason_is_one_too(self):
        self.assertTrue(self.read({"cancellationRequest": {}}).cancel_requested)

    def test_a_request_that_was_answered_is_none_any_more(self):
        done = {**self.request, "cancellationExecution": {"cancelledBy": "MERCHANT"}}
        self.assertFalse(self.read(done).cancel_requested)
        for status in ("SHIPPED", "CANCELLED"):
            self.assertFalse(self.read(self.request, status).cancel_requested)

    def test_without_any_request_there_is_none(self):
        self.assertFalse(self.read({}).cancel_requested)
        self.assertFalse(order_of(order(item())).cancel_requested)


class TestPeople(unittest.TestCase):
    def read(self, address=None, personal=True):
        told = order(item())
        told["buyer"] = {"buyerName": "Erika", "buyerEmail": "e@marketplace.example"}
        if address is not None:
            told["recipient"] = {"deliveryAddress": address}
        return order_of(told, personal=personal)

    def test_an_address_is_told_in_full(self):
        read = self.read(ADDRESS)
        address = read.shipping_address
        self.assertEqual(address.street, "1 Example Street")
        self.assertEqual(address.street2, "Suite 2, Yard")
        self.assertEqual(
            (address.name, address.company, address.city, address.zip),
            ("Erika Example", "Example Ltd", "Exampletown", "00000"),
        )
        self.assertEqual((address.state_code, address.country_code), ("WA", "US"))
        self.assertFalse(read.is_withheld)
        self.assertEqual(read.buyer.email, "e@marketplace.example")

    def test_amazon_gives_no_key_of_a_person(self):
        self.assertEqual(self.read(ADDRESS).buyer.key, "")

    def test_brazils_own_fields_are_a_street_too(self):
        own = {"streetName": "Rua Exemplo", "streetNumber": "7", "complement": "Ap 1"}
        address = self.read({"name": "E", "extendedFields": own}).shipping_address
        self.assertEqual((address.street, address.street2), ("Rua Exemplo 7", "Ap 1"))

    def test_an_order_without_name_or_address_is_marked(self):
        self.assertTrue(self.read().is_withheld)
        self.assertIsNone(self.read().shipping_address)
        self.assertTrue(self.read({"city": "Exampletown"}).is_withheld)
        self.assertTrue(self.read(ADDRESS, personal=False).is_withheld)


class TestRead(AmazonCase, unittest.TestCase):
    """The whole way, through the simulated Amazon."""

    def test_an_order_of_two_lines_is_told_as_it_was_bought(self):
        self.seed(sites=[US, CANADA], tax_rate="0.10")
        self.known_ref("A", quantity=9, price=19.99)
        self.known_ref("B", quantity=9, price=5)
        lines = [
            {"sku": "A", "quantity": 2, "shipping": "4.00", "shipping_tax": "0.40"},
            {"sku": "B", "quantity": 1, "discount": "1.00", "gift_wrap": "2.00"},
        ]
        order_id = self.simulator.place_order(lines, US, tip="3.00")
        read = self.make_adapter().fetch_order(order_id)
        self.assertEqual(
            [(line.sku, line.quantity, line.unit_price) for line in read.lines],
            [("A", 2, Decimal("19.99")), ("B", 1, Decimal("5.00"))],
        )
        self.assertEqual([x.discount for x in read.lines], [0, Decimal("1.00")])
        self.assertEqual(
            {charge.kind: charge.amount for charge in read.charges},
            {
                "shipping": Decimal("4.00"),
                "gift_wrap": Decimal("2.00"),
                "tip": Decimal("3.00"),
            },
        )
        # 39.98 + 4.00 + 0.40 + 4.00 (tax) + 5.00 − 1.00 + 2.00 + 0.40 (tax) + 3.00
        self.assertEqual(read.total, Decimal("57.78"))
        self.assertEqual((read.site_code, read.currency), (US, "USD"))
        self.assertEqual(read.name, order_id)
        self.assertEqual(read.data["marketplace"], US)
        self.assertTrue(read.ship_by > read.placed_at)
        self.assertTrue(read.request_id)
        self.assertEqual(read.raw["orderId"], order_id)

    def test_a_pending_order_claims_its_units_before_it_has_a_price(self):
        self.known_ref("A", quantity=5)
        order_id = self.simulator.sell("A", 2, pending=True)
        read = self.make_adapter().fetch_order(order_id)
        self.assertEqual((read.status, read.lines[0].quantity), ("pending", 2))
        self.assertEqual((read.total, read.lines[0].unit_price), (None, None))
        self.assertTrue(read.is_withheld)
        self.clock.sleep(60)
        self.simulator.pay_order(order_id)
        paid = self.make_adapter().fetch_order(order_id)
        self.assertEqual((paid.status, paid.is_withheld), ("open", False))
        self.assertIsNotNone(paid.total)

    def test_a_partial_cancellation_lowers_units_and_total(self):
        self.known_ref("A", quantity=5, price=10)
        self.known_ref("B", quantity=5, price=7)
        lines = [{"sku": "A", "quantity": 3}, {"sku": "B", "quantity": 1}]
        order_id = self.simulator.place_order(lines)
        self.simulator.edit_order(order_id, {"A": 2})
        self.simulator.cancel_order(order_id, skus=["B"])
        read = self.make_adapter().fetch_order(order_id)
        self.assertEqual([line.quantity for line in read.lines], [2, 0])
        self.assertEqual((read.status, read.total), ("open", 20))

    def test_an_order_that_amazon_ships_is_read_as_its_own(self):
        self.known_ref("FBA", fulfilment="channel", quantity=5)
        read = self.make_adapter().fetch_order(self.simulator.sell("FBA", 1))
        self.assertTrue(read.lines[0].fulfilled_by_channel)


class TestTimes(unittest.TestCase):
    def test_times_are_told_in_utc(self):
        noon = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
        for text in ("2026-11-02T12:00:00Z", "2026-11-02T13:00:00+01:00"):
            self.assertEqual(moment(text), noon)
        self.assertEqual(moment("2026-11-02T12:00:00"), noon)
        self.assertEqual(iso(noon), "2026-11-02T12:00:00Z")
        self.assertEqual(iso(noon.replace(tzinfo=None)), "2026-11-02T12:00:00Z")
        self.assertIsNone(moment(None))
        self.assertIsNone(moment("yesterday"))
