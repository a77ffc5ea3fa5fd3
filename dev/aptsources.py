"""Find this machine's own Debian mirror in its apt configuration."""

import re
from dataclasses import dataclass
from pathlib import Path

APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
STABLE_NAMES = {"stable", "oldstable", "testing", "unstable", "sid"}
RELEASES = {"bullseye", "bookworm", "trixie", "forky", "duke"}


@dataclass(frozen=True)
class Source:
    """One line of apt configuration: where, which suite, signed by whom."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""


def read_sources(apt: Path = APT) -> list[Source]:
    """Return every enabled binary source that the machine is configured with."""
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    found = []
    for path in files:
        if not path.is_file():
            continue
        if path.suffix == ".list":
            found += _parse_list(path.read_text(errors="replace"))
        elif path.suffix == ".sources":
            found += _parse_deb822(path.read_text(errors="replace"))
    return found


def debian_source(sources: list[Source]) -> Source | None:
    """Return the source that is Debian itself, not its security or a third party's.

    Third parties use Debian's suite names too; Debian is who has ``-updates``
    beside it, whose address says so, or who is signed by Debian's own keyring.
    """
    scored = [(_likeness(source, sources), source) for source in sources]
    scored = [pair for pair in scored if pair[0] > 0]
    return max(scored, key=lambda pair: pair[0], default=(0, None))[1]


def _likeness(source: Source, sources: list[Source]) -> int:
    if "security" in source.suite or "security" in source.uri:
        return 0
    if "main" not in source.components:
        return 0
    if source.suite not in STABLE_NAMES | RELEASES:
        return 0
    beside = {other.suite for other in sources if other.uri == source.uri}
    return (
        2 * (f"{source.suite}-updates" in beside)
        + 2 * bool(re.search(r"/debian/?$", source.uri))
        + ("debian-archive" in source.signed_by)
    )


def _parse_list(text: str) -> list[Source]:
    """Read the one-line style: ``deb [options] uri suite component…``."""
    found = []
    pattern = re.compile(r"deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)")
    for line in text.splitlines():
        match = pattern.match(line.split("#")[0].strip())
        if not match:
            continue
        options, uri, suite, components = match.groups()
        signed_by = re.search(r"signed-by=(\S+)", options or "")
        found.append(
            Source(
                uri, suite, tuple(components.split()), signed_by[1] if signed_by else ""
            )
        )
    return found


def _parse_deb822(text: str) -> list[Source]:
    """Read the stanza style: ``Types: deb``, ``URIs: …``, ``Suites: …``."""
    found = []
    for fields in _stanzas(text):
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        signed_by = fields.get("signed-by", "").strip()
        # A key may also be written into the stanza itself: not a path, not for us.
        signed_by = "" if "\n" in signed_by else signed_by
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                found.append(Source(uri, suite, components, signed_by))
    return found


def _stanzas(text: str) -> list[dict]:
    stanzas, fields, name = [], {}, ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                stanzas.append(fields)
            fields, name = {}, ""
        elif line[0].isspace() and name:
            fields[name] += "\n" + line.strip()
        elif ":" in line:
            name, value = line.split(":", 1)
            name = name.strip().lower()
            fields[name] = value.strip()
    return stanzas
