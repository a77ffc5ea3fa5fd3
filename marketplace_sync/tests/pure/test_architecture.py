"""The house rules of DESIGN §4, read from the sources: who may import whom, and sizes.

Nothing is imported here: files are parsed.
"""

import ast
import functools
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ADDON = Path(__file__).resolve().parents[2]
ROOT = ADDON.parent
NAME = ADDON.name
#: Addons of this repository that depend on ours.
BRIDGES = sorted(path.parent for path in ROOT.glob(f"{NAME}_*/__manifest__.py"))
CHANNELS = sorted(
    path.name
    for path in (ADDON / "channels").iterdir()
    if (path / "adapter.py").exists()
)
#: Objects that send HTTP, by the name that they are called by.
SENDERS = frozenset(("requests", "httpx", "session", "http", "_session"))
VERBS = frozenset(
    ("request", "get", "post", "put", "patch", "delete", "head", "send", "stream")
)
MAX_FUNCTION_LINES = 50
MAX_FILE_LINES = 400


class Import(NamedTuple):
    """An imported module, by its full name, and the names taken from it."""

    module: str
    names: tuple

    def is_below(self, package):
        whole = {self.module, *(f"{self.module}.{name}" for name in self.names)}
        return any(f"{name}.".startswith(f"{package}.") for name in whole)


def sources(*folders):
    """Return the Python files below folders of the addon and of its bridges, without
    tests."""
    found = [
        path
        for addon in (ADDON, *BRIDGES)
        for name in folders
        for path in (addon / name).rglob("*.py")
    ]
    assert found, f"nothing below {folders}"
    return sorted(path for path in found if "tests" not in path.parts)


def all_sources():
    """Return the Python files of the whole repository, without tests."""
    rooms = (
        ADDON,
        *BRIDGES,
        *(ROOT / name for name in ("simulator", "dev", "benchmarks")),
    )
    found = {path for room in rooms for path in room.rglob("*.py")}
    return sorted(p for p in found if "tests" not in p.relative_to(ROOT).parts)


def short(path):
    return str(path.relative_to(ROOT))


@functools.cache
def tree_of(path):
    return ast.parse(path.read_text(), str(path))


@functools.cache
def imports_of(path):
    """Return every import of a file, those inside functions too, with full names."""
    package = path.parent.relative_to(ROOT).parts
    found = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, ()) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *filter(None, [node.module])))
            found.append(Import(module, tuple(alias.name for alias in node.names)))
    return found


def offences(paths, is_offence):
    return [
        f"{short(path)} imports {found.module}"
        for path in paths
        for found in imports_of(path)
        if is_offence(found)
    ]


def is_ours(path):
    """Tell whether a file is one of an addon's."""
    return any(path.is_relative_to(addon) for addon in (ADDON, *BRIDGES))


# === WHO MAY IMPORT WHOM ===


def test_the_addon_does_not_know_its_bridges():
    assert BRIDGES
    assert not offences(
        [path for path in all_sources() if path.is_relative_to(ADDON)],
        lambda found: any(
            found.is_below(name)
            for bridge in BRIDGES
            for name in (bridge.name, f"odoo.addons.{bridge.name}")
        ),
    )


def test_the_engine_imports_the_standard_library_only():
    engines = [f"{addon.name}.engine" for addon in (ADDON, *BRIDGES)]

    def is_foreign(found):
        own = any(found.is_below(engine) for engine in engines)
        return not own and found.module.split(".")[0] not in sys.stdlib_module_names

    assert not offences(sources("engine"), is_foreign)


def test_channels_know_neither_odoo_nor_the_engine_nor_the_models():
    def is_upstairs(found):
        inside = found.is_below(NAME) and not found.is_below(f"{NAME}.channels")
        return found.is_below("odoo") or found.is_below("openerp") or inside

    assert not offences(sources("channels"), is_upstairs)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_knows_no_other_channel(channel):
    others = [name for name in CHANNELS if name != channel]
    assert not offences(
        sources(f"channels/{channel}"),
        lambda found: any(found.is_below(f"{NAME}.channels.{name}") for name in others),
    )


