"""Odoo in this process; counting queries, time and memory."""

import contextlib
import gc
import os
import resource
import statistics
import time
import tracemalloc
from dataclasses import dataclass
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

CONFIGURATION = "MARKETPLACE_CONF"


def configure(log_level="warn"):
    """Read Odoo's configuration file; no server is started."""
    options = ["-c", os.environ[CONFIGURATION], "--no-http"]
    config.parse_config([*options, f"--log-level={log_level}"], setup_logging=True)


@contextlib.contextmanager
def environment(database):
    """Give a superuser's environment; what was not committed is rolled back."""
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})
        cr.rollback()


@contextlib.contextmanager
def outside_transaction(database):
    """Give a cursor for VACUUM and the like."""
    with Registry(database).cursor() as cr:
        cr._cnx.autocommit = True
        yield cr
        cr._cnx.autocommit = False


def vacuum(database, *tables):
    """Forget dead rows and refresh statistics, so that every run starts alike."""
    with outside_transaction(database) as cr:
        for table in tables or ("",):
            cr.execute(f"VACUUM ANALYZE {table}")


@dataclass
class Measured:
    """What one block of code took."""

    seconds: float = 0.0
    queries: int = 0
    peak_rss: int = 0  # bytes above what the process held before


@contextlib.contextmanager
def measured(cr, memory=False):
    """Measure a block: wall time, queries on ``cr``, peak of resident memory."""
    result = Measured()
    gc.collect()
    before = _reset_peak() if memory else 0
    queries, began = cr.sql_log_count, time.perf_counter()
    try:
        yield result
    finally:
        result.seconds = time.perf_counter() - began
        result.queries = cr.sql_log_count - queries
        if memory:
            result.peak_rss = peak() - before


def median_of(times, function):
    """Return the median of ``times`` results."""
    return statistics.median(function() for _ in range(times))


@contextlib.contextmanager
def traced():
    """Give a function that tells the peak of Python's own allocations (bytes).

    Slows everything down several times: never around what is timed.
    """
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _reset_peak():
    """Set the kernel's high-water mark to what is resident now; return it (bytes)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak():
    """Return the most memory that this process has held (bytes)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
