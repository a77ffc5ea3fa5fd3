"""The machine that figures were measured on."""

import os
import platform
from datetime import datetime, timezone
from pathlib import Path

from . import databases


def describe():
    """Return what somebody needs to compare these figures with others."""
    return {
        "Processor": f"{os.cpu_count()} × {processor()}",
        "Memory": f"{memory_gib()} GiB",
        "System": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **databases.versions(),
    }


def moment():
    """Return when, and how busy the machine is: both belong to what is measured."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    loads = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{now}, load {loads}"


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
