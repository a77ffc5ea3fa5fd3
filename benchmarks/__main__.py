"""``make bench``: measure, print one table, fail when a bound is missed.

make bench                                  everything at full size
make bench BENCH_ARGS=--quick               small, in two minutes: does it work?
make bench BENCH_ARGS="picking latency"     a part
make bench BENCH_ARGS=--write               renew benchmarks/RESULTS.md, too: the
                                            sections of what was measured
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import databases, figures, machine, results

NAMES = (
    "recompute",
    "refresh",
    "picking",
    "api_calls",
    "latency",
    "orders",
    "orders_import",
    "oversell",
    "kits",
    "reconcile",
)
RESULTS = Path(__file__).with_name("RESULTS.md")


def main():
    options = parse()
    began, measured, failed = time.monotonic(), {}, []
    try:
        for name in options.names or NAMES:
            try:
                measured[name] = machine.moment(), measure(name, options.quick)
            except subprocess.CalledProcessError as error:
                failed.append(f"{name} ended with status {error.returncode}")
    finally:
        if not options.keep:
            databases.drop_all()
    minutes = (time.monotonic() - began) / 60
    found = [figure for _moment, part in measured.values() for figure in part]
    print(report(found, failed, minutes, options.quick))
    if options.write:
        page = RESULTS.read_text() if RESULTS.exists() else ""
        facts = machine.describe()
        RESULTS.write_text(results.renewed(page, measured, facts, NAMES))
    missed = [figure for figure in found if figure.passed is False]
    return 1 if missed or failed else 0


def parse():
    parser = argparse.ArgumentParser(
        prog="make bench BENCH_ARGS=…",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="part", help=", ".join(NAMES))
    add("--quick", action="store_true", help="small sizes; bounds may not hold")
    add("--write", action="store_true", help=f"renew {RESULTS.name}")
    add("--keep", action="store_true", help="keep the databases (bench_…)")
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def measure(name, quick):
    """Run one part in a process of its own; return its figures."""
    print(f"==> {name}", file=sys.stderr, flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "figures.json"
        mode = "quick" if quick else "full"
        command = [sys.executable, "-m", "benchmarks.worker", name, str(path), mode]
        subprocess.run(command, check=True, env={**os.environ}, stdout=sys.stderr)
        found = figures.load(path)
    took = time.monotonic() - began
    print(f"    {name}: {took:.0f} s", file=sys.stderr, flush=True)
    return found


def report(found, failed, minutes, quick):
    """Return what the terminal shows at the end."""
    lines = [figures.as_text(found), "", f"  {minutes:.1f} minutes"]
    if quick:
        lines.append(
            "  Small sizes: for the figures of the README run without --quick."
        )
    missed = [figure.name for figure in found if figure.passed is False]
    lines += [f"  MISSED: {name}" for name in missed]
    lines += [f"  FAILED: {words}" for words in failed]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
