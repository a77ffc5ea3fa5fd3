"""``make setup``: everything that the other commands need, made only where missing."""

import fcntl
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from . import cluster, config, environment, odoo, source, template
from .console import Failure, fact, say, step

OLDEST_PYTHON = (3, 10)
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


@contextmanager
def lock():
    """Let one command at a time make things in this clone; others wait."""
    try:
        config.DOT.mkdir(parents=True, exist_ok=True)
        (config.DOT / "lock").touch()
    except PermissionError:
        raise Failure(f"{config.DOT} belongs to another user.") from None
    with (config.DOT / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with step("wait for another `make` in this clone"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def missing_packages(*, browser: bool = False) -> list[str]:
    """Return the Debian packages that must be installed first."""
    missing = []
    if not config.PGHOST and not cluster.binaries():
        missing.append("postgresql")
    if config.PGHOST and not shutil.which("psql"):
        missing.append("postgresql-client")
    if not _has_ensurepip() and not shutil.which("uv"):
        missing.append("python3-venv")
    if not config.ODOO_PATH:
        missing += [name for name in ("apt", "dpkg", "tar") if not _has(name)]
        if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
            missing.append("debian-archive-keyring")
    if browser and not any(shutil.which(name) for name in BROWSERS):
        missing.append("chromium")
    return missing


def check_prerequisites(*, browser: bool = False) -> None:
    """Say what is missing, all of it at once, with the command that installs it."""
    if sys.version_info < OLDEST_PYTHON:
        raise Failure(
            f"Python {config.python_version()} is too old, Odoo 19 needs 3.10:\n"
            "    make setup PYTHON=python3.11"
        )
    missing = missing_packages(browser=browser)
    if missing:
        sudo = "" if os.geteuid() == 0 else "sudo "
        raise Failure(
            f"Missing on this machine: {', '.join(missing)}. Install with\n"
            f"    {sudo}apt-get update && {sudo}apt-get install -y {' '.join(missing)}"
        )


def environment_only() -> None:
    """Make the Python environment: enough for pure tests and lint."""
    check_prerequisites_of_python()
    with lock():
        environment.ensure()


def check_prerequisites_of_python() -> None:
    """Say what building the Python environment lacks."""
    if not _has_ensurepip() and not shutil.which("uv"):
        raise Failure("Missing: python3-venv\n    apt-get install -y python3-venv")


def ensure(*, demo: bool = False, browser: bool = False, core: bool = False) -> str:
    """Make everything up to the template database; return the template's name.

    :param core: the one without what the bridges depend on
    """
    check_prerequisites(browser=browser)
    with lock():
        with ThreadPoolExecutor() as pool:
            # Independent of each other; the slowest decides how long it takes.
            cluster_ready = pool.submit(cluster.ensure)
            environment_ready = pool.submit(environment.ensure)
            version = pool.submit(source.ensure).result()
            environment_ready.result()
            cluster_ready.result()
        environment.link_odoo()
        odoo.write_configuration()
        return template.ensure(version, demo=demo, core=core)


def with_addon(*, demo: bool = False, browser: bool = False) -> str:
    """Make everything; return the name of a template that has our addons installed."""
    base = ensure(demo=demo, browser=browser)
    with lock():
        return template.ensure_addon(base)


def fresh_database(name: str, *, browser: bool = False) -> str:
    """Make a fresh database with our addons; return the template it came from.

    Under one lock: somebody else's newer files would replace the template.
    """
    base = ensure(browser=browser)
    with lock():
        built = template.ensure_addon(base)
        template.clone(built, name)
    return built


def main() -> None:
    """Run ``make setup``."""
    say("marketplace_sync: setting up (everything goes below .odoo/)")
    ensure()
    config.remember_choices()
    fact("cache", config.CACHE)
    if not any(shutil.which(name) for name in BROWSERS):
        say("    no Chromium: `make test` needs it (apt-get install chromium)")
    say("Ready. Next: make demo, make test; `make help` shows the rest.")


def _has(program: str) -> bool:
    names = {"apt": "apt-get", "dpkg": "dpkg-deb"}
    return bool(shutil.which(names.get(program, program)))


def _has_ensurepip() -> bool:
    """Debian's python3 can make no environment without its package python3-venv."""
    try:
        import ensurepip

        return bool(ensurepip.version())
    except Exception:
        return False
