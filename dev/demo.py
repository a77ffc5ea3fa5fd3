"""``make demo``: demo data, the simulated marketplaces, and Odoo, until Ctrl-C."""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import cluster, config, database, odoo, setup, template
from .console import Failure, announce, clean_env, say, step

HOOK = Path(__file__).with_name("demo_data.py")
STATE = config.DOT / "demo"
PR_SET_PDEATHSIG = 1


class Children:
    """The processes that this command started, and only those."""

    def __init__(self):
        self._children = []

    def start(self, name: str, command: list, env: dict) -> subprocess.Popen:
        """Start a program whose output goes to a log below ``.odoo/log``."""
        log = config.LOGS / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log.open("w"),
            stderr=subprocess.STDOUT,
            cwd=config.ROOT,
            env=env,
            # Ctrl-C reaches us only, and we end them in order.
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self._children.append((name, child, log))
        return child

    def check(self) -> None:
        """Fail when one of them has ended by itself."""
        for name, child, log in self._children:
            if child.poll() is not None:
                tail = "\n".join(log.read_text().splitlines()[-25:])
                raise Failure(f"{name} ended with {child.returncode}:\n{tail}\n({log})")

    def stop(self) -> None:
        """End them, the last one first; insist after ten seconds."""
        for name, child, _log in reversed(self._children):
            if child.poll() is not None:
                continue
            announce(f"    stopping {name} (pid {child.pid})")
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def main() -> int:
    """Start everything, say where it is, wait for Ctrl-C, stop everything."""
    odoo_port = int(config.variable("PORT", "8069"))
    simulator_port = int(config.variable("SIMULATOR_PORT", "8099"))
    database.check_port(odoo_port, "PORT")
    database.check_port(simulator_port, "SIMULATOR_PORT")
    # `kill` ends the demo as Ctrl-C does; a shell's "&" would have SIGINT ignored.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    children = Children()
    with cluster.running_for_this_command():
        try:
            _start(children, odoo_port, simulator_port)
            _show(odoo_port, simulator_port)
            while True:
                children.check()
                time.sleep(1)
        except KeyboardInterrupt:
            announce("\nStopping what was started")
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            children.stop()
    return 0


def _start(children: Children, odoo_port: int, simulator_port: int) -> None:
    name = config.variable("DB", "demo")
    fresh = _database(name)
    if _has_simulator():
        command = [config.PYTHON, "-m", "simulator", "--port", simulator_port]
        command += ["--state", STATE / "simulator.json"]
        # Its page shows what Odoo says, with a key that the hook below writes.
        command += ["--odoo-url", f"http://127.0.0.1:{odoo_port}", "--odoo-db", name]
        command += ["--odoo-key-file", STATE / "odoo.key"]
        children.start("simulator", command, clean_env(PYTHONUNBUFFERED="1"))
        _wait_for(children, "the simulator", _simulator_url(simulator_port), 30)
    with step("start Odoo"):
        options = database.server_options(name, odoo_port)
        children.start("odoo", odoo.command(*options, database=name), odoo.env())
        _wait_for(children, "Odoo", f"http://127.0.0.1:{odoo_port}/web/login", 120)
    # With Odoo up: going live wakes its scheduled actions, which would otherwise look
    # for work a minute after the start.
    if HOOK.is_file():
        with step("connect the demo's accounts to the simulator"):
            _run_hook(name, odoo_port, simulator_port, fresh)


def _database(name: str) -> bool:
    """Make the demo's database, or bring it up to date; tell whether it is new."""
    base = setup.with_addon(demo=True)
    STATE.mkdir(parents=True, exist_ok=True)
    built_from = STATE / f"{name}.template"
    known = built_from.read_text() if built_from.exists() else ""
    if template.exists(name) and not config.variable("FRESH"):
        if known != base:
            with step("bring the demo's database up to date with the addon"):
                addons = ",".join(path.name for path in config.addon_paths())
                stop = ("--stop-after-init", "--no-http")
                template.run_odoo("demo-update", name, "-u", addons, *stop)
            built_from.write_text(base)
        return False
    with setup.lock():
        template.clone(base, name)
    (STATE / "simulator.json").unlink(missing_ok=True)
    built_from.write_text(base)
    return True


def _run_hook(name: str, odoo_port: int, simulator_port: int, fresh: bool) -> None:
    """Run ``dev/demo_data.py`` in an Odoo shell (``env`` is given there).

    It learns the simulator's address from SIMULATOR_URL, Odoo's from ODOO_URL, and
    from DEMO_FRESH ("1" or "") whether the database is new.
    """
    env = odoo.env(
        SIMULATOR_URL=_simulator_url(simulator_port),
        ODOO_URL=f"http://127.0.0.1:{odoo_port}",
        DEMO_FRESH="1" if fresh else "",
        DEMO_STATE=str(STATE),
    )
    arguments = ("shell", "--no-http")
    template.run_odoo("demo-data", name, *arguments, stdin=HOOK, env=env)


def _show(odoo_port: int, simulator_port: int) -> None:
    lines = [
        "",
        f"  Odoo         http://127.0.0.1:{odoo_port}    login admin, password admin",
    ]
    if _has_simulator():
        lines.append(f"  Marketplaces {_simulator_url(simulator_port)}    (simulated)")
    lines += [
        f"  Logs         {config.LOGS}",
        "",
        "Ctrl-C stops all of it. `make demo` goes on where you left;"
        " `make demo FRESH=1` starts over.",
        "",
    ]
    say("\n".join(lines))


def _has_simulator() -> bool:
    return (config.ROOT / "simulator" / "__main__.py").is_file()


def _simulator_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def _wait_for(children: Children, what: str, url: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        children.check()
        try:
            with urllib.request.urlopen(url, timeout=30):
                return
        except urllib.error.HTTPError:
            return  # it answers; what it answers is its own affair
        except OSError:
            time.sleep(0.2)
    raise Failure(f"{what} did not answer within {seconds:.0f} s at {url}")


def _interrupt(_number, _frame) -> None:
    raise KeyboardInterrupt


def _die_with_parent() -> None:
    """Ask the kernel to end the child when we are killed without warning."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    os.umask(0o077)
