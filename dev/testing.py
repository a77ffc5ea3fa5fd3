"""``make test``: pure tests first, then Odoo's, tours included."""

import os
import shlex
import subprocess
from pathlib import Path

from . import config, odoo, setup, template
from .console import Failure, clean_env, say

# They make databases of their own or kill servers, so they run by themselves, and last.
OWN_TESTS = [
    config.ROOT / "dev" / "tests" / name for name in ("test_alone.py", "test_kill.py")
]
#: Beside the addons: where tests are that need neither Odoo nor a database.
ROOMS = ("simulator", "dev", "benchmarks")
NO_TESTS = 5  # pytest's status when it found none


def main() -> int:
    """Run both kinds; with ``T=…`` only what that selects."""
    path, options = _selection()
    if path is not None:
        return _kind_of(path)([path], options)
    setup.check_prerequisites(browser=True)
    statuses = [_pure(_pure_paths(), options), _odoo(_addon_paths(), options)]
    statuses.append(_own([str(path) for path in OWN_TESTS], options))
    if options and NO_TESTS in statuses:
        # -k may well match tests of one kind only.
        statuses = [status for status in statuses if status != NO_TESTS] or [NO_TESTS]
    return max(statuses)


def pure() -> int:
    """Run the tests that need neither Odoo nor a database."""
    path, options = _selection()
    return _pure([path] if path else _pure_paths(), options)


def odoo_only() -> int:
    """Run the tests that need Odoo."""
    path, options = _selection()
    return _odoo([path] if path else _addon_paths(), options)


def _pure(paths: list[str], options: list[str]) -> int:
    if not paths:
        raise Failure("There are no pure tests to run.")
    setup.environment_only()
    say("==> pure tests")
    left_out = [f"--ignore={path}" for path in OWN_TESTS]
    # Starting workers takes longer than one file's tests.
    spread = ["-n", "auto"] if len(paths) > 1 else []
    command = _pytest("-p", "no:odoo", *spread, *left_out, *options, *paths)
    return _run(command, clean_env(MARKETPLACE_TESTS="pure"))


def _odoo(paths: list[str], options: list[str]) -> int:
    database = f"ms_test_{config.clone_id()}_{os.getpid()}"
    base = setup.fresh_database(database, browser=True)
    _drop_leftovers()
    say(f"==> Odoo tests (database {database}, from {base})")
    command = _pytest("--odoo-http", f"--odoo-config={config.CONF}")
    command += [f"--odoo-database={database}", *_ignored(), *options, *paths]
    try:
        # conftest.py fails the run when a test is skipped that must not be.
        return _run(command, odoo.env(MARKETPLACE_TESTS="odoo"))
    finally:
        template.drop(database)


def _own(paths: list[str], options: list[str]) -> int:
    setup.with_addon()
    _drop_leftovers()
    say("==> tests that make their own databases: without mrp, with servers killed")
    return _run(_pytest("-p", "no:odoo", *options, *paths), odoo.env())


def _pytest(*arguments: str) -> list[str]:
    more = shlex.split(config.variable("PYTEST_ARGS"))
    own = ["-q", "-c", str(config.ROOT / "pyproject.toml")]
    return [str(config.PYTHON), "-m", "pytest", *own, *more, *arguments]


def _run(command: list[str], env: dict) -> int:
    done = subprocess.run(command, env=env, cwd=config.ROOT, check=False)
    return abs(done.returncode)  # negative: a signal ended it


def _selection() -> tuple[str | None, list[str]]:
    """Return what ``T=…`` means: a path (``file::Class::test``), or ``-k`` options."""
    wanted = config.variable("T")
    if not wanted:
        return None, []
    if Path(wanted.split("::")[0]).exists():
        return wanted, []
    return None, ["-k", wanted]


def _kind_of(path: str):
    """Return what runs the tests at a path."""
    if Path(path.split("::")[0]).resolve() in OWN_TESTS:
        return _own
    return _pure if _is_pure(path) else _odoo


def _is_pure(path: str) -> bool:
    """Tell whether a path belongs to the tests without Odoo."""
    wanted = Path(path.split("::")[0]).resolve()
    return any(wanted.is_relative_to(Path(pure).resolve()) for pure in _pure_paths())


def _pure_paths() -> list[str]:
    candidates = [path / "tests/pure" for path in config.addon_paths()]
    if not config.addon_paths():
        candidates = [config.ADDONS_DIR / n / "tests/pure" for n in config.ADDONS]
    candidates += [config.ROOT / name / "tests" for name in ROOMS]
    return [str(path) for path in candidates if any(path.rglob("test_*.py"))]


def _addon_paths() -> list[str]:
    return [str(path) for path in config.addon_paths()]


def _ignored() -> list[str]:
    return [f"--ignore={path / 'tests/pure'}" for path in config.addon_paths()]


def _drop_leftovers() -> None:
    """Drop test databases of runs that were killed."""
    for kind in ("test", "kill", "alone"):
        for name in template.names_like(f"ms_{kind}_{config.clone_id()}_"):
            pid = name.rpartition("_")[2]
            if not Path(f"/proc/{pid}").exists():
                template.drop(name)
