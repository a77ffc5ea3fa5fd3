"""Notifications: unsigned, up to eight attempts; a failing topic is switched off.

[produto-receba-notificacoes, 14/09/2026]: eight attempts in an hour, each answered with
200 within 500 ms, else the notification is *missed* (kept for two days); a topic that
keeps failing is switched off, and what it would have sent is kept nowhere. After how
many failures is not said: here after :data:`OFF_AFTER` missed ones in a row.
"""

import json
import time
import uuid

from .core import Response
from .delivery import HELD, NEVER, Bag, Ledger, Manner, is_due, is_here, release
from .delivery import post as post_to
from .mercadolibre_errors import refuse
from .mercadolibre_items import first
from .mercadolibre_parcels import zulu

ATTEMPTS = 8
#: Seconds from one attempt to the next; together an hour.
PAUSES = (15, 30, 60, 180, 420, 915, 1980)
ANSWER_SECONDS = 0.5
KEPT_SECONDS = 2 * 86_400
OFF_AFTER = 3
TOPICS = ("orders_v2", "shipments", "items", "stock-location", "post_purchase")


class Notices:
    """The outbox of one application. State changes under ``lock``, sending does not.

    :param send: ``send(url, body) → HTTP status``, 0 = no answer in time
    :param manner: returns how what happens now is told
    :param wake: has what is due delivered in the background
    """

    def __init__(
        self, state, identity, clock, lock, send=None, manner=Manner, wake=None
    ):
        self.state = state
        self.identity = identity
        self.clock = clock
        self.lock = lock
        self.send = send or post
        self.manner = manner
        self.wake = wake or (lambda: None)
        self.bag = Bag()
        for name, value in empty().items():
            state.setdefault(name, value)
        self.ledger = Ledger(state["ledger"], clock)

    # --- subscribing, as DevCenter does ----------------------------------------------
    def subscribe(self, callback, topics=TOPICS, auto=False):
        """Set address and topics; switched-off topics are on again.

        :param auto: deliver without being asked, by the simulator's courier
        :raises ValueError: the address is not on this machine
        """
        if callback and not is_here(callback):
            raise ValueError("notifications go to this machine only")
        self.state.update(callback=callback, topics=list(topics), auto=bool(auto))
        self.state.update(off=[], failures={})

    # --- telling ---------------------------------------------------------------------
    def tell(self, topic, resource):
        """Put one notification into the outbox, unless nobody subscribed to it."""
        state = self.state
        if not state["callback"] or topic not in state["topics"]:
            return
        if topic in state["off"]:
            return
        now, (user, application) = self.clock(), self.identity()
        note = {
            "resource": resource,
            "user_id": user,
            "topic": topic,
            "application_id": application,
            "attempts": 0,
            "sent": None,
            "received": zulu(now),
        }
        self._put({"id": uuid.uuid4().hex[:24], "note": note}, self.manner())

    def _put(self, entry, manner):
        state, note = self.state, entry["note"]
        number = self.ledger.write(
            entry["id"], note["topic"], note["resource"], manner, entry
        )
        due = self.clock() + manner.delay
        entry.update(n=number, due=due, held=manner.kind == HELD, copies=manner.copies)
        if manner.kind == NEVER:
            return
        state["waiting"].append(entry)
        if state["auto"]:
            self.wake()

    def waiting(self, topic=None):
        """Return what waits: ``[{id, topic, resource, attempts, due}]``."""
        with self.lock:
            entries = list(self.state["waiting"])
        names = ("topic", "resource", "attempts")
        return [
            {"id": e["id"], "due": e["due"], **{n: e["note"][n] for n in names}}
            for e in entries
            if topic in (None, e["note"]["topic"])
        ]

    # --- delivering ------------------------------------------------------------------
    def deliver(self, ids=None, twice=False, backwards=False, everything=True):
        """Make one attempt with what waits; return the HTTP statuses.

        :param ids: only these
        :param twice: send each two times, as may happen
        :param backwards: the last first
        :param everything: also what is not due yet
        """
        with self.lock:
            chosen = [
                entry
                for entry in self.state["waiting"]
                if (ids is None or entry["id"] in ids)
                and (everything or is_due(entry, self.clock()))
            ]
        chosen = chosen[::-1] if backwards else chosen
        return [
            self._attempt(entry)
            for entry in chosen
            for _ in range(2 if twice else entry.get("copies", 1))
        ]

    def jobs(self):
        """Return what the courier has to do now."""
        with self.lock:
            now = self.clock()
            waiting = self.state["waiting"] if self.state["auto"] else []
            due = [entry for entry in waiting if is_due(entry, now)]
            return self.bag.jobs(due, self._carry)

    def _carry(self, entry):
        for _copy in range(entry.get("copies", 1)):
            self._attempt(entry)

    def again(self, key):
        """Send one once more, as it was; return the status."""
        with self.lock:
            entry = self.ledger.letter(key)
        status = self._send(entry)
        if status == 200:
            with self.lock:
                self._forget(key)
                self.ledger.became(key, "delivered")
        return status

    def _forget(self, key):
        waiting = self.state["waiting"]
        self.state["waiting"] = [entry for entry in waiting if entry["id"] != key]

    def drop(self, ids=None):
        """Lose notifications: they were never sent and are nowhere to be found."""
        with self.lock:
            for entry in list(self.state["waiting"]):
                if ids is None or entry["id"] in ids:
                    self.state["waiting"].remove(entry)
                    self.ledger.became(entry["id"], "lost")

    def _attempt(self, entry):
        status = self._send(entry)
        with self.lock:
            self._settle(entry, status)
            release(self.state["waiting"], entry)
        return status

    def _send(self, entry):
        with self.lock:
            note = entry["note"]
            note["attempts"] += 1
            note["sent"] = zulu(self.clock())
            url, body = self.state["callback"], json.dumps(note).encode()
        began = time.perf_counter()
        status = self.send(url, body)
        with self.lock:
            self.ledger.tried(entry["id"], status, time.perf_counter() - began)
        return status

    def _settle(self, entry, status):
        state, topic = self.state, entry["note"]["topic"]
        attempts = entry["note"]["attempts"]
        if status == 200:
            state["failures"][topic] = 0
            self.ledger.became(entry["id"], "delivered")
        elif attempts < ATTEMPTS:
            entry["due"] = self.clock() + PAUSES[attempts - 1]
            self.ledger.became(entry["id"], "retry", entry["due"])
            return
        if entry not in state["waiting"]:
            return
        state["waiting"].remove(entry)
        if status != 200:
            self._miss(entry, status, topic)

    def _miss(self, entry, status, topic):
        state = self.state
        state["missed"].append({**entry, "status": status, "at": self.clock()})
        self.ledger.became(entry["id"], "missed")
        state["failures"][topic] = state["failures"].get(topic, 0) + 1
        if state["failures"][topic] >= OFF_AFTER and topic not in state["off"]:
            state["off"].append(topic)
            self.drop(
                {e["id"] for e in state["waiting"] if e["note"]["topic"] == topic}
            )

    # --- missed_feeds ----------------------------------------------------------------
    def feed(self, query):
        """``GET /missed_feeds``: lost ones of the last two days."""
        _user, application = self.identity()
        if first(query, "app_id") != str(application):
            refuse(403, "app_id does not match", "forbidden")
        topic, site = first(query, "topic"), first(query, "site_id")
        if topic == "items" and not site:
            refuse(400, "site_id is required for topic items")
        oldest = self.clock() - KEPT_SECONDS
        found = [
            entry
            for entry in self.state["missed"]
            if entry["at"] >= oldest
            and topic in ("", entry["note"]["topic"])
            and (topic != "items" or f"/items/{site}" in entry["note"]["resource"])
        ]
        offset, limit = (int(first(query, n, d)) for n, d in PAGING)
        page = found[offset : offset + limit]
        return Response(200, {"messages": [self._message(entry) for entry in page]})

    def _message(self, entry):
        note = entry["note"]
        headers = {"accept": "application/json", "content-type": "application/json"}
        request = {"url": self.state["callback"], "headers": headers}
        return {
            "_id": entry["id"],
            **note,
            "request": {**request, "data": json.dumps({**note, "attempts": 1})},
            "response": {
                "req_time": 500,
                "http_code": entry["status"],
                "body": "",
                "headers": {},
            },
        }


PAGING = (("offset", "0"), ("limit", "10"))


def empty():
    """Return the state of an application without a callback."""
    return {
        "callback": "",
        "topics": list(TOPICS),
        "auto": False,
        "waiting": [],
        "missed": [],
        "off": [],
        "failures": {},
        "ledger": {},
    }


def post(url, body):
    """Send one notification; return the status, 0 when none came within 500 ms."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    return post_to(url, body, headers, ANSWER_SECONDS)[0]
