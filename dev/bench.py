"""``make bench``: the figures of the README."""

import os

from . import config, odoo, setup
from .console import Failure

RUNNERS = ("benchmarks/run.py", "benchmarks/__main__.py", "dev/bench.sh")


def main() -> None:
    """Become the benchmark runner that is there.

    It finds PostgreSQL through libpq's variables, Odoo's configuration file in
    MARKETPLACE_CONF, and makes databases with ``make -s db DB=…``.
    """
    setup.with_addon()
    runner = next((name for name in RUNNERS if (config.ROOT / name).is_file()), None)
    if runner is None:
        raise Failure(f"There are no benchmarks yet ({', '.join(RUNNERS)}).")
    command = [str(config.PYTHON), runner]
    if runner.endswith(".sh"):
        command = ["/bin/bash", runner]
    elif runner.endswith("__main__.py"):
        command = [str(config.PYTHON), "-m", "benchmarks"]
    command += config.variable("BENCH_ARGS").split()
    os.chdir(config.ROOT)
    os.execve(command[0], command, odoo.env(MARKETPLACE_CONF=str(config.CONF)))
