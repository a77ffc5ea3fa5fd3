"""Webhooks of the simulated shop: signed as the real ones, delivered as badly.

Shopify: at least once, in no order, sometimes never; 8 retries over 4 hours with the
first payload; after 8 failures in a row a subscription is deleted
(https://shopify.dev/changelog/updates-to-webhook-retry-mechanism). Here each delivery
waits in an outbox: sent at once in a thread of its own (``mode`` "at_once"), or when
a test says so ("held"): twice, late, in another order, or never.
"""

import base64
import hashlib
import hmac
import http.client
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from .server import is_loopback_host
from .shopify_orders import iso

SUBSCRIPTION = "gid://shopify/WebhookSubscription/"
#: Seconds that a whole delivery may take.
TIMEOUT = 5
MAX_FAILURES = 8
#: Seconds until a retry, by failures so far; about four hours in all.
BACKOFF = (60, 120, 240, 480, 960, 1920, 3840, 6780)
#: Deliveries that are remembered for replaying.
REMEMBERED = 500
WORKERS = 8


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
        self.thread = None

    @property
    def state(self):
        return self.channel.shop.state

    # --- subscriptions --------------------------------------------------------
    def subscribe(self, topic, uri):
        """Return ``(subscription, "")`` or ``(None, why not)``. Lock held."""
        parts = urlsplit(uri or "")
        if parts.scheme != "https" and not _is_here(parts):
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
                self.state["outbox"].append(
                    {
                        "id": str(uuid.uuid4()),
                        "event": event,
                        "topic": topic,
                        "subscription": subscription["id"],
                        "uri": subscription["uri"],
                        "body": json.dumps(payload),
                        "triggered_at": iso(now),
                        "attempts": 0,
                        "due": now,
                    }
                )
        self.kick()

    # --- delivering -----------------------------------------------------------
    def pending(self):
        """Return the deliveries that wait, oldest first, as copies."""
        with self.channel.lock:
            return [dict(entry) for entry in self.state["outbox"]]

    def kick(self):
        """Deliver what is due in the background, unless told to hold it."""
        if self.state["delivery"] != "at_once" or not self._due():
            return
        with self.channel.lock:
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(
                    target=self._run, name="shopify-webhooks", daemon=True
                )
                self.thread.start()

    def _run(self):
        with ThreadPoolExecutor(WORKERS) as pool:
            while True:
                with self.channel.lock:
                    due = self._due()
                    if not due or self.state["delivery"] != "at_once":
                        self.thread = None
                        return
                list(pool.map(self._attempt, due))

    def _due(self):
        now = self.channel.clock()
        return [entry for entry in self.state["outbox"] if entry["due"] <= now]

    def deliver(self, copies=1, order=None, only=None):
        """Deliver what is due now; return the statuses, 0 for no answer.

        :param copies: how often each is delivered
        :param order: callable that returns the deliveries in another order
        :param only: fnmatch-free topic, None for all
        """
        with self.channel.lock:
            due = [e for e in self._due() if only in (None, e["topic"])]
        due = list(order(due)) if order else due
        statuses = [self._attempt(entry) for entry in due]
        for _again in range(copies - 1):
            statuses += [self._post(entry) for entry in due]
        return statuses

    def lose(self, only=None):
        """Forget what waits: it is never delivered. Return how many."""
        with self.channel.lock:
            waiting = self.state["outbox"]
            left = [e for e in waiting if only not in (None, e["topic"])]
            self.state["outbox"] = left
            return len(waiting) - len(left)

    def replay(self, count=1):
        """Deliver the last deliveries once more, as they were."""
        with self.channel.lock:
            entries = self.state["delivered"][-count:]
        return [self._post(entry) for entry in entries]

    def _attempt(self, entry):
        status = self._post(entry)
        with self.channel.lock:
            self._settle(entry, 200 <= status < 300)
        return status

    def _settle(self, entry, is_done):
        subscription = self.state["subscriptions"].get(entry["subscription"])
        if is_done:
            self._drop(lambda e: e["id"] == entry["id"])
            delivered = [*self.state["delivered"], entry]
            self.state["delivered"] = delivered[-REMEMBERED:]
            if subscription:
                subscription["failures"] = 0
            return
        entry["due"] = self.channel.clock() + BACKOFF[min(entry["attempts"], 7)]
        entry["attempts"] += 1
        if subscription:
            subscription["failures"] += 1
            if subscription["failures"] >= MAX_FAILURES:
                del self.state["subscriptions"][subscription["id"]]
                self._drop(lambda e: e["subscription"] == subscription["id"])
        if entry["attempts"] > len(BACKOFF):
            self._drop(lambda e: e["id"] == entry["id"])

    def _drop(self, is_gone):
        self.state["outbox"] = [e for e in self.state["outbox"] if not is_gone(e)]

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
        """Return the status of one delivery; this machine only, no redirects."""
        parts = urlsplit(entry["uri"])
        if not _is_here(parts):
            return 0
        line = http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=TIMEOUT
        )
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            line.request("POST", path, entry["body"].encode(), self.headers(entry))
            answer = line.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            line.close()


def _is_here(parts):
    return parts.scheme == "http" and is_loopback_host(parts.netloc)
