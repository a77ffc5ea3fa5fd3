"""How what a channel tells reaches Odoo: once, twice, late, after the next, or never.

A :class:`Manner` says how; a :class:`Ledger` keeps what was told and what became of it,
for the page; the :class:`Courier` is the thread that delivers what is due. Nothing is
ever sent to another machine.
"""

import http.client
import math
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from .server_names import is_loopback_host

NORMAL, TWICE, LATE, HELD, NEVER = KINDS = ("normal", "twice", "late", "held", "never")
#: Longest delay that may be asked for (seconds).
LONGEST = 86_400
#: Notifications remembered per channel.
REMEMBERED = 200
#: Seconds between two looks at what is due.
TICK = 0.2
WORKERS = 8


@dataclass(frozen=True)
class Manner:
    """How the notifications of one event travel.

    ``held``: not before the next one was delivered, so that they come out of order.

    :param seconds: how late, for ``late``
    """

    kind: str = NORMAL
    seconds: float = 0.0

    @property
    def copies(self):
        return 2 if self.kind == TWICE else 1

    @property
    def delay(self):
        return self.seconds if self.kind == LATE else 0.0

    @classmethod
    def from_spec(cls, spec):
        """Read ``delivery`` and ``seconds`` of a control call.

        :raises ValueError: no such manner, or no such delay
        """
        kind, seconds = spec.get("delivery", NORMAL), spec.get("seconds", 0)
        if kind not in KINDS:
            raise ValueError(f"delivery must be one of {', '.join(KINDS)}")
        is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not is_number or not math.isfinite(seconds) or not 0 <= seconds <= LONGEST:
            raise ValueError(f"seconds must be a number from 0 to {LONGEST}")
        return cls(kind, float(seconds))


class Ledger:
    """What one channel told, and the answers. The caller holds the channel's lock.

    :param state: ``{"n": last number, "rows": {id: row}}``, JSON types
    """

    def __init__(self, state, clock):
        self.state = state
        self.clock = clock
        state.setdefault("n", 0)
        state.setdefault("rows", {})

    def write(self, key, topic, about, manner, letter):
        """Note that something is to be told; return its number, which grows.

        :param about: what it is about, for people
        :param letter: all that is needed to send it once more, JSON types
        """
        self.state["n"] += 1
        rows, now = self.state["rows"], self.clock()
        rows[key] = {
            "id": key,
            "n": self.state["n"],
            "topic": topic,
            "about": about,
            "manner": manner.kind,
            "at": now,
            "due": now + manner.delay,
            "state": "lost" if manner.kind == NEVER else "waiting",
            "attempts": 0,
            "status": None,
            "ms": None,
            "tried_at": None,
            "letter": letter,
        }
        while len(rows) > REMEMBERED:
            rows.pop(next(iter(rows)))
        return self.state["n"]

    def tried(self, key, status, seconds):
        """Note an attempt and its answer; status 0: no answer."""
        row = self.state["rows"].get(key)
        if row:
            row["attempts"] += 1
            row["status"], row["ms"] = status, round(seconds * 1000, 1)
            row["tried_at"] = self.clock()

    def became(self, key, state, due=None):
        """Note what becomes of it: delivered, retry, missed, lost, received, taken."""
        row = self.state["rows"].get(key)
        if row:
            row["state"] = state
            row["due"] = row["due"] if due is None else due

    def letter(self, key):
        """Return what is needed to send something once more.

        :raises LookupError: it is not remembered
        """
        if key not in self.state["rows"]:
            raise LookupError(f"no notification {key!r} is remembered")
        return self.state["rows"][key]["letter"]

    def rows(self, last=None):
        """Return what was told, the newest first, without the letters."""
        newest = list(self.state["rows"].values())[::-1][:last]
        return [{n: v for n, v in row.items() if n != "letter"} for row in newest]


class Courier:
    """Delivers in the background what the channels have to tell, while served.

    A slow receiver delays nobody else: up to ``WORKERS`` deliveries go on at once.

    :param after: called after every delivery
    """

    def __init__(self, channels, after):
        self.channels = channels
        self.after = after
        self.closing = threading.Event()
        self.awake = threading.Event()
        self.thread = None
        for channel in channels:
            channel.wake_courier = self.awake.set

    def start(self):
        """Begin to deliver, unless begun."""
        if self.thread is None:
            self.thread = threading.Thread(
                target=self._run, name="courier", daemon=True
            )
            self.thread.start()

    def close(self):
        """Stop; what is on its way is waited for, what waits stays."""
        self.closing.set()
        self.awake.set()
        if self.thread:
            self.thread.join()

    def _run(self):
        with ThreadPoolExecutor(WORKERS, "courier") as pool:
            while not self.closing.is_set():
                self.awake.clear()
                for channel in self.channels:
                    self._collect(channel, pool)
                self.awake.wait(TICK)
            pool.shutdown(cancel_futures=True)

    def _collect(self, channel, pool):
        try:
            for job in channel.deliveries():
                pool.submit(self._deliver, job)
        except Exception:  # a bug in one channel; the others still tell
            traceback.print_exc(file=sys.stderr)

    def _deliver(self, job):
        try:
            job()
        except Exception:
            traceback.print_exc(file=sys.stderr)
        finally:
            self.after()
            self.awake.set()  # one that was held may be next


class Bag:
    """What a courier carries just now, so that nothing is carried twice at once."""

    def __init__(self):
        self.busy = set()
        self.lock = threading.Lock()

    def jobs(self, entries, attempt):
        """Return a callable for each entry that is not under way."""
        with self.lock:
            chosen = [entry for entry in entries if entry["id"] not in self.busy]
            self.busy.update(entry["id"] for entry in chosen)
        return [lambda e=entry: self._carry(e, attempt) for entry in chosen]

    def _carry(self, entry, attempt):
        try:
            attempt(entry)
        finally:
            with self.lock:
                self.busy.discard(entry["id"])


def release(entries, delivered):
    """Let go what was held until something newer than it had been delivered."""
    for entry in entries:
        if entry.get("held") and entry["n"] < delivered.get("n", 0):
            entry["held"] = False


def is_due(entry, now):
    """Tell whether an entry of an outbox is to be delivered now."""
    return entry["due"] <= now and not entry.get("held")


def is_here(address):
    """Tell whether an address is on this machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and is_loopback_host(parts.netloc)


def post(address, body, headers, timeout):
    """Return ``(status, seconds)`` of one delivery; 0 = no answer in time.

    This machine only, straight (no proxy), no redirect is followed.
    """
    began = time.perf_counter()
    status = _post(address, body, headers, timeout) if is_here(address) else 0
    return status, time.perf_counter() - began


def _post(address, body, headers, timeout):
    parts = urlsplit(address)
    line = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        line.request("POST", path, body, headers)
        answer = line.getresponse()
        answer.read()
        return answer.status
    except (OSError, ValueError, http.client.HTTPException):
        return 0
    finally:
        line.close()
