"""``make db``, ``update``, ``shell`` and ``serve``: work on one database by name."""

import os
import re
import socket
import sys

from . import config, odoo, setup, template
from .console import Failure, announce


def create() -> None:
    """Make a fresh database with the addon installed, without demo data."""
    name = _name()
    base = setup.fresh_database(name)
    announce(f"database {name}: made from {base}")


def update() -> None:
    """Bring a database up to date with the addon's files."""
    name = _existing()
    addons = ",".join(path.name for path in config.addon_paths())
    template.run_odoo("update", name, "-u", addons, "--stop-after-init", "--no-http")
    announce(f"database {name}: updated {addons}")


def shell() -> None:
    """Become an Odoo shell; it reads a script where input is not a terminal.

    Only what the script prints goes to standard output; the log goes to standard
    error, from warnings on.
    """
    name = _existing()
    level = config.variable("LOG_LEVEL", "warn")
    _become(odoo.command("shell", "--no-http", f"--log-level={level}", database=name))


def serve() -> None:
    """Become a server in the foreground, in threaded mode, with its crons."""
    name = _existing()
    port = int(config.variable("PORT", "8069"))
    check_port(port, "PORT")
    announce(f"http://127.0.0.1:{port}  (database {name}, admin/admin; Ctrl-C ends it)")
    _become(odoo.command(*server_options(name, port), database=name))


def server_options(database: str, port: int) -> list[str]:
    """Return the options of a server that serves one database."""
    return [
        f"--http-port={port}",
        f"--db-filter=^{re.escape(database)}$",
        f"--log-level={config.variable('LOG_LEVEL', 'info')}",
        *config.variable("ODOO_ARGS").split(),
    ]


def check_port(port: int, variable: str) -> None:
    """Say so when a port is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections linger is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failure(
                f"Port {port} is taken ({error.strerror}). "
                f"Choose another one, for example: {variable}={port + 1}"
            ) from None


def _name() -> str:
    """Return the database of ``DB=…``."""
    name = config.variable("DB")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", name):
        raise Failure(
            "Which database? For example:  make -s db DB=try"
            if not name
            else f"{name!r} is no name for a database (letters, digits, _ . -)."
        )
    if name.startswith(("ms_template_", "ms_addon_")) or name in ("postgres", "odoo"):
        raise Failure(f"{name} is used by these scripts: choose another name.")
    return name


def _existing() -> str:
    name = _name()
    setup.ensure()
    if not template.exists(name):
        raise Failure(f"There is no database {name}. Make it:  make -s db DB={name}")
    return name


def _become(command: list[str]) -> None:
    """Replace this process, so that signals reach Odoo and nothing is left behind."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.chdir(config.ROOT)
    os.execve(command[0], command, odoo.env())
