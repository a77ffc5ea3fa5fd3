"""A channel that lives in memory: the smallest complete adapter.

Tests of the models use it to say exactly what a channel does, and it is the one to
copy when a channel is added (ADDING_A_CHANNEL.md). Its shelf outlives adapters, as a
real channel does.
"""

from dataclasses import dataclass, field

from ..channels.base import (
    Adapter,
    ChannelListing,
    ConnectionReport,
    PollResult,
    Problem,
    PushResult,
    RemoteSite,
    Token,
)
from ..channels.errors import AuthenticationError
from ..channels.inventory import ChannelStock, bucket


@dataclass
class Shelf:
    """What buyers see, and what the channel was told.

    :param quantities: (site code, sku) → quantity
    :param problems: sku → problems that reading it finds
    :param script: outcomes to act out instead of taking a row, by sku: a
        ``PushResult`` outcome, an exception to raise, or ``silence``
    :param calls: rows of every call of ``push_stock``: [(sku, quantity), …]
    """

    quantities: dict = field(default_factory=dict)
    problems: dict = field(default_factory=dict)
    script: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)
    keys: list = field(default_factory=list)
    reads: int = 0
    pooled: bool = False
    asynchronous: bool = False
    submissions: dict = field(default_factory=dict)
    poll: dict = field(default_factory=dict)
    tokens: list = field(default_factory=list)
    on_push: object = None
    fulfilled: set = field(default_factory=set)
    #: sku → what the channel holds: {bucket name: (quantity, kind)}, an exception to
    #: raise, or words of an answer without stock
    held: dict = field(default_factory=dict)
    held_ids: dict = field(default_factory=dict)
    held_reads: list = field(default_factory=list)

    def sent(self):
        """Return every row that was taken or refused, in order."""
        return [row for call in self.calls for row in call]


class MemoryAdapter(Adapter):
    """``shelf`` is set on a subclass, by :func:`memory_adapter`."""

    channel = "memory"
    shelf = None
    max_rows = 20

    def request_token(self):
        token = self.config.credentials.get("refresh_token")
        if not token:
            raise AuthenticationError("There is no refresh token.")
        self.shelf.tokens.append(token)
        count = len(self.shelf.tokens)
        return Token(f"access-{count}", self.clock() + 3600, f"refresh-{count}")

    def check_connection(self):
        return ConnectionReport("Memory", sites=[RemoteSite("M1", "Memory One")])

    def fetch_listings(self):
        for site, sku in self.shelf.quantities:
            yield self._read(site, sku)

    def fetch_stock(self, refs):
        self.shelf.reads += 1
        for ref in refs:
            if self.shelf.script.get(ref.sku) == "silence":
                continue
            yield self._read(ref.site_code, ref.sku, ref.key)

    def _read(self, site, sku, key=""):
        problems = list(self.shelf.problems.get(sku, ()))
        if (site, sku) not in self.shelf.quantities:
            problems.append(Problem("unknown_sku", f"There is no SKU {sku}."))
        return ChannelListing(
            sku=sku,
            site_code=site,
            key=key,
            external_ref=f"ref-{sku}",
            pool_key=f"pool-{sku}" if self.shelf.pooled else "",
            title=f"Title of {sku}",
            quantity=self.shelf.quantities.get((site, sku)),
            fulfilment="channel" if sku in self.shelf.fulfilled else "merchant",
            problems=problems,
        )

    def fetch_channel_stock(self, refs):
        self.shelf.held_reads.append([ref.sku for ref in refs])
        for ref in refs:
            held = self.shelf.held.get(ref.sku, "There is none.")
            if isinstance(held, Exception):
                raise held
            if isinstance(held, str):
                yield ChannelStock(ref.key, ref.sku, ref.site_code, error=held)
                continue
            buckets = [bucket(name, *value) for name, value in held.items()]
            yield ChannelStock(
                ref.key,
                ref.sku,
                ref.site_code,
                external_id=self.shelf.held_ids.get(ref.sku, ""),
                buckets=buckets,
                told_at="2026-11-20T10:00:00Z",
            )

    def push_stock(self, levels, idempotency_key):
        call = []
        self.shelf.calls.append(call)
        self.shelf.keys.append(idempotency_key)
        for level in levels:
            call.append((level.ref.sku, level.quantity))
            if self.shelf.on_push:
                self.shelf.on_push(level)
            if self.shelf.script.get(level.ref.sku) == "silence":
                continue
            yield self._take(level, idempotency_key)

    def _take(self, level, idempotency_key):
        acted = self.shelf.script.get(level.ref.sku)
        if isinstance(acted, Exception):
            raise acted
        if acted:
            return PushResult(level.ref.key, acted, f"The channel says {acted}.")
        if self.shelf.asynchronous and level.quantity:
            waiting = self.shelf.submissions.setdefault(idempotency_key, {})
            waiting[level.ref.site_code, level.ref.sku] = level.quantity
            return PushResult(level.ref.key, "submitted", submission=idempotency_key)
        self.shelf.quantities[level.ref.site_code, level.ref.sku] = level.quantity
        return PushResult(level.ref.key, "accepted", request_id="request-1")

    def poll_push(self, submission):
        if submission in self.shelf.poll:
            return self.shelf.poll[submission]
        rows = self.shelf.submissions.pop(submission)
        self.shelf.quantities.update(rows)
        return PollResult(
            True, results=[PushResult(sku, "accepted") for _site, sku in rows]
        )


def memory_adapter(shelf=None):
    """Return an adapter class with a shelf of its own."""
    return type("BoundMemoryAdapter", (MemoryAdapter,), {"shelf": shelf or Shelf()})
