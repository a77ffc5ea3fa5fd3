"""The Python environment: built once in the cache, copied into each clone."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from . import cache, config, source
from .console import Failure, announce, clean_env, fact, run, step

STAMP = config.VENV / "KEY"
REVISION = 1  # raise when the way of building changes


def key() -> str:
    """Return the key of this environment: requirements, Python, machine."""
    return config.digest(
        REVISION,
        config.file_digest(*config.REQUIREMENTS),
        config.python_version(),
        sys.base_prefix,
        platform.machine(),
    )


def ensure() -> None:
    """Make ``.odoo/venv`` as the requirements say."""
    wanted = key()
    if not (STAMP.is_file() and STAMP.read_text() == wanted and _starts()):
        cached = cache.entry("venv", wanted)
        if not cached.exists():
            _build(wanted)
        with step(f"copy the Python environment from the cache ({cached.name})"):
            cache.touch(cached)
            _copy(cached)
        STAMP.write_text(wanted)
    fact("Python", f"{config.python_version()} ({sys.executable})")


def link_odoo() -> None:
    """Let the environment import ``odoo`` from where it is."""
    pth = _site_packages(config.VENV) / "odoo-source.pth"
    wanted = f"{source.python_path()}\n"
    if not pth.exists() or pth.read_text() != wanted:
        pth.write_text(wanted)


def _starts() -> bool:
    return (
        config.PYTHON.exists()
        and run([config.PYTHON, "-c", ""], check=False).returncode == 0
    )


def _site_packages(venv: Path) -> Path:
    return venv / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def _build(wanted: str) -> None:
    with cache.making("venv", wanted) as target:
        if not _build_with_uv(target):
            _build_with_pip(target)
        (target / "ORIGIN").write_text(str(target))


def _build_with_uv(target: Path) -> bool:
    """Build with uv (6 s instead of 70); say no where there is none or it fails."""
    uv = shutil.which("uv")
    if not uv:
        return False
    version = run([uv, "--version"]).stdout.strip()
    with step(f"build the Python environment with {version}"):
        run([sys.executable, "-m", "venv", "--without-pip", target])
        install = [uv, "pip", "install", "--compile-bytecode"]
        install += ["--python", target / "bin/python", "-r", config.REQUIREMENTS[1]]
        done = run(install, check=False, log=config.LOGS / "uv.log")
    if done.returncode:
        # uv doesn't read pip's configuration; pip may know an index that works.
        announce(f"    uv failed ({config.LOGS / 'uv.log'}): trying pip")
        cache.remove(target)
    return done.returncode == 0


def _build_with_pip(target: Path) -> None:
    with step("build the Python environment with pip (about a minute)"):
        run([sys.executable, "-m", "venv", target])
        install = [target / "bin/pip", "install", "-r", config.REQUIREMENTS[1]]
        run([*install, "--disable-pip-version-check"], log=config.LOGS / "pip.log")


def _copy(cached: Path) -> None:
    """Copy a built environment and make it this clone's.

    Only the interpreter's links and the first line of scripts know the place.
    """
    origin = (cached / "ORIGIN").read_text()
    cache.copy_tree(cached, config.VENV)
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--upgrade", config.VENV],
        env=clean_env(),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Failure(f"python -m venv failed:\n{done.stderr}")
    for script in (config.VENV / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            _adopt(script, os.fsencode(origin), os.fsencode(config.VENV))


def _adopt(script: Path, origin: bytes, place: bytes) -> None:
    """Let a script of the environment find the interpreter at its new place.

    Started through the shell, as pip does it for a path with spaces or of more than
    127 bytes, which the kernel does not accept in a first line.
    """
    content = script.read_bytes()
    if origin not in content:
        return
    first, _, rest = content.partition(b"\n")
    if first.startswith(b"#!" + origin):
        interpreter = first[2:].replace(origin, place)
        launch = b"#!/bin/sh\n'''exec' \"%s\" \"$0\" \"$@\"\n' '''\n"
        content = launch % interpreter + rest
    mode = script.stat().st_mode
    script.write_bytes(content.replace(origin, place))
    script.chmod(mode)
