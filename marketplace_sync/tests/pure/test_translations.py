"""Every string of the template is translated, and nothing in it is broken.

The catalogues are parsed; ``make i18n`` writes them.
"""

import ast
import re
from pathlib import Path

import polib
import pytest

ROOT = Path(__file__).resolve().parents[3]
#: The addon first, then its bridges.
ADDONS = sorted(path.parent for path in ROOT.glob("marketplace_sync*/i18n"))
LANGUAGES = ("es", "de")
#: Stands for a translation that equals the source (see dev/translations.py).
SAME = "Same as in English."
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]")
TAG = re.compile(r"<[^>]*>")
TRANSLATED_ATTRIBUTE = re.compile(r'\b(title|placeholder|alt|aria-label)="[^"]*"')
QUOTED_LABEL = re.compile(r"<b>([^<]+)</b>|“([^”]+)”")


def read(path):
    """Return a catalogue's entries by their source."""
    return {entry.msgid: entry for entry in polib.pofile(str(path))}


def text_of(entry):
    """Return what a user reads."""
    return entry.msgid if entry.tcomment == SAME else entry.msgstr


@pytest.fixture(params=ADDONS, ids=lambda addon: addon.name)
def addon(request):
    """Return the directory of one addon."""
    return request.param


@pytest.fixture
def template_path(addon):
    return addon / "i18n" / f"{addon.name}.pot"


@pytest.fixture
def template(template_path):
    """Return what there is to translate."""
    return read(template_path)


@pytest.fixture(params=LANGUAGES)
def catalogue(request, addon):
    """Return the entries of one language."""
    return read(addon / "i18n" / f"{request.param}.po")


def test_a_second_export_would_change_nothing_but_strings(template_path):
    lines = template_path.read_text().splitlines()
    assert not [line for line in lines if re.match(r'"PO.*-Date: ', line)]
    assert not [line for line in lines if re.match(r"#: .*:[1-9]\d*$", line)]


def test_the_template_is_not_empty(addon, template):
    assert len(template) > (400 if addon == ADDONS[0] else 0)


def test_no_code_of_the_program_is_given_to_translators(addon, template):
    """Odoo's export takes ``("code", …)`` behind a translated text for a text."""
    marked = marked_texts(addon)
    assert len(marked) > (300 if addon == ADDONS[0] else -1)
    exported = {
        text
        for text, entry in template.items()
        if entry.occurrences
        and all(re.match(r"code:.*\.py$", where) for where, _ in entry.occurrences)
    }
    assert sorted(exported - marked) == []


def test_every_language_has_the_strings_of_the_template(template, catalogue):
    assert list(catalogue) == list(template)


def test_every_string_is_translated(catalogue):
    missing = [text for text, entry in catalogue.items() if not text_of(entry).strip()]
    assert not missing, "write them, then run `make i18n`"


def test_no_translation_is_a_guess(catalogue):
    assert not [text for text, entry in catalogue.items() if "fuzzy" in entry.flags]
    assert not [text for text, entry in catalogue.items() if entry.obsolete]


def test_placeholders_are_the_same(catalogue):
    for source, entry in catalogue.items():
        expected = sorted(PLACEHOLDER.findall(source))
        assert sorted(PLACEHOLDER.findall(text_of(entry))) == expected, source


def test_tags_are_the_same(catalogue):
    for source, entry in catalogue.items():
        assert tags(text_of(entry)) == tags(source), source


def test_spaces_around_a_string_are_the_same(catalogue):
    for source, entry in catalogue.items():
        text = text_of(entry)
        assert (text[:1].isspace(), text[-1:].isspace()) == (
            source[:1].isspace(),
            source[-1:].isspace(),
        ), source


def test_a_button_that_a_sentence_names_is_called_so(addon, catalogue):
    found = 0
    for source, entry in catalogue.items():
        for label in ("".join(pair) for pair in QUOTED_LABEL.findall(source)):
            if label in catalogue:
                found += 1
                assert text_of(catalogue[label]) in text_of(entry), source
    assert found > (10 if addon == ADDONS[0] else -1)


def tags(text):
    """Return the tags in order, without the attributes that are translated."""
    return [TRANSLATED_ATTRIBUTE.sub(r"\1", tag) for tag in TAG.findall(text)]


def marked_texts(addon):
    """Return what the Python sources of an addon mark with ``_(…)``."""
    calls = [
        node
        for path in addon.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and node.args
    ]
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in ("_", "_lt")
        and isinstance(call.args[0], ast.Constant)
    }
