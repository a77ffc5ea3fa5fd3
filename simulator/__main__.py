"""``python -m simulator``: the three marketplaces on a port of this machine."""

import argparse
import errno
import json
import os
import signal
import sys
import threading
from pathlib import Path

from .control import ControlAndPage
from .core import Simulator
from .odoo import OdooClient, OdooWatch
from .server import SimulatorServer
from .state import StateFile


def parser():
    """Return the command line's parser."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    add = parser.add_argument
    add("--port", type=int, default=8099, help="default %(default)s; 0 = any free one")
    add("--host", default="127.0.0.1", help="a loopback address (default %(default)s)")
    add("--state", metavar="FILE", help="keep the shops in FILE over restarts")
    add(
        "--seed",
        metavar="FILE.json",
        help='{"amazon": {"listings": [...]}, ...}; for channels that FILE of --state '
        "does not hold yet",
    )
    add(
        "--no-rate-limits",
        action="store_true",
        help="the channels' own quotas are not enforced",
    )
    environment = os.environ.get
    add(
        "--odoo-url",
        default=environment("SIMULATOR_ODOO_URL", ""),
        help="show what this Odoo wants, e.g. http://127.0.0.1:8069",
    )
    add("--odoo-db", default=environment("SIMULATOR_ODOO_DB", ""))
    add(
        "--odoo-key-file",
        default=environment("SIMULATOR_ODOO_KEY_FILE", ""),
        help="a file that holds an API key of an Odoo user",
    )
    return parser


def main(argv=None):
    """Run until a signal; return the exit status."""
    options = parser().parse_args(argv)
    try:
        simulator = Simulator(enforce_limits=not options.no_rate_limits)
        control = ControlAndPage(simulator)
        seeds = read_seeds(options.seed, simulator)
        server = SimulatorServer(simulator, options.host, options.port, control)
    except (ImportError, OSError, ValueError, OverflowError) as error:
        print(f"simulator: {explain(error, options)}", file=sys.stderr)
        return 1
    try:
        states = restore(simulator, options.state, seeds)
    except ValueError as error:
        server.server_close()
        print(f"simulator: {options.seed}: {error}", file=sys.stderr)
        return 1
    watch = watch_odoo(options, server.base_url)
    control.odoo = watch
    run(server)
    if states:
        states.close()
    if watch:
        watch.close()
    return 0


def read_seeds(path, simulator):
    """Return ``{channel: spec}`` from a file; {} without one.

    :raises ValueError: not a seed file
    """
    if not path:
        return {}
    try:
        seeds = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(seeds, dict) or not set(seeds) <= set(simulator.channels):
        names = ", ".join(simulator.channels)
        raise ValueError(f"{path} must be an object of channels ({names})")
    return seeds


def restore(simulator, path, seeds):
    """Load the state file, seed what it does not hold; return the StateFile.

    :raises ValueError: a channel does not understand its seed
    """
    states = StateFile(simulator, path) if path else None
    found = states.load() if states else set()
    for name, spec in seeds.items():
        if name in found:
            continue
        try:
            simulator.seed(name, spec)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{name}: {type(error).__name__}: {error}") from error
    if states:
        states.start()
        states.changed.set()
    return states


def watch_odoo(options, own_address):
    """Return a started :class:`OdooWatch`, None when no Odoo was named."""
    if not options.odoo_url:
        return None
    client = OdooClient(options.odoo_url, options.odoo_db, options.odoo_key_file)
    watch = OdooWatch(client, own_address)
    watch.start()
    return watch


def run(server):
    """Serve until SIGINT or SIGTERM."""
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    names = ", ".join(f"{server.base_url}/{name}" for name in server.simulator.channels)
    print(f"Marketplace simulator: {server.base_url}/  ({names or 'no channel'})")
    sys.stdout.flush()
    ended.wait()
    server.stop()


def explain(error, options):
    """Return why the simulator cannot start, in words."""
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return (
            f"port {options.port} is taken (another simulator?); "
            "stop that program or choose another with --port"
        )
    if isinstance(error, ImportError):
        return f"{error}: pip install -r requirements-dev.txt"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
