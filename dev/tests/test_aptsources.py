"""Debian's own mirror is found in every style of apt configuration."""

from dev.aptsources import debian_source, read_sources

STANZAS = """\
# the machine's own
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""
LINES = """\
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/k.gpg] http://lines.example/debian trixie main non-free
deb-src http://sources.example/debian trixie main
deb http://lines.example/debian-security trixie-security main
"""


def configure(tmp_path, **files):
    """Write files as below ``/etc/apt``; return the sources read from there."""
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        kind = "list" if name.endswith("_list") else "sources"
        (tmp_path / "sources.list.d" / f"{name}.{kind}").write_text(text)
    return read_sources(tmp_path)


def test_stanzas_give_the_mirror_and_its_key(tmp_path):
    found = debian_source(configure(tmp_path, debian=STANZAS))
    assert found.uri == "http://mirror.example/debian"
    assert found.suite == "bookworm"
    assert found.signed_by == "/usr/share/keyrings/debian-archive-keyring.gpg"


def test_lines_give_the_mirror_and_its_key(tmp_path):
    found = debian_source(configure(tmp_path, debian_list=LINES))
    assert (found.uri, found.suite) == ("http://lines.example/debian", "trixie")
    assert found.signed_by == "/k.gpg"


def test_a_third_party_with_debian_suite_names_is_not_debian(tmp_path):
    third = "deb http://vendor.example/apt bookworm main\n"
    found = debian_source(configure(tmp_path, a_list=third, debian=STANZAS))
    assert found.uri == "http://mirror.example/debian"


def test_a_security_mirror_alone_is_not_enough(tmp_path):
    security = "deb http://mirror.example/debian-security bookworm-security main\n"
    assert debian_source(configure(tmp_path, a_list=security)) is None


def test_disabled_sources_are_not_used(tmp_path):
    disabled = STANZAS.replace("Types: deb deb-src", "Enabled: no\nTypes: deb deb-src")
    assert debian_source(configure(tmp_path, debian=disabled)) is None


def test_a_key_inside_a_stanza_is_not_taken_for_a_path(tmp_path):
    stanza = STANZAS.replace(
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n",
    )
    assert debian_source(configure(tmp_path, debian=stanza)).signed_by == ""


def test_files_that_apt_ignores_are_ignored(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources.save").write_text(STANZAS)
    assert read_sources(tmp_path) == []
