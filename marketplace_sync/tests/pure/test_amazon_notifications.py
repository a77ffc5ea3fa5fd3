"""Messages of the seller's own SQS queue."""

import json
import unittest

from hypothesis import given
from hypothesis import strategies as st

from marketplace_sync.channels.amazon.notifications import parse_notification
from marketplace_sync.channels.amazon.orders import moment
from marketplace_sync.tests.pure.amazon_case import AmazonCase

METADATA = {"NotificationId": "d0e9e693", "PublishTime": "2026-11-02T10:00:00Z"}
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
NAMES = st.sampled_from(
    ("NotificationType", "NotificationMetadata", "NotificationId", "Payload", "detail")
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner),
    max_leaves=12,
)


def notification(kind, payload, **more):
    return {
        "NotificationType": kind,
        "EventTime": "2026-11-02T09:00:00Z",
        "Payload": payload,
        "NotificationMetadata": METADATA,
        **more,
    }


def parse(value):
    return parse_notification(json.dumps(value).encode())


class TestParse(unittest.TestCase):
    def test_feeds_and_reports_spell_their_names_otherwise(self):
        inner = {"sellerId": "A1EXAMPLE", "feedId": "53347", "processingStatus": "DONE"}
        event = parse(
            {
                "notificationType": "FEED_PROCESSING_FINISHED",
                "eventTime": "2026-11-02T09:00:00Z",
                "payload": {"feedProcessingFinishedNotification": inner},
                "notificationMetadata": {"notificationId": "n-1"},
            }
        )
        self.assertEqual((event.kind, event.external_id), ("other", "53347"))
        self.assertEqual((event.delivery_id, event.account_ref), ("n-1", "A1EXAMPLE"))

    def test_what_eventbridge_wraps_is_unwrapped(self):
        payload = {"SellerId": "A1EXAMPLE", "Sku": "A", "Quantity": 9}
        inner = notification("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", payload)
        event = parse({"id": "bridge", "detail": inner})
        self.assertEqual((event.kind, event.external_id), ("stock", "A"))
        self.assertEqual(event.delivery_id, "d0e9e693")

    def test_a_time_that_is_not_told_is_the_one_of_the_event(self):
        change = {
            "AmazonOrderId": "1",
            "OrderChangeTrigger": {"TimeOfOrderChange": None},
        }
        event = parse(notification("ORDER_CHANGE", {"OrderChangeNotification": change}))
        self.assertEqual(event.triggered_at, moment("2026-11-02T09:00:00Z"))

    def test_a_notification_without_an_id_cannot_be_told_from_its_copy(self):
        value = notification("ORDER_CHANGE", {}, NotificationMetadata={})
        self.assertIsNone(parse(value))

    def test_a_type_that_is_not_known_is_told_as_other(self):
        self.assertEqual(parse(notification("NEW_TYPE", {})).kind, "other")

    @given(ANYTHING)
    def test_nothing_that_may_come_breaks_it(self, value):
        parse(value)
        self.assertIsNone(parse_notification(b"{" + json.dumps(value).encode()))


class TestQueue(AmazonCase, unittest.TestCase):
    def test_an_order_change_names_its_order_and_its_seller(self):
        self.known_ref("A", quantity=9)
        order_id = self.simulator.sell("A", 2)
        (message,) = self.simulator.receive_messages()
        event = self.adapter_class.parse_webhook({}, message["Body"].encode())
        self.assertEqual((event.topic, event.kind), ("ORDER_CHANGE", "order"))
        self.assertEqual(event.external_id, order_id)
        self.assertEqual(event.account_ref, self.credentials["seller_id"])
        self.assertEqual(event.triggered_at.timestamp(), self.clock())

    def test_a_copy_of_a_message_has_the_same_id(self):
        self.known_ref("A", quantity=9)
        self.simulator.plan_delivery("twice")
        self.simulator.sell("A", 2)
        events = [
            parse_notification(message["Body"])
            for message in self.simulator.receive_messages()
        ]
        self.assertEqual(len(events), 2)
        self.assertEqual(len({event.delivery_id for event in events}), 1)

    def test_nobody_who_calls_our_address_is_amazon(self):
        body = json.dumps(notification("ORDER_CHANGE", {})).encode()
        verify = self.adapter_class.verify_webhook
        self.assertIs(verify({}, body, ["secret"], "A1SIMULATOR"), False)
