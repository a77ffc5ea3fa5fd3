"""The seller's SQS queue with Amazon's notifications about orders.

At least once, in any order, and sometimes not at all: what was received and not
deleted comes again. ``plan_delivery`` makes the next notifications misbehave.
"""

import json
import uuid

from .amazon_dates import iso
from .amazon_order_view import summary_view

KINDS = ("twice", "late", "never")
#: Seconds for which a received message is hidden (SQS's default).
HIDDEN_SECONDS = 30


class Queue:
    """Messages wait here until they are deleted."""

    def plan_delivery(self, kind, times=1, seconds=300.0):
        """Let the next notifications come ``twice``, ``late`` or ``never``."""
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
        plan = {"kind": kind, "times": times, "seconds": seconds}
        self.state["deliveries"].append(plan)

    def notify(self, order, kind, reason):
        """Put an ORDER_CHANGE notification into the queue."""
        plan = self._next_plan()
        if plan["kind"] == "never":
            return
        body = json.dumps(self.order_change(order, kind, reason))
        due = self.clock() + (plan["seconds"] if plan["kind"] == "late" else 0)
        for _copy in range(2 if plan["kind"] == "twice" else 1):
            message = {"MessageId": str(uuid.uuid4()), "Body": body}
            self.state["queue"].append({**message, "due": due, "receipt": ""})

    def _next_plan(self):
        plans = self.state["deliveries"]
        if not plans:
            return {"kind": "", "seconds": 0}
        plan = plans[0]
        plan["times"] -= 1
        if not plan["times"]:
            plans.pop(0)
        return plan

    def order_change(self, order, kind, reason):
        """Return an ORDER_CHANGE notification."""
        now = iso(self.clock())
        change = {
            "NotificationLevel": "OrderLevel",
            "SellerId": self.state["credentials"]["seller_id"],
            "AmazonOrderId": order["id"],
            "OrderChangeType": kind,
            "OrderChangeTrigger": {"TimeOfOrderChange": now, "ChangeReason": reason},
            "Summary": summary_view(order),
        }
        return {
            "NotificationVersion": "1.0",
            "NotificationType": "ORDER_CHANGE",
            "PayloadVersion": "1.0",
            "EventTime": now,
            "Payload": {"OrderChangeNotification": change},
            "NotificationMetadata": {
                "ApplicationId": "app-id-simulator",
                "SubscriptionId": "subscription-id-simulator",
                "PublishTime": now,
                "NotificationId": str(uuid.uuid4()),
            },
        }

    def receive_messages(self, count=10, unordered=False):
        """Return messages as SQS does: ``MessageId``, ``ReceiptHandle``, ``Body``.

        :param unordered: newest first, as SQS may
        """
        with self.lock:
            now = self.clock()
            ready = [m for m in self.state["queue"] if m["due"] <= now]
            ready = ready[::-1] if unordered else ready
            for message in ready[:count]:
                message["due"] = now + HIDDEN_SECONDS
                message["receipt"] = str(uuid.uuid4())
            return [_told(message) for message in ready[:count]]

    def delete_message(self, receipt):
        """Forget a message that was received and dealt with."""
        with self.lock:
            self.state["queue"] = [
                m for m in self.state["queue"] if m["receipt"] != receipt
            ]


def _told(message):
    names = ("MessageId", "Body")
    return {
        **{name: message[name] for name in names},
        "ReceiptHandle": message["receipt"],
    }
