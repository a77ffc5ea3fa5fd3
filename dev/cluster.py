"""The private PostgreSQL cluster below ``.odoo/``, or the server that PGHOST names."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from . import cache, config
from .console import Failure, clean_env, fact, run, say, step

HOME = config.DOT / "pg"  # a link to elsewhere where the server's user can't enter
USER = "odoo"  # Odoo refuses to work as "postgres"
SOCKET_LIMIT = 107  # bytes of a unix socket's path, its file name included
SETTINGS = """\
# A development database: fast, and lost when the machine loses power.
fsync = off
synchronous_commit = off
full_page_writes = off
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
checkpoint_timeout = 15min
autovacuum_naptime = 30s
# the scripts compare texts and dates with what Odoo expects
timezone = 'UTC'
log_checkpoints = off
"""


def binaries() -> Path | None:
    """Return the directory with initdb and postgres, the newest where several are."""
    found = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found.sort(key=lambda path: int(re.sub(r"\D", "", path.parts[-3]) or 0))
    if found:
        return found[-1].parent
    for name in ("initdb",):
        on_path = shutil.which(name)
        if on_path:
            return Path(on_path).resolve().parent
    return None


def tool(name: str) -> str:
    """Return a client program, preferably of the server's own version."""
    beside = (binaries() or Path()) / name
    return str(beside if beside.is_file() else shutil.which(name) or name)


def ensure() -> None:
    """Make sure that a server answers; create and start the private one if need be."""
    if config.PGHOST:
        try:
            version = sql("SHOW server_version", "postgres")
        except Failure as error:
            raise Failure(f"PGHOST={config.PGHOST} does not answer.\n{error}") from None
        fact("PostgreSQL", f"{version} (PGHOST={config.PGHOST})")
        return
    if not (_data() / "PG_VERSION").is_file():
        _create()
    if not is_running():
        _start()
    fact("PostgreSQL", f"{_version()} (socket {socket_dir()})")


def connection() -> dict[str, str]:
    """Return the libpq variables that reach the server."""
    if config.PGHOST:
        kept = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGPASSFILE", "PGSSLMODE")
        return {key: os.environ[key] for key in kept if os.environ.get(key)}
    return {"PGHOST": str(socket_dir()), "PGPORT": "5432", "PGUSER": USER}


def client_env(**extra: str) -> dict:
    """Return the environment in which any PostgreSQL client finds the server."""
    env = {k: v for k, v in clean_env().items() if not k.startswith("PG")}
    return {**env, **connection(), **extra}


def sql(statement: str, database: str = "postgres") -> str:
    """Run one statement; return its rows as text, columns separated by ``|``."""
    command = [tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database]
    # Notices go to the same stream as rows and are not wanted.
    env = client_env(PGOPTIONS="-c client_min_messages=error")
    return run([*command, "-c", statement], env=env).stdout.strip()


def is_running() -> bool:
    """Tell whether our own server runs; a left-over pid file is no proof."""
    return _pid() is not None


def socket_dir() -> Path:
    """Return the directory of the unix socket: short enough, and ours alone."""
    inside = HOME.resolve() / "run" if HOME.exists() else HOME / "run"
    if len(os.fsencode(inside)) + len("/.s.PGSQL.5432.lock") <= SOCKET_LIMIT:
        return inside
    name = f"marketplace_sync-{os.getuid()}-{config.digest(config.ROOT, length=8)}"
    return Path(tempfile.gettempdir()) / name


def stop() -> None:
    """Stop the private server, by its own pid."""
    pid = _pid()
    if pid is None:
        say("PostgreSQL: not running")
        return
    with step(f"stop PostgreSQL (pid {pid})"):
        os.kill(pid, signal.SIGINT)  # "fast": disconnect clients, then stop
        deadline = time.monotonic() + 30
        while is_running() and time.monotonic() < deadline:
            time.sleep(0.1)
        if is_running():
            os.kill(pid, signal.SIGQUIT)


def destroy() -> None:
    """Stop the private server and remove its data, wherever they are."""
    if config.PGHOST:
        return
    stop()
    if not str(socket_dir()).startswith(str(HOME.resolve())):
        cache.remove(socket_dir())
    if HOME.is_symlink():
        cache.remove(HOME.resolve())
    cache.remove(HOME)


