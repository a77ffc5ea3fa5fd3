"""Template databases: Odoo's modules once, then the addon on top, then clones."""

import ast
import hashlib
import os
from pathlib import Path

from . import cache, cluster, config, odoo
from .console import Failure, announce, fact, run, say, step

FINISH = Path(__file__).with_name("template_finish.py")
DEMO = Path(__file__).with_name("template_demo.py")
REVISION = 1  # raise when the way of making a template changes
MARK = "marketplace_sync development database"
# What of the addon does not reach the database when it is installed.
NOT_INSTALLED = {"tests", "__pycache__", "description"}
NOT_INSTALLED_SUFFIXES = {".md", ".pyc", ".rst", ".pot", ".swp"}


def ensure(odoo_version: str, *, demo: bool = False, core: bool = False) -> str:
    """Return the name of a database with what our addons depend on, made or restored.

    :param demo: with Odoo's demo data
    :param core: without what the bridges depend on
    """
    modules = config.template_modules(core=core)
    key = _key(odoo_version, modules)
    name = f"ms_template_{key}" + ("_demo" if demo else "") + ("_core" if core else "")
    if not exists(name):
        kind = ("demo-" if demo else "core-" if core else "") + "template"
        dump = cache.entry(kind, key)
        if dump.exists():
            with step(f"restore the template database from the cache ({dump.name})"):
                cache.touch(dump)
                _restore(dump, name)
        else:
            if demo:
                _make_demo(ensure(odoo_version), name)
            elif core:
                _make_core(modules, name)
            else:
                _make(modules, ensure(odoo_version, core=True), name)
            _dump(kind, key, name)
    fact("template", f"{name} ({', '.join(modules)})")
    return name


def ensure_addon(template: str) -> str:
    """Return the name of a template with our addons, installed from today's files."""
    if not config.addon_paths():
        raise Failure(
            f"No addon {' '.join(config.ADDONS)} in {config.ADDONS_DIR} to install."
        )
    for _attempt in range(3):
        before = _addon_key(template)
        name = f"ms_addon_{before}"
        if exists(name):
            return name
        temporary = f"{name}_new"
        clone(template, temporary)
        try:
            _install(temporary, demo=template.endswith("_demo"))
        except Failure:
            drop(temporary)
            raise
        # Somebody who edits meanwhile must not get half of the old files.
        if _addon_key(template) == before:
            _drop_others(template)
            cluster.sql(f'ALTER DATABASE "{temporary}" RENAME TO "{name}"')
            _mark(name, _origin(template))
            return name
        drop(temporary)
        say("    files changed while the addon was installed: once more")
    raise Failure("The addon's files change faster than it can be installed.")


def clone(template: str, name: str) -> None:
    """Make a fresh database from a template, instead of one of ours of that name."""
    drop(name)
    cluster.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    _mark(name, MARK)


def drop(name: str) -> None:
    """Drop a database, if there is one, and if these scripts made it."""
    if not exists(name):
        return
    if config.PGHOST and not _is_ours(name):
        raise Failure(
            f"Database {name} on {config.PGHOST} was not made by `make`: "
            "drop it yourself if it may go."
        )
    cluster.sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def exists(name: str) -> bool:
    """Tell whether there is a database of that name."""
    return name in cluster.sql("SELECT datname FROM pg_database").splitlines()


def names_like(prefix: str) -> list[str]:
    """Return the databases whose names start so."""
    listed = cluster.sql("SELECT datname FROM pg_database").splitlines()
    return [name for name in listed if name.startswith(prefix)]


def run_odoo(
    what: str,
    database: str,
    *arguments: str,
    stdin: Path = Path(os.devnull),
    env: dict | None = None,
) -> None:
    """Run Odoo to its end; show warnings and errors of its log.

    :param what: name of the log file
    :param stdin: script for ``odoo shell``
    """
    log = config.LOGS / f"{what}.log"
    command = odoo.command(*arguments, database=database)
    with stdin.open() as script:
        done = run(command, check=False, log=log, env=env or odoo.env(), stdin=script)
    complaints = _complaints(done.stdout)
    if complaints:
        announce("\n".join(complaints[-80:]))
    if done.returncode:
        tail = "" if complaints else "\n".join(done.stdout.splitlines()[-30:]) + "\n"
        raise Failure(f"{tail}Odoo failed ({what}); all it said: {log}")


def _complaints(text: str) -> list[str]:
    """Return the lines of a log from warnings on, with the tracebacks below them."""
    kept, keeping = [], False
    for line in text.splitlines():
        if line[:2] == "20" and line[4:5] == "-":
            level = (line.split(maxsplit=4) + [""] * 4)[3]
            keeping = level in ("WARNING", "ERROR", "CRITICAL")
        if keeping:
            kept.append(line)
    return kept


def _key(odoo_version: str, modules: list[str]) -> str:
    scripts = config.file_digest(FINISH, DEMO)
    return config.digest(REVISION, odoo_version, *modules, scripts, _server_version())


def _server_version() -> str:
    return cluster.sql("SHOW server_version_num")[:-4]


