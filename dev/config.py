"""Where things are and what the user chose; every variable of the Makefile."""

import ast
import hashlib
import json
import os
import platform
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOT = ROOT / ".odoo"
LOGS = DOT / "log"
VENV = DOT / "venv"
PYTHON = VENV / "bin" / "python"
CONF = DOT / "odoo.conf"
DATA = DOT / "data"
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "marketplace_sync"
)
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")

ODOO_SERIES = "19.0"
ODOO_PACKAGE = "odoo-19"


def variable(name: str, default: str = "") -> str:
    """Return a variable of the command line or environment; empty counts as unset."""
    return os.environ.get(name, "").strip() or default


# `make setup` remembers these for the commands after it; an empty value forgets.
REMEMBERED = ("ODOO_PATH", "PGHOST", "PGPORT", "PGUSER")
CHOICES = DOT / "choices.json"
if CHOICES.is_file():
    for _name, _value in json.loads(CHOICES.read_text()).items():
        os.environ.setdefault(_name, _value)

ODOO_PATH = variable("ODOO_PATH")
PGHOST = variable("PGHOST")
# Tests of these scripts use a throw-away addon in another directory.
ADDONS_DIR = Path(variable("ADDONS_DIR", str(ROOT))).resolve()
# The first one is the addon itself, the others are its bridges.
DEFAULT_ADDONS = "marketplace_sync marketplace_sync_mrp"
ADDONS = variable("ADDONS", DEFAULT_ADDONS).replace(",", " ").split()
# base_import and web_tour install themselves on a usual Odoo; templates are made
# without automatic installs (they cost 20 s), so they are named.
ALWAYS = ("base_import", "web_tour")
DEFAULT_DEPENDS = ("sale_stock", "stock_delivery")


def remember_choices() -> None:
    """Keep what the user said about places, except passwords."""
    chosen = {name: variable(name) for name in REMEMBERED if variable(name)}
    if "ODOO_PATH" in chosen:
        chosen["ODOO_PATH"] = str(Path(chosen["ODOO_PATH"]).resolve())
    CHOICES.write_text(json.dumps(chosen, indent=1) + "\n")


def addon_paths() -> list[Path]:
    """Return the directories of the addons under development which exist."""
    paths = [ADDONS_DIR / name for name in ADDONS]
    return [path for path in paths if (path / "__manifest__.py").is_file()]


def template_modules(*, core: bool = False) -> list[str]:
    """Return what the template database needs: all that our addons depend on.

    :param core: only what the first one depends on, which must do without the bridges
    """
    wanted = set(variable("TEMPLATE_MODULES").replace(",", " ").split())
    wanted.update(ALWAYS)
    for path in addon_paths()[:1] if core else addon_paths():
        manifest = ast.literal_eval((path / "__manifest__.py").read_text())
        wanted.update(manifest.get("depends", ()))
    if not addon_paths():
        wanted.update(DEFAULT_DEPENDS)
    return sorted(wanted - set(ADDONS) - {"base"})


def digest(*parts: object, length: int = 12) -> str:
    """Return a short key for a cache: the same parts, the same key."""
    text = "\0".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_digest(*paths: Path) -> str:
    """Return a short key of the contents of files."""
    return digest(*(hashlib.sha256(path.read_bytes()).hexdigest() for path in paths))


def clone_id() -> str:
    """Return a key of this clone, for names on a server that others use too."""
    return digest(platform.node(), ROOT, length=6)


def python_version() -> str:
    """Return the version of the interpreter that runs these scripts, and Odoo."""
    return ".".join(str(part) for part in sys.version_info[:3])
