"""Make pure tests independent of Odoo, and a silent skip a failure.

Two kinds of runs (see ``make test``): with pytest-odoo, which imports the addon as
``odoo.addons.marketplace_sync``, and with ``-p no:odoo`` for tests that need neither
Odoo nor a database.
"""

import os
import re
import sys
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
ADDONS = Path(os.environ.get("ADDONS_DIR") or ROOT)
MUST_NOT_SKIP = re.compile(r"chrome|odoo-http|websocket|devtools", re.IGNORECASE)
_skipped, _ran = [], []


def pytest_configure(config):
    """Stand in for the addons' packages when Odoo is not there to load them."""
    config.addinivalue_line("markers", "pure: needs neither Odoo nor a database")
    if config.pluginmanager.hasplugin("odoo"):
        return
    for manifest in ADDONS.glob("*/__manifest__.py"):
        _register_stub(manifest.parent.name, manifest.parent)
        _register_stub(f"{manifest.parent.name}.tests", manifest.parent / "tests")


def _register_stub(name, path):
    """Register a package whose ``__init__.py``, which imports Odoo, is not run.

    Its other packages (``engine``, ``channels``) are imported as usual.
    """
    if name in sys.modules or not path.is_dir():
        return
    stub = types.ModuleType(name)
    stub.__path__ = [str(path)]
    stub.__file__ = str(path / "__init__.py")
    stub.__package__ = name
    sys.modules[name] = stub
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, stub)


def pytest_runtest_logreport(report):
    """Remember what ran, and which tours were skipped for want of a browser."""
    if report.when == "call":
        _ran.append(report.nodeid)
    if report.skipped and MUST_NOT_SKIP.search(str(report.longrepr)):
        _skipped.append(report.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """Fail a run of Odoo tests in which tours or all tests were left out."""
    if os.environ.get("MARKETPLACE_TESTS") != "odoo" or exitstatus:
        return
    if _skipped or (not _ran and not session.config.option.collectonly):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    """Say why such a run failed."""
    if os.environ.get("MARKETPLACE_TESTS") == "odoo" and _skipped:
        terminalreporter.section("browser tests were skipped: that is a failure")
        for nodeid in _skipped:
            terminalreporter.line(nodeid)
