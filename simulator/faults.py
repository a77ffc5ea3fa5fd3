"""Misbehaviour on request: which call it hits, and how it is acted out."""

import fnmatch
import itertools
import re
import threading
from dataclasses import asdict, dataclass, field
from urllib.parse import unquote, unquote_plus

#: Returned instead of a response: close the socket without an answer (TCP RST).
RESET = object()

HTML = (
    "<!DOCTYPE html><html><head><title>{0}</title></head>"
    "<body><h1>{0}</h1><p>Something went wrong on our side.</p></body></html>"
)
HTML_HEADERS = {"Content-Type": "text/html; charset=utf-8"}


@dataclass
class Fault:
    """One kind of misbehaviour that waits for its call.

    :param operation: fnmatch patterns joined by ``|``
    :param times: calls still to be hit; -1 = every call
    :param seconds: how long ``slow``, ``slow_after`` and ``delay`` last
    :param status: HTTP status of kind ``status``
    :param body: text or JSON of kind ``status``
    :param headers: added to the answer of kinds that the core acts out
    :param skus: only calls about these SKUs; empty = any
    """

    channel: str = "*"
    operation: str = "*"
    kind: str = "status"
    times: int = 1
    seconds: float = 5.0
    status: int = 500
    body: object = None
    headers: dict = field(default_factory=dict)
    skus: list = field(default_factory=list)
    data: dict = field(default_factory=dict)
    id: int = 0

    @classmethod
    def from_spec(cls, spec):
        """Build a fault from JSON; names that no core kind knows go to ``data``.

        :raises ValueError: a value that cannot be meant
        """
        known = {k: v for k, v in spec.items() if k in cls.__dataclass_fields__}
        known.pop("id", None)
        fault = cls(**known)
        fault.data = {**fault.data, **{k: v for k, v in spec.items() if k not in known}}
        fault._check()
        return fault

    def _check(self):
        for name in ("channel", "operation", "kind"):
            if not isinstance(getattr(self, name), str):
                raise ValueError(f"{name} must be text")
        if not isinstance(self.times, int) or self.times == 0 or self.times < -1:
            raise ValueError("times must be a positive integer, or -1 for always")
        if not isinstance(self.seconds, int | float) or self.seconds < 0:
            raise ValueError("seconds must be a number, 0 or more")
        if not isinstance(self.status, int) or not 100 <= self.status <= 599:
            raise ValueError("status must be an HTTP status")
        if not isinstance(self.skus, list) or not isinstance(self.headers, dict):
            raise ValueError("skus must be a list, headers an object")

    def hits(self, channel, operation):
        """Tell whether a call of ``operation`` is meant."""
        return fnmatch.fnmatchcase(channel, self.channel) and any(
            fnmatch.fnmatchcase(operation, pattern.strip())
            for pattern in self.operation.split("|")
        )


class FaultBook:
    """The faults that wait, in the order in which they were asked for."""

    def __init__(self):
        self.lock = threading.Lock()
        self.waiting = []
        self.ids = itertools.count(1)

    def add(self, fault):
        """Let ``fault`` wait for its call."""
        with self.lock:
            fault.id = next(self.ids)
            self.waiting.append(fault)
        return fault

    def take(self, channel_name, operation, request, channel):
        """Return the first fault that this call meets, counted down; else None."""
        if not self.waiting:
            return None
        with self.lock:
            for fault in self.waiting:
                if fault.hits(channel_name, operation) and concerns(
                    request, fault.skus, channel
                ):
                    return self._count_down(fault)
        return None

    def _count_down(self, fault):
        if fault.times > 0:
            fault.times -= 1
        if fault.times == 0:
            self.waiting.remove(fault)
        return fault

    def clear(self, channel=None):
        """Call off the faults of one channel, or all."""
        with self.lock:
            self.waiting = [
                f for f in self.waiting if channel and f.channel not in (channel, "*")
            ]

    def listed(self):
        """Return the waiting faults as plain dicts."""
        with self.lock:
            return [asdict(fault) for fault in self.waiting]


def concerns(request, skus, channel):
    """Tell whether a call is about one of ``skus``, as far as it can be seen here.

    A call that names none of the channel's SKUs (it uses the channel's own ids) is
    handed on: the channel looks at ``request.fault.skus`` itself.
    """
    if not skus:
        return True
    text = request_text(request)
    if any(names(text, sku) for sku in skus):
        return True
    with channel.lock:
        return not any(names(text, row.sku) for row in channel.shelf())


def names(text, sku):
    """Tell whether ``text`` holds this SKU, and not only one that begins with it."""
    if not sku or sku not in text:
        return False
    return bool(re.search(rf"(?<![\w-]){re.escape(sku)}(?![\w-])", text))


def request_text(request):
    """Return everything in a call that may name a SKU, decoded."""
    query = " ".join(value for values in request.query.values() for value in values)
    body = request.body.decode("utf-8", "replace")
    path = unquote(request.path)
    return "\n".join((path, query, body, unquote_plus(body) if "%" in body else ""))


# --- acting out -----------------------------------------------------------------
def answer(fault, channel, request, sleep):
    """Answer a call with its fault, or as the channel does without one.

    :param sleep: takes seconds; returns early when the simulator stops
    """
    if fault is None:
        return channel.handle(request)
    act = ACTS.get(fault.kind)
    if act is None:
        request.fault = fault
        return channel.handle(request)
    return act(fault, channel, request, sleep)


def _response(fault, status, body=None, headers=None):
    from .core import Response

    return Response(status, body, {**(headers or {}), **fault.headers})


def _status(fault, channel, request, sleep):
    return _response(fault, fault.status, fault.body)


def _rate_limited(fault, channel, request, sleep):
    body = channel.error_body(429)
    if hasattr(body, "status"):
        body.headers = {**body.headers, **fault.headers}
        return body
    return _response(fault, 429, body)


def _empty(status):
    return lambda fault, channel, request, sleep: _response(fault, status)


def _html(status, title):
    page = HTML.format(title)
    return lambda fault, channel, request, sleep: _response(
        fault, status, page, HTML_HEADERS
    )


def _slow(fault, channel, request, sleep):
    sleep(fault.seconds)
    return channel.handle(request)


def _slow_after(fault, channel, request, sleep):
    response = channel.handle(request)
    sleep(fault.seconds)
    return response


def _reset(fault, channel, request, sleep):
    return RESET


def _reset_after(fault, channel, request, sleep):
    channel.handle(request)
    return RESET


def _malformed(fault, channel, request, sleep):
    headers = {"Content-Type": "application/json"}
    return _response(fault, 200, '{"data": {"trunca', headers)


#: Kinds acted out here; any other kind is the channel's own (``request.fault``).
ACTS = {
    "status": _status,
    "429": _rate_limited,
    "429_empty": _empty(429),
    "429_html": _html(429, "Too Many Requests"),
    "503_empty": _empty(503),
    "slow": _slow,
    "slow_after": _slow_after,
    "reset": _reset,
    "reset_after": _reset_after,
    "html": _html(200, "We will be back soon"),
    "malformed": _malformed,
}
