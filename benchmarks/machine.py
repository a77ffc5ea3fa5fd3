"""The machine that figures were measured on, and the page that keeps them."""

import os
import platform
from datetime import datetime, timezone
from pathlib import Path

from . import databases, figures

PAGE = """# Figures

The last full run of `make bench BENCH_ARGS=--write`. What is compared is compared
within one run, in turns; `benchmarks/` says how each figure is measured.

{table}

{facts}

To repeat: `make bench` (everything, about {minutes:.0f} minutes here),
`make bench BENCH_ARGS=--quick` (small sizes, to see that it works),
`make bench BENCH_ARGS="picking latency"` (parts). The databases are its own
(`bench_…`) and are dropped at the end; the simulated marketplaces listen on loopback.
"""


def describe():
    """Return what somebody needs to compare these figures with others."""
    return {
        "Date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "Processor": f"{os.cpu_count()} × {processor()}",
        "Memory": f"{memory_gib()} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **databases.versions(),
        "Load before the run": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }


def page(found, before, minutes):
    """Return the Markdown page."""
    facts = {
        **before,
        "Load after the run": " ".join(f"{load:.1f}" for load in os.getloadavg()),
    }
    rows = [f"| {name} | {value} |" for name, value in facts.items()]
    return PAGE.format(
        table=figures.as_markdown(found),
        facts="\n".join(["| | |", "|---|---|", *rows]),
        minutes=minutes,
    )


def processor():
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gib():
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            return round(int(line.split()[1]) / 1024**2)
    return "?"


def _lines(path):
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
