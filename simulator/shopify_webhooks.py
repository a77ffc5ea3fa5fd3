"""Webhooks of the simulated shop: signed as the real ones, delivered as badly.

Shopify: at least once, in no order, sometimes never; 8 retries over 4 hours with the
first payload; after 8 failures in a row a subscription is deleted
(https://shopify.dev/changelog/updates-to-webhook-retry-mechanism). Here each delivery
waits in an outbox: sent by the courier of the running simulator (``delivery``
"at_once"), or when a test says so ("held"): twice, late, in another order, or never.
"""

import base64
import hashlib
import hmac
import json
import uuid
from urllib.parse import urlsplit

from .delivery import HELD, NEVER, Bag, Ledger, is_due, is_here, post, release
from .shopify_orders import iso

SUBSCRIPTION = "gid://shopify/WebhookSubscription/"
#: Seconds that a whole delivery may take.
TIMEOUT = 5
MAX_FAILURES = 8
#: Seconds until a retry, by failures so far; about four hours in all.
BACKOFF = (60, 120, 240, 480, 960, 1920, 3840, 6780)
#: Deliveries that are remembered for replaying.
REMEMBERED = 500


def signature(body, secret):
    """Return ``X-Shopify-Hmac-Sha256``."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class Outbox:
    """Subscriptions and deliveries of one shop.

    :param channel: its simulator, for state, clock and lock
    """

    def __init__(self, channel):
        self.channel = channel
        self.bag = Bag()

    @property
    def state(self):
        return self.channel.shop.state

    @property
    def ledger(self):
        return Ledger(self.state["ledger"], lambda: self.channel.clock())

    # --- subscriptions --------------------------------------------------------
    def subscribe(self, topic, uri):
        """Return ``(subscription, "")`` or ``(None, why not)``. Lock held."""
        if urlsplit(uri or "").scheme != "https" and not is_here(uri or ""):
            return None, "Address protocol http:// is not supported"
        found = self.state["subscriptions"].values()
        if any((s["topic"], s["uri"]) == (topic, uri) for s in found):
            return None, "Address for this topic has already been taken"
        self.state["serial"] += 1
        number = str(self.state["serial"])
        self.state["subscriptions"][number] = {
            "id": number,
            "topic": topic,
            "uri": uri,
            "failures": 0,
            "updated_at": self.channel.clock(),
        }
        return self.state["subscriptions"][number], ""

    def emit(self, topic, payload):
        """Put a delivery into the outbox for each subscriber. Lock held."""
        event, now = str(uuid.uuid4()), self.channel.clock()
        wanted = topic.upper().replace("/", "_")
        for subscription in self.state["subscriptions"].values():
            if subscription["topic"] == wanted:
                entry = {
                    "id": str(uuid.uuid4()),
                    "event": event,
                    "topic": topic,
                    "subscription": subscription["id"],
                    "uri": subscription["uri"],
                    "body": json.dumps(payload),
                    "triggered_at": iso(now),
                    "attempts": 0,
                }
                self._put(entry, self.channel.manner, self._about(payload))
        self.kick()

    def _put(self, entry, manner, about):
        number = self.ledger.write(entry["id"], entry["topic"], about, manner, entry)
        due = self.channel.clock() + manner.delay
        entry.update(n=number, due=due, held=manner.kind == HELD, copies=manner.copies)
        if manner.kind != NEVER:
            self.state["outbox"].append(entry)

    def _about(self, payload):
        """Return what people call the subject of a payload: the order's name."""
        if payload.get("name"):
            return payload["name"]
        inner = next((v for v in payload.values() if isinstance(v, dict)), payload)
        order = self.state["orders"].get(str(inner.get("order_id")))
        return order["name"] if order else ""

    # --- delivering -----------------------------------------------------------
    def pending(self):
        """Return the deliveries that wait, oldest first, as copies."""
        with self.channel.lock:
            return [dict(entry) for entry in self.state["outbox"]]

    def kick(self):
        """Have what is due delivered in the background, unless told to hold it."""
        if self.state["delivery"] == "at_once":
            self.channel.wake_courier()

    def jobs(self):
        """Return what the courier has to do now."""
        with self.channel.lock:
            due = self._due() if self.state["delivery"] == "at_once" else []
            return self.bag.jobs(due, self._attempt)

    def _due(self):
        now = self.channel.clock()
        return [entry for entry in self.state["outbox"] if is_due(entry, now)]

    def deliver(self, copies=1, order=None, only=None):
        """Deliver what is due now; return the statuses, 0 for no answer.

        :param copies: how often each is delivered
        :param order: callable that returns the deliveries in another order
        :param only: fnmatch-free topic, None for all
        """
        with self.channel.lock:
            due = [e for e in self._due() if only in (None, e["topic"])]
        due = list(order(due)) if order else due
        statuses = [status for entry in due for status in self._attempt(entry)]
        for _again in range(copies - 1):
            statuses += [self._post(entry) for entry in due]
        return statuses

    def lose(self, only=None):
        """Forget what waits: it is never delivered. Return how many."""
        with self.channel.lock:
            waiting = self.state["outbox"]
            left = [e for e in waiting if only not in (None, e["topic"])]
            for entry in waiting:
                if entry not in left:
                    self.ledger.became(entry["id"], "lost")
            self.state["outbox"] = left
            return len(waiting) - len(left)

    def replay(self, count=1):
        """Deliver the last deliveries once more, as they were."""
        with self.channel.lock:
            entries = self.state["delivered"][-count:]
        return [self._post(entry) for entry in entries]

    def again(self, key):
        """Deliver one once more, as it was; return the status."""
        with self.channel.lock:
            entry = self.ledger.letter(key)
        status = self._post(entry)
        if 200 <= status < 300:
            with self.channel.lock:
                self._drop(lambda e: e["id"] == key)
                self.ledger.became(key, "delivered")
        return status

    def _attempt(self, entry):
        """Deliver; return the statuses, one for each copy."""
        statuses = [self._post(entry) for _copy in range(entry.get("copies", 1))]
        with self.channel.lock:
            self._settle(entry, any(200 <= status < 300 for status in statuses))
            release(self.state["outbox"], entry)
        return statuses

    def _settle(self, entry, is_done):
        subscription = self.state["subscriptions"].get(entry["subscription"])
        if is_done:
            self._drop(lambda e: e["id"] == entry["id"])
            delivered = [*self.state["delivered"], entry]
            self.state["delivered"] = delivered[-REMEMBERED:]
            self.ledger.became(entry["id"], "delivered")
            if subscription:
                subscription["failures"] = 0
            return
        entry["due"] = self.channel.clock() + BACKOFF[min(entry["attempts"], 7)]
        entry["attempts"] += 1
        is_over = entry["attempts"] > len(BACKOFF)
        self.ledger.became(entry["id"], "missed" if is_over else "retry", entry["due"])
        if subscription:
            subscription["failures"] += 1
            if subscription["failures"] >= MAX_FAILURES:
                del self.state["subscriptions"][subscription["id"]]
                self._drop_of(subscription["id"])
        if is_over:
            self._drop(lambda e: e["id"] == entry["id"])

    def _drop_of(self, subscription):
        for entry in self.state["outbox"]:
            if entry["subscription"] == subscription:
                self.ledger.became(entry["id"], "missed")
        self._drop(lambda e: e["subscription"] == subscription)

    def _drop(self, is_gone):
        left = [e for e in self.state["outbox"] if not is_gone(e)]
        self.state["outbox"] = left

    # --- one call -------------------------------------------------------------
    def headers(self, entry):
        """Return the headers of a delivery."""
        credentials = self.state["credentials"]
        secret = credentials.get("webhook_secret") or credentials["client_secret"]
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": entry["topic"],
            "X-Shopify-Hmac-Sha256": signature(entry["body"].encode(), secret),
            "X-Shopify-Shop-Domain": credentials["shop"],
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Webhook-Id": entry["id"],
            "X-Shopify-Event-Id": entry["event"],
            "X-Shopify-Triggered-At": entry["triggered_at"],
        }

    def _post(self, entry):
        """Return the status of one delivery."""
        with self.channel.lock:
            headers = self.headers(entry)
        body = entry["body"].encode()
        status, seconds = post(entry["uri"], body, headers, TIMEOUT)
        with self.channel.lock:
            self.ledger.tried(entry["id"], status, seconds)
        return status
