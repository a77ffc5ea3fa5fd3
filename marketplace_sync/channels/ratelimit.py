"""Token buckets: how many calls of each operation an account may make now.

The figures are the channel's published ones (``const.py`` of each channel),
lowered by what its answers say. State is plain numbers, so that the models can
keep it in the database between two jobs of one account.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import RateLimited

#: A refused call halves the operation's rate for this long (seconds).
PENALTY_SECONDS = 300
#: A job may wait this long for a token before it gives up its turn (seconds).
MAX_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Bucket:
    """A published limit: ``rate`` calls per second on average, ``burst`` at once."""

    rate: float
    burst: float


class TokenBucket:
    """One operation of one account. Times are epoch seconds."""

    def __init__(self, limit, tokens=None, at=None, penalty_until=0.0):
        self.limit = limit
        self.tokens = limit.burst if tokens is None else min(tokens, limit.burst)
        self.at = at
        self.penalty_until = penalty_until

    def rate(self, now):
        """Return tokens per second that grow at ``now``."""
        return self.limit.rate / 2 if now < self.penalty_until else self.limit.rate

    def take(self, now, cost=1.0):
        """Take ``cost`` tokens; return the seconds to wait, 0.0 when they were there.

        Nothing is taken when the answer is not 0.0.
        """
        if self.at is not None and now > self.at:
            self.tokens = min(
                self.limit.burst, self.tokens + (now - self.at) * self.rate(now)
            )
        self.at = now
        cost = min(cost, self.limit.burst)
        # epoch seconds are exact to 2e-7 only: with 1e-9 a token that had just grown
        # was missed after the wait for it, and the call went out without taking one
        if self.tokens >= cost - 1e-3:
            self.tokens -= cost
            return 0.0
        return (cost - self.tokens) / self.rate(now)

    def refused(self, now, retry_after=None):
        """The channel said no: empty the bucket and halve the rate for a while."""
        self.tokens = -(retry_after or 0.0) * self.limit.rate / 2
        self.at = now
        # at the full rate the bucket would fill before the moment the channel named
        self.penalty_until = now + max(PENALTY_SECONDS, retry_after or 0.0)


class RateLimiter:
    """The buckets of one account.

    :param limits: operation → :class:`Bucket`; operations without one are free
    :param state: what :meth:`dump` gave earlier
    :param max_wait: longest sleep in seconds before :class:`RateLimited` is raised
    """

    def __init__(
        self,
        limits: Mapping,
        state=None,
        clock=time.time,
        sleep=time.sleep,
        max_wait=MAX_WAIT_SECONDS,
    ):
        self.clock = clock
        self.sleep = sleep
        self.max_wait = max_wait
        self.calls = {}
        self.told = {}
        self.buckets = {
            operation: TokenBucket(limit, **((state or {}).get(operation) or {}))
            for operation, limit in limits.items()
        }

    def acquire(self, operation, cost=1.0):
        """Wait for a token of ``operation``.

        :raises RateLimited: the wait would be longer than ``max_wait``
        """
        self.calls[operation] = self.calls.get(operation, 0) + 1
        bucket = self.buckets.get(operation)
        if bucket is None:
            return
        wait = bucket.take(self.clock(), cost)
        if wait > self.max_wait:
            raise RateLimited(
                f"Our own limit for {operation} is used up.", retry_after=wait
            )
        if wait:
            self.sleep(wait)
            bucket.take(max(self.clock(), bucket.at + wait), cost)

    def refused(self, operation, retry_after=None):
        """Note that the channel refused ``operation`` for its rate."""
        if operation in self.buckets:
            self.buckets[operation].refused(self.clock(), retry_after)

    def lower(self, operation, rate):
        """Adopt a rate (per second) that the channel's answer says, when lower."""
        bucket = self.buckets.get(operation)
        if bucket and 0 < rate < bucket.limit.rate:
            bucket.limit = Bucket(rate, bucket.limit.burst)

    def take_calls(self):
        """Return operation → (calls since the last time, calls that an hour allows; 0.0
        where no limit is known)."""
        fresh = {
            operation: count - self.told.get(operation, 0)
            for operation, count in self.calls.items()
        }
        self.told = dict(self.calls)
        return {
            operation: (count, self._hourly(operation))
            for operation, count in fresh.items()
            if count
        }

    def _hourly(self, operation):
        bucket = self.buckets.get(operation)
        return bucket.limit.rate * 3600 if bucket else 0.0

    def dump(self):
        """Return the state as JSON types, for the next job of the same account."""
        return {
            operation: {
                "tokens": bucket.tokens,
                "at": bucket.at,
                "penalty_until": bucket.penalty_until,
            }
            for operation, bucket in self.buckets.items()
            if bucket.at is not None
        }
