"""Odoo itself: the Debian package unpacked, or a source tree that the user has."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from . import aptsources, cache, config
from .console import Failure, announce, fact, run, step

# Odoo's package links to files of these others.
ASSET_PACKAGES = (
    "libjs-jquery",
    "libjs-underscore",
    "libjs-jquery-form",
    "fonts-inconsolata",
)
# Version 4 only: suite sid has a later one whose files have other names.
FONT_PACKAGE = "fonts-font-awesome"
# 1.2 GB becomes 300 MB. hr_* and website_* must stay: installing base reads their
# manifests. English, Spanish and German are the languages of our own addon.
DROP = (
    "*/dist-packages/addons",
    "*/odoo/addons/l10n_??",
    "*/odoo/addons/l10n_??_*",
    "*/i18n/[!de]*.po",
    "*/i18n/d[!e]*.po",
    "*/i18n/e[!s]*.po",
    "*/i18n_extra/*.po",
    "*/usr/share/doc",
    "*/usr/share/nodejs",
)
PACKAGED = "usr/lib/python3/dist-packages"
TREE = config.DOT / "odoo"
# A module of "mail" names this file, Debian's package lacks it, and the console
# error that follows makes every tour fail.
MISSING = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
REVISION = 1  # raise when the way of unpacking changes


def ensure() -> str:
    """Make Odoo available; return the version, which is part of other keys."""
    if config.ODOO_PATH:
        return _given_tree()
    chosen = TREE / "VERSION"
    if not chosen.is_file() or config.variable("UPGRADE"):
        cached = None if config.variable("UPGRADE") else cache.newest(_kind())
        if not cached:
            cached = _download()
        with step(f"copy Odoo from the cache ({cached.name})"):
            cache.touch(cached)
            cache.copy_tree(cached, TREE)
    version = chosen.read_text().strip()
    fact("Odoo", f"{version} (Debian package {config.ODOO_PACKAGE})")
    return version


def python_path() -> Path:
    """Return the directory to import ``odoo`` from."""
    return Path(config.ODOO_PATH).resolve() if config.ODOO_PATH else TREE / PACKAGED


def addons_path() -> list[Path]:
    """Return the directories of Odoo's own addons."""
    tree = python_path()
    return [path for path in (tree / "addons", tree / "odoo/addons") if path.is_dir()]


def _given_tree() -> str:
    tree = python_path()
    release = tree / "odoo" / "release.py"
    if not release.is_file():
        raise Failure(f"ODOO_PATH={tree} is no Odoo source tree (no odoo/release.py).")
    series = re.search(r"version_info = \((\d+), (\d+)", release.read_text())
    if not series or ".".join(series.groups()) != config.ODOO_SERIES:
        raise Failure(f"ODOO_PATH={tree} is not Odoo {config.ODOO_SERIES}.")
    version = f"{config.ODOO_SERIES}-{_commit(tree) or config.digest(tree)}"
    fact("Odoo", f"{version} ({tree})")
    return version


def _commit(tree: Path) -> str:
    """Return the commit of a git checkout, or nothing where the tree is none."""
    if not (tree / ".git").exists():
        return ""
    command = ["git", "-C", tree, "rev-parse", "--short=12", "HEAD"]
    done = run(command, check=False)
    return "" if done.returncode else done.stdout.strip()


def _kind() -> str:
    # Byte code is of one Python version.
    return f"odoo-r{REVISION}-py{'.'.join(config.python_version().split('.')[:2])}"


def _download() -> Path:
    """Fetch the packages of suite sid with apt, unpack them into the cache."""
    mirror = _mirror()
    with tempfile.TemporaryDirectory(prefix="marketplace_sync-") as temporary:
        work = Path(temporary)
        with step(f"download {config.ODOO_PACKAGE} with apt from {mirror.uri}"):
            apt = _apt_options(mirror, work)
            run(["apt-get", *apt, "update"])
            version = _candidate(apt)
            wanted = [config.ODOO_PACKAGE, *ASSET_PACKAGES, _font(apt)]
            debs = work / "debs"
            debs.mkdir()
            run(["apt-get", *apt, "download", *wanted], cwd=debs)
        found = cache.entry(_kind(), version)
        if found.exists():
            return found
        with cache.making(_kind(), version) as target:
            with step(f"unpack Odoo {version}"):
                _unpack(sorted(debs.glob("*.deb")), target)
                (target / "VERSION").write_text(version + "\n")
            with step("compile Odoo's Python files"):
                _compile(target)
    return found