def has_other_clients() -> bool:
    """Tell whether anybody but this question is connected to the server."""
    count = sql(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return count != "0"


@contextmanager
def running_for_this_command():
    """Start the server if need be, and stop it afterwards if it was started here."""
    was_running = bool(config.PGHOST) or is_running()
    ensure()
    try:
        yield
    finally:
        if not was_running and is_running() and not has_other_clients():
            stop()


def _data() -> Path:
    return HOME.resolve() / "data"


def _version() -> str:
    done = run([tool("postgres"), "--version"])
    return done.stdout.strip().rsplit("(", 1)[0].split(")")[-1].split()[-1]


def _owner() -> pwd.struct_passwd | None:
    """Return the user that runs the server when we are root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Failure("Neither user postgres nor nobody exists to run PostgreSQL as.")


def _as_owner() -> dict:
    """Return options for a child that runs as the server's user."""
    owner = _owner()
    # The server takes PGPORT, PGDATA and others from the environment.
    env = {k: v for k, v in clean_env().items() if not k.startswith("PG")}
    options = {"cwd": "/", "env": {**env, "LC_ALL": "C.UTF-8"}}
    if owner:
        options |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    return options


def _give(path: Path) -> None:
    """Make a directory that only the server's user, and root, may enter."""
    path.mkdir(parents=True, exist_ok=True)
    owner = _owner()
    if owner:
        os.chown(path, owner.pw_uid, owner.pw_gid)
    elif path.stat().st_uid != os.getuid():
        raise Failure(f"{path} belongs to somebody else: remove it.")
    path.chmod(0o700)


def _create() -> None:
    if not (binaries() or Path("/nowhere")).is_dir():
        raise Failure("PostgreSQL is missing:\n    apt-get install postgresql")
    with step("create a private PostgreSQL cluster"):
        _make_home()
        cache.remove(_data())
        _give(_data())
        command = [tool("initdb"), "-D", _data(), "-U", USER, "-A", "trust"]
        command += ["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        run(command, **_as_owner())
        with (_data() / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS)


def _make_home() -> None:
    """Create the cluster's directory, elsewhere if its user can't enter ours.

    A clone below root's home directory (mode 0700) is the usual case.
    """
    config.DOT.mkdir(parents=True, exist_ok=True)
    if HOME.exists():
        return
    cache.remove(HOME)
    entered = run(["test", "-x", config.DOT], check=False, **_as_owner())
    if entered.returncode == 0:
        _give(HOME)
        return
    name = f"marketplace_sync-pg-{os.getuid()}-{config.digest(config.ROOT, length=8)}"
    elsewhere = Path("/var/tmp") / name
    say(f"    {config.DOT} is closed to the server's user: using {elsewhere}")
    cache.remove(elsewhere)
    _give(elsewhere)
    HOME.symlink_to(elsewhere)


def _start() -> None:
    _clear_after_crash()
    _give(socket_dir())
    with step("start PostgreSQL"):
        command = [tool("pg_ctl"), "start", "-s", "-w", "-t", "60", "-D", _data()]
        command += ["-l", HOME.resolve() / "server.log"]
        command += ["-o", f"-k '{socket_dir()}' -p 5432"]
        # A session of its own: Ctrl-C in a terminal is not meant for the server.
        # Its streams must not be ours, or whoever reads them waits for ever.
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **_as_owner(),
        )
        if done.returncode:
            log = HOME.resolve() / "server.log"
            said = log.read_text().splitlines()[-20:] if log.exists() else []
            raise Failure("PostgreSQL did not start:\n" + "\n".join(said))


def _clear_after_crash() -> None:
    """Remove what a killed server left, once its last child has noticed and gone.

    PostgreSQL itself refuses to start when the pid in these files is in use, by
    whatever program.
    """
    deadline = time.monotonic() + 20
    while _works_on_data() and time.monotonic() < deadline:
        time.sleep(0.1)
    if _works_on_data():
        raise Failure(f"Processes of a killed server still use {_data()}.")
    (_data() / "postmaster.pid").unlink(missing_ok=True)
    for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
        (socket_dir() / name).unlink(missing_ok=True)


def _works_on_data() -> bool:
    """Tell whether any process has our data as its working directory."""
    wanted = str(_data())
    for link in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if os.readlink(link) == wanted:
                return True
        except OSError:
            continue
    return False


def _pid() -> int | None:
    """Return the pid of our running server.

    After a crash or a restart of the machine the pid file stays, and its number may
    be another program's by now: the program must be one that works on our data.
    """
    try:
        pid = int((_data() / "postmaster.pid").read_text().split("\n")[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        working = os.readlink(f"/proc/{pid}/cwd")
    except (OSError, ValueError):
        return None
    ours = b"postgres" in command[0] and working == str(_data())
    return pid if ours else None


if sys.platform != "linux":
    raise SystemExit("These scripts need Linux (they read /proc).")
