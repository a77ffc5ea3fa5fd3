"""The user's cache: what took long to make, under a key made of its versions."""

import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path

from . import config
from .console import run

KEEP = 2  # of every kind; a key that nobody used lately is of an old version


def entry(kind: str, key: str) -> Path:
    """Return the place of one cache entry, whether it exists or not."""
    return config.CACHE / f"{kind}-{key}"


def newest(kind: str) -> Path | None:
    """Return the entry of a kind that was used last."""
    found = [path for path in config.CACHE.glob(f"{kind}-*") if _is_entry(path)]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def touch(path: Path) -> None:
    """Note that an entry is in use, so that it is kept."""
    os.utime(path)


@contextmanager
def making(kind: str, key: str):
    """Yield a temporary place to fill; it becomes the entry when all went well.

    Two clones may do this at once: the rename is atomic, the later one wins nothing
    and its copy is thrown away.
    """
    final = entry(kind, key)
    config.CACHE.mkdir(parents=True, exist_ok=True)
    temporary = final.with_name(f"{final.name}.tmp{os.getpid()}")
    remove(temporary)
    try:
        yield temporary
        try:
            temporary.rename(final)
        except OSError:
            if not final.exists():
                raise
        touch(final)
        _prune(kind)
    finally:
        remove(temporary)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a directory with its times (byte code and asset bundles go by them)."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{target.name}.tmp{os.getpid()}")
    remove(temporary)
    run(["cp", "-a", "--reflink=auto", source, temporary])
    remove(target)
    temporary.rename(target)


def remove(path: Path) -> None:
    """Remove a file, a link or a directory, if it is there."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _is_entry(path: Path) -> bool:
    return ".tmp" not in path.name


def _prune(kind: str) -> None:
    """Keep the entries that were used last; drop leftovers of interrupted runs."""
    entries = sorted(
        (path for path in config.CACHE.glob(f"{kind}-*") if _is_entry(path)),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    yesterday = time.time() - 86400
    leftovers = [
        path
        for path in config.CACHE.glob(f"{kind}-*.tmp*")
        if path.stat().st_mtime < yesterday
    ]
    for path in [*entries[KEEP:], *leftovers]:
        remove(path)
