"""Odoo's configuration file, and how its programs are started."""

import os
import secrets
from pathlib import Path

from . import cluster, config, source

CONFIGURATION = """\
; Written by `make setup`: changes are lost. Give options on the command line.
[options]
addons_path = {addons_path}
data_dir = {data_dir}
db_host = {host}
db_port = {port}
db_user = {user}
db_maxconn = 64
http_interface = {interface}
http_port = 8069
admin_passwd = {secret}
list_db = True
proxy_mode = False
; time limits are for production; here they would end debuggers and benchmarks
limit_time_cpu = 0
limit_time_real = 0
limit_time_real_cron = 0
"""


def write_configuration() -> Path:
    """Write ``.odoo/odoo.conf`` when its contents change."""
    reach = cluster.connection()
    config.DATA.mkdir(parents=True, exist_ok=True)
    paths = source.addons_path()
    if config.addon_paths():  # Odoo warns of directories without addons
        paths.append(config.ADDONS_DIR)
    text = CONFIGURATION.format(
        addons_path=",".join(str(path) for path in paths),
        data_dir=config.DATA,
        host=reach["PGHOST"],
        port=reach.get("PGPORT", "5432"),
        user=reach.get("PGUSER", os.environ.get("USER", "odoo")),
        interface=config.variable("HTTP_INTERFACE", "127.0.0.1"),
        secret=_secret(),
    )
    if not config.CONF.exists() or config.CONF.read_text() != text:
        config.CONF.write_text(text)
        config.CONF.chmod(0o600)
    return config.CONF


def command(*arguments: object, database: str) -> list[str]:
    """Return the command line of an Odoo program on one database."""
    program = [config.PYTHON, "-m", "odoo"]
    subcommand = []
    if arguments and arguments[0] == "shell":
        subcommand, arguments = ["shell"], arguments[1:]
    options = ["-c", config.CONF, "-d", database, *arguments]
    return [str(part) for part in (*program, *subcommand, *options)]


def env(**extra: str) -> dict:
    """Return the environment in which Odoo runs."""
    return cluster.client_env(PYTHONUNBUFFERED="1", **extra)


def _secret() -> str:
    """Return the password of the database manager's pages, made once."""
    path = config.DOT / "admin_passwd"
    if not path.exists():
        path.write_text(secrets.token_urlsafe(24))
        path.chmod(0o600)
    return path.read_text()
