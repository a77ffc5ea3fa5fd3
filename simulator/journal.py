"""What was asked of the channels: a ring of the last calls, and counts of all."""

import threading
import time
from collections import Counter, deque

#: Calls remembered per channel.
KEPT = 20_000


class Journal:
    """The request log. Holds no query, header or body: those carry secrets."""

    def __init__(self, clock=time.time, kept=KEPT):
        self.clock = clock
        self.kept = kept
        self.lock = threading.Lock()
        self.number = 0
        self.entries = {}
        self.totals = {}

    def add(self, channel, operation, request, answer, seconds, fault=None):
        """Remember one call; a dropped connection has status 0."""
        with self.lock:
            self.number += 1
            entry = {
                "n": self.number,
                "time": self.clock(),
                "channel": channel,
                "operation": operation,
                "method": request.method,
                "path": request.path,
                "status": getattr(answer, "status", 0),
                "ms": round(seconds * 1000, 1),
                "fault": fault.kind if fault else "",
            }
            self._ring(channel).append(entry)
            self.totals.setdefault(channel, Counter())[operation] += 1

    def _ring(self, channel):
        return self.entries.setdefault(channel, deque(maxlen=self.kept))

    def read(self, channel=None, since=None, after=None, last=None):
        """Return calls, oldest first.

        :param since: epoch seconds, inclusive
        :param after: the ``n`` of the last entry already seen
        :param last: at most this many, the newest
        """
        with self.lock:
            names = [channel] if channel else list(self.entries)
            found = [e for name in names for e in self.entries.get(name, ())]
        found = [
            e
            for e in found
            if (since is None or e["time"] >= since)
            and (after is None or e["n"] > after)
        ]
        found.sort(key=lambda entry: entry["n"])
        return found[-last:] if last else found

    def tail(self, channel, last):
        """Return the newest ``last`` calls of a channel, newest first, cheaply."""
        with self.lock:
            ring = self._ring(channel)
            return [ring[-i] for i in range(1, min(last, len(ring)) + 1)]

    def counts(self, channel=None):
        """Return calls by operation since the last reset."""
        with self.lock:
            chosen = [channel] if channel else list(self.totals)
            total = Counter()
            for name in chosen:
                total.update(self.totals.get(name, {}))
            return dict(total)

    def clear(self, channel=None):
        """Forget one channel's calls, or all."""
        with self.lock:
            for name in [channel] if channel else list(self.entries):
                self.entries.pop(name, None)
                self.totals.pop(name, None)