@pytest.mark.parametrize("channel", CHANNELS)
def test_only_the_account_of_a_channel_knows_its_adapter(channel):
    own = f"marketplace_account_{channel}.py"
    assert (ADDON / "models" / own).exists()
    outside = [
        path
        for path in all_sources()
        if path.is_relative_to(ADDON)
        and path.name != own
        and not path.is_relative_to(ADDON / "channels" / channel)
    ]
    assert not offences(
        outside, lambda found: found.is_below(f"{NAME}.channels.{channel}")
    )


def test_the_parts_that_all_channels_share_know_none_of_them():
    shared = [p for p in sources("channels") if p.parent == ADDON / "channels"]
    assert not offences(
        shared,
        lambda found: any(
            found.is_below(f"{NAME}.channels.{name}") for name in CHANNELS
        ),
    )


def test_models_import_from_odoo_only_what_is_public():
    assert not offences(
        sources("models", "wizards", "controllers"),
        lambda found: found.is_below("odoo.orm") or found.is_below("odoo.osv"),
    )


def test_the_addon_needs_no_simulator_and_no_tools():
    assert not offences(
        [path for path in all_sources() if is_ours(path)],
        lambda found: any(
            found.is_below(name) for name in ("simulator", "dev", "benchmarks")
        ),
    )


# === HOW CHANNELS ARE CALLED ===


def sending_calls(path):
    """Yield the calls of a file that send HTTP, as far as names can say."""
    for node in ast.walk(tree_of(path)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        receiver = node.func.value
        name = getattr(receiver, "id", getattr(receiver, "attr", ""))
        if node.func.attr == "urlopen":
            yield node
        elif node.func.attr in VERBS and name in SENDERS and _looks_like_http(node):
            yield node


def _looks_like_http(node):
    """Leave out ``session.get("key")``, which reads a mapping."""
    return bool(node.keywords) or len(node.args) > 1 or node.func.attr != "get"


def test_every_call_over_the_network_has_a_timeout():
    without = []
    for path in all_sources():
        for call in sending_calls(path):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            timeout = given.get("timeout")
            endless = isinstance(timeout, ast.Constant) and timeout.value is None
            if timeout is None or endless:
                without.append(f"{short(path)}:{call.lineno}")
    assert not without


def test_there_are_calls_to_check():
    """Renaming a session must not make the rule above hold of nothing."""
    found = [call for path in sources("channels") for call in sending_calls(path)]
    assert len(found) >= 2


def test_redirects_are_not_followed():
    """A token must not travel to a host that the channel's answer names."""
    following = []
    for path in sources("channels"):
        for call in sending_calls(path):
            given = {keyword.arg: keyword.value for keyword in call.keywords}
            value = given.get("allow_redirects")
            if not (isinstance(value, ast.Constant) and value.value is False):
                following.append(f"{short(path)}:{call.lineno}")
    assert not following


def test_certificates_are_always_checked():
    assert not [
        f"{short(path)}:{node.lineno}"
        for path in all_sources()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.keyword)
        and node.arg == "verify"
        and isinstance(node.value, ast.Constant)
        and not node.value.value
    ]


# === HABITS ===


def test_the_addon_prints_nothing():
    """What it has to say goes to the log, or to a person's screen."""
    assert not [
        f"{short(path)}:{node.lineno}"
        for path in all_sources()
        if is_ours(path)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]


def test_sql_is_composed_by_odoo_not_by_string_formatting():
    """``cr.execute`` takes an ``SQL`` object, or a text without any formatting."""
    composed = []
    for path in sources("models", "wizards", "controllers"):
        for node in ast.walk(tree_of(path)):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            first = node.args[0]
            if name in ("execute", "execute_query", "SQL") and isinstance(
                first, (ast.JoinedStr, ast.BinOp)
            ):
                composed.append(f"{short(path)}:{node.lineno}")
    assert not composed


def test_only_scheduled_actions_commit():
    """``cr.commit`` appears nowhere: ``_commit_progress`` does it for crons."""
    assert not [
        f"{short(path)}:{node.lineno}"
        for path in sources("models", "wizards", "controllers")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]


def test_no_function_is_longer_than_fifty_lines():
    longer = []
    for path in all_sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = node.end_lineno - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    longer.append(f"{short(path)}:{node.lineno} {node.name} ({lines})")
    assert not longer


def test_no_file_is_longer_than_four_hundred_lines():
    longer = []
    for path in all_sources():
        lines = len(path.read_text().splitlines())
        if lines > MAX_FILE_LINES:
            longer.append(f"{short(path)} ({lines})")
    assert not longer
