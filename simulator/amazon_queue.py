"""The seller's SQS queue with Amazon's notifications about orders.

At least once, in any order, and sometimes not at all: what was received and not
deleted comes again. ``plan_delivery`` makes the next notifications misbehave.
"""

import json
import uuid

from .amazon_dates import iso
from .amazon_order_view import summary_view
from .delivery import HELD, LATE, NEVER, TWICE, Ledger, Manner, is_due, release

KINDS = (TWICE, LATE, NEVER)
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
        manner = self._next_plan() or self.manner
        body = json.dumps(self.order_change(order, kind, reason))
        for _copy in range(manner.copies):
            self._put(body, f"{reason} · {order['id']}", manner)

    def _put(self, body, about, manner):
        key = str(uuid.uuid4())
        number = self.ledger.write(key, "ORDER_CHANGE", about, manner, {"Body": body})
        if manner.kind == NEVER:
            return
        message = {"MessageId": key, "Body": body, "receipt": "", "n": number}
        due = self.clock() + manner.delay
        held = manner.kind == HELD
        self.state["queue"].append({**message, "due": due, "held": held})

    def _next_plan(self):
        plans = self.state["deliveries"]
        if not plans:
            return None
        plan = plans[0]
        plan["times"] -= 1
        if not plan["times"]:
            plans.pop(0)
        return Manner(plan["kind"], plan["seconds"])

    @property
    def ledger(self):
        return Ledger(self.state["ledger"], lambda: self.clock())

    def notify_again(self, key):
        """Put a notification into the queue once more: another message, one body."""
        with self.lock:
            letter = self.ledger.letter(key)
            about = self.state["ledger"]["rows"][key]["about"]
            self._put(letter["Body"], about, Manner())

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

    def receive_messages(self, count=10, unordered=False, hidden=HIDDEN_SECONDS):
        """Return messages as SQS does: ``MessageId``, ``ReceiptHandle``, ``Body``.

        :param unordered: newest first, as SQS may
        :param hidden: seconds for which nobody else receives them
        """
        with self.lock:
            now = self.clock()
            ready = [m for m in self.state["queue"] if is_due(m, now)]
            ready = ready[::-1] if unordered else ready
            for message in ready[:count]:
                message["due"] = now + hidden
                message["receipt"] = str(uuid.uuid4())
                self.ledger.tried(message["MessageId"], None, 0)
                self.ledger.became(message["MessageId"], "received")
                release(self.state["queue"], message)
            return [_told(message) for message in ready[:count]]

    def delete_message(self, receipt):
        """Forget a message that was received and dealt with."""
        with self.lock:
            for message in list(self.state["queue"]):
                if receipt and message["receipt"] == receipt:
                    self.state["queue"].remove(message)
                    self.ledger.became(message["MessageId"], "taken")


def _told(message):
    names = ("MessageId", "Body")
    return {
        **{name: message[name] for name in names},
        "ReceiptHandle": message["receipt"],
    }