def _mirror() -> aptsources.Source:
    given = config.variable("DEBIAN_MIRROR")
    found = aptsources.debian_source(aptsources.read_sources())
    if given:
        found = aptsources.Source(given, "stable", ("main",))
    if not found:
        raise Failure(
            "This machine's apt sources name no Debian mirror to get Odoo from.\n"
            "Either say which mirror to use:  make setup DEBIAN_MIRROR=<its address>\n"
            + HOW_TO_GET_ODOO
        )
    return found


HOW_TO_GET_ODOO = (
    "or use a source tree of Odoo 19 (branch 19.0 of github.com/odoo/odoo):\n"
    "    git clone --depth 1 --branch 19.0 <that repository> ~/odoo\n"
    "    make setup ODOO_PATH=~/odoo"
)


def _apt_options(mirror: aptsources.Source, work: Path) -> list[str]:
    """Write a private sources list; return options that keep apt inside ``work``.

    The system's own apt configuration is neither read for packages nor changed.
    """
    signed_by = mirror.signed_by
    if not signed_by or (signed_by.startswith("/") and not Path(signed_by).is_file()):
        signed_by = str(aptsources.KEYRING)
    if signed_by.startswith("/") and not Path(signed_by).is_file():
        raise Failure(
            "Debian's signing keys are missing:\n"
            "    apt-get install debian-archive-keyring"
        )
    suites = ["sid", *sorted({mirror.suite, "stable"} - {"sid", "unstable"})]
    lines = [f"deb [signed-by={signed_by}] {mirror.uri} {s} main" for s in suites]
    listing = config.DOT / "apt-sources.list"
    listing.parent.mkdir(parents=True, exist_ok=True)
    listing.write_text("\n".join(lines) + "\n")
    for directory in ("lists/partial", "cache/archives/partial"):
        (work / directory).mkdir(parents=True)
    options = {
        "Dir::Etc::sourcelist": listing,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "APT::Default-Release": "sid",
        "Acquire::Languages": "none",
    }
    return [part for key, value in options.items() for part in ("-o", f"{key}={value}")]


def _candidate(apt: list[str]) -> str:
    listed = _versions(apt, config.ODOO_PACKAGE)
    if not listed:
        raise Failure(
            f"The mirror has no package {config.ODOO_PACKAGE} in suite sid.\n"
            f"Use another mirror (DEBIAN_MIRROR=<its address>)\n{HOW_TO_GET_ODOO}"
        )
    return listed[0]


def _font(apt: list[str]) -> str:
    """Return the newest Font Awesome 4, e.g. ``5.0.10+really4.7.0~dfsg-4.1``."""
    for version in _versions(apt, FONT_PACKAGE):
        if re.search(r"really4\.|^4\.", version):
            return f"{FONT_PACKAGE}={version}"
    announce("    no Font Awesome 4 on this mirror: Odoo's icons will be missing")
    return FONT_PACKAGE


def _versions(apt: list[str], package: str) -> list[str]:
    """Return the versions of a package, newest first."""
    listed = run(["apt-cache", *apt, "madison", package], check=False).stdout
    rows = [line.split("|") for line in listed.splitlines()]
    return [row[1].strip() for row in rows if len(row) > 2]


def _unpack(debs: list[Path], target: Path) -> None:
    target.mkdir()
    drop = [f"--exclude={pattern}" for pattern in DROP]
    for deb in debs:
        with subprocess.Popen(
            ["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE
        ) as package:
            run(
                ["tar", "-x", "--no-same-owner", "-C", target, *drop, "./usr"],
                stdin=package.stdout,
            )
        if package.returncode:
            raise Failure(f"dpkg-deb could not read {deb.name}")
    stub = target / PACKAGED / "odoo/addons" / MISSING
    if not stub.exists():
        stub.parent.mkdir(parents=True, exist_ok=True)
        stub.write_text("// Not in Debian's package; video calls' blur needs it.\n")
        # Asset bundles are named after the times of their files.
        os.utime(stub, (1_700_000_000, 1_700_000_000))


def _compile(target: Path) -> None:
    run(
        [sys.executable, "-m", "compileall", "-q", "-j0"]
        + ["-x", r"/(tests|upgrades|upgrade_code)/", target / PACKAGED / "odoo"],
        check=False,  # templates of code, which are no Python yet, do not compile
    )