def _make_core(modules: list[str], name: str) -> None:
    temporary = f"{name}_new"
    drop(temporary)
    cluster.sql(f"CREATE DATABASE \"{temporary}\" TEMPLATE template0 ENCODING 'UTF8'")
    _mark(temporary, MARK)
    with step("install Odoo's modules into a template database (about 90 s)"):
        _install_odoo(modules, temporary)
        _finish(temporary, assets=False)
    cluster.sql(f'ALTER DATABASE "{temporary}" RENAME TO "{name}"')


def _make(modules: list[str], core: str, name: str) -> None:
    """Add what the bridges depend on, and the bundles of all modules together."""
    temporary = f"{name}_new"
    clone(core, temporary)
    more = sorted(set(modules) - set(config.template_modules(core=True)))
    if more:
        with step("install what the bridges depend on (about 15 s)"):
            _install_odoo(more, temporary)
    with step("generate the web assets (about 30 s)"):
        _finish(temporary, assets=True)
    cluster.sql(f'ALTER DATABASE "{temporary}" RENAME TO "{name}"')


def _install_odoo(modules: list[str], database: str) -> None:
    install = ["-i", ",".join(modules), "--skip-auto-install"]
    run_odoo("template", database, *install, "--stop-after-init", "--no-http")
    _check_installed(database, set(modules))


def _finish(database: str, *, assets: bool) -> None:
    env = odoo.env(TEMPLATE_ASSETS="1" if assets else "")
    run_odoo("assets", database, "shell", "--no-http", stdin=FINISH, env=env)


def _make_demo(template: str, name: str) -> None:
    temporary = f"{name}_new"
    clone(template, temporary)
    with step("load Odoo's demo data"):
        run_odoo("demo-template", temporary, "shell", "--no-http", stdin=DEMO)
    cluster.sql(f'ALTER DATABASE "{temporary}" RENAME TO "{name}"')


def _dump(kind: str, key: str, name: str) -> None:
    with cache.making(kind, key) as target:
        dump = [cluster.tool("pg_dump"), "-Fc", "-Z1", "--no-owner", "-f", target, name]
        run(dump, env=cluster.client_env())


def _restore(dump: Path, name: str) -> None:
    temporary = f"{name}_new"
    drop(temporary)
    cluster.sql(f"CREATE DATABASE \"{temporary}\" TEMPLATE template0 ENCODING 'UTF8'")
    _mark(temporary, MARK)
    restore = [cluster.tool("pg_restore"), "-j4", "--no-owner", "-d", temporary, dump]
    run(restore, env=cluster.client_env())
    cluster.sql("ANALYZE", temporary)
    cluster.sql(f'ALTER DATABASE "{temporary}" RENAME TO "{name}"')


def _install(database: str, *, demo: bool) -> None:
    names = ",".join(path.name for path in config.addon_paths())
    options = ["-i", names, "--stop-after-init", "--no-http"]
    if demo:
        options.append("--with-demo")
    with step(f"install {names}"):
        run_odoo("install", database, *options)
    wanted = {path.name for path in config.addon_paths() if _is_installable(path)}
    _check_installed(database, wanted)


def _check_installed(database: str, wanted: set[str]) -> None:
    """Fail where Odoo only logs a warning: for a module that it cannot find."""
    rows = cluster.sql(
        "SELECT name FROM ir_module_module WHERE state = 'installed'", database
    )
    missing = wanted - set(rows.splitlines())
    if missing:
        raise Failure(f"Odoo did not install: {', '.join(sorted(missing))}")


def _is_installable(path: Path) -> bool:
    manifest = ast.literal_eval((path / "__manifest__.py").read_text())
    return manifest.get("installable", True)


def _addon_key(template: str) -> str:
    """Return a key of every file that ends up in the database or decides what does."""
    seen = hashlib.sha256(_origin(template).encode())
    for addon in config.addon_paths():
        for path in sorted(addon.rglob("*")):
            relative = path.relative_to(addon)
            if NOT_INSTALLED & set(relative.parts) or not path.is_file():
                continue
            hidden = any(part.startswith(".") for part in relative.parts)
            if hidden or path.suffix in NOT_INSTALLED_SUFFIXES:
                continue
            seen.update(f"{addon.name}/{relative}\0".encode())
            seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()[:12]


def _drop_others(template: str) -> None:
    """Drop templates with older files of the addon; each takes 60 MB."""
    rows = cluster.sql(
        "SELECT datname FROM pg_database"
        f" WHERE shobj_description(oid, 'pg_database') = '{_origin(template)}'"
    )
    for name in rows.splitlines():
        if name.startswith("ms_addon_"):
            drop(name)


def _origin(template: str) -> str:
    return f"{template} of clone {config.clone_id()}"


def _mark(name: str, comment: str) -> None:
    cluster.sql(f"COMMENT ON DATABASE \"{name}\" IS '{comment}'")


def _is_ours(name: str) -> bool:
    comment = cluster.sql(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        f" WHERE datname = '{name}'"
    )
    return comment == MARK or comment.startswith("ms_template_")
