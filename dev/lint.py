"""``make lint``: ruff, pylint-odoo and OCA's module checks; ``make format``."""

import subprocess

from . import config, setup
from .console import Failure, announce, clean_env, say

# The addon is not OCA's, its README is Markdown, its XML begins as Odoo's own, and a
# model with much to do is spread over files.
NOT_FOR_US = [
    "--disable=manifest-required-author,missing-readme",
    "--disable=consider-merging-classes-inherited",
    # Odoo's own idiom to keep README.md out of the app's page (payment_stripe).
    "--disable=manifest-deprecated-key",
]
OCA_NOT_FOR_US = ["--disable=prefer-readme-rst,xml-header-wrong"]


def main() -> int:
    """Run every check, also after one of them failed."""
    setup.environment_only()
    failed = [name for name, command in _checks() if _run(name, command)]
    if failed:
        raise Failure(f"make lint: {', '.join(failed)} complained.")
    say("lint: everything is in order")
    return 0


def fix() -> int:
    """Let ruff and OCA's checks repair what they can."""
    setup.environment_only()
    addons = [str(path) for path in config.addon_paths()]
    return (
        _run("ruff check", [_tool("ruff"), "check", "--fix", "."])
        or _run("ruff format", [_tool("ruff"), "format", "."])
        or _run("OCA module checks", [*_oca_modules(addons), "--fix"])
    )


def _checks() -> list[tuple[str, list[str]]]:
    checks = [
        ("ruff check", [_tool("ruff"), "check", "."]),
        ("ruff format", [_tool("ruff"), "format", "--check", "."]),
    ]
    addons = [str(path) for path in config.addon_paths()]
    if not addons:
        announce("    no addon yet: only ruff runs")
        return checks
    pylint = [str(config.PYTHON), "-m", "pylint", "--rcfile=pyproject.toml", "-j0"]
    checks.append(("pylint-odoo", [*pylint, *NOT_FOR_US, *addons]))
    checks.append(("OCA module checks", _oca_modules(addons)))
    catalogues = [
        str(path)
        for addon in config.addon_paths()
        for path in sorted(addon.glob("i18n/*.po*"))
    ]
    if catalogues:
        checks.append(("OCA po checks", [_tool("oca-checks-po"), *catalogues]))
    return checks


def _oca_modules(addons: list[str]) -> list[str]:
    return [_tool("oca-checks-odoo-module"), *OCA_NOT_FOR_US, *addons]


def _run(name: str, command: list[str]) -> int:
    say(f"==> {name}")
    return subprocess.run(
        command, cwd=config.ROOT, env=clean_env(), check=False
    ).returncode


def _tool(name: str) -> str:
    return str(config.VENV / "bin" / name)
