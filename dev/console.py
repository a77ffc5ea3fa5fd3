"""What the scripts say, and how they run other programs."""

import os
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

START = time.monotonic()
# `make -s db`, `shell` and `serve` are used by scripts: they speak only when
# something takes long or fails. Nothing here ever writes to standard output.
QUIET = False
_FACTS: set[str] = set()


class Failure(Exception):
    """Something a person has to fix; its text says how."""


def say(text: str = "") -> None:
    """Write one line for the person who waits, unless the command is a quiet one."""
    if not QUIET:
        print(text, file=sys.stderr, flush=True)


def announce(text: str) -> None:
    """Write one line, also in quiet commands."""
    print(text, file=sys.stderr, flush=True)


def fact(what: str, value: object) -> None:
    """Show a version or a place that was chosen, once."""
    line = f"    {what:<12} {value}"
    if line not in _FACTS:
        _FACTS.add(line)
        say(line)


@contextmanager
def step(text: str):
    """Announce work that takes a while, and how long it took."""
    announce(f"==> {text}")
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    if took >= 0.5:
        announce(f"    {text}: {took:.1f} s")


def clean_env(**extra: str) -> dict:
    """Return the environment for children, without what would slow or mislead them."""
    env = {
        key: value
        for key, value in os.environ.items()
        # Without byte code a registry takes twice as long to load; the others
        # would point a child at somebody else's packages or configuration.
        if key not in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH")
        and key not in ("ODOO_RC", "OPENERP_SERVER", "VIRTUAL_ENV", "MAKEFLAGS")
    }
    env.update(extra)
    return env


def run(command: list, *, log: Path | None = None, check: bool = True, **options):
    """Run a program quietly; when it fails, show what it said.

    :param log: file that gets the output as well, for programs which say a lot
    """
    options.setdefault("env", clean_env())
    options.setdefault("stdin", subprocess.DEVNULL)
    command = [str(part) for part in command]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout)
    if check and done.returncode:
        said = "\n".join(done.stdout.splitlines()[-40:])
        where = f"\n(all of it: {log})" if log else ""
        raise Failure(
            f"This failed with status {done.returncode}:\n"
            f"    {shlex.join(command)}\n{said}{where}"
        )
    return done
