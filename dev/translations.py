"""``make i18n``: export the addons' template, bring their translations up to date.

The template is what Odoo exports from a fresh database, without the dates, so that a
second run changes nothing. New strings come untranslated into every language and are
listed; strings that are gone are dropped; a string of which only line breaks or
spaces changed keeps its translation.
"""

import difflib
import os
import sys
from pathlib import Path

from . import config, odoo, setup, template
from .console import Failure, announce, run, step

LANGUAGES = {"es": "nplurals=2; plural=(n != 1);", "de": "nplurals=2; plural=(n != 1);"}
VOLATILE = ("POT-Creation-Date", "PO-Revision-Date")
WIDTH = 78  # as wide as Odoo's own catalogues
# OCA's checks want an empty translation where it equals the source; the comment tells
# it from one that is missing. Write the equal text: it is replaced by this.
SAME = "Same as in English."


def main() -> int:
    """Export with Odoo; merge in the Python environment that has polib."""
    database = f"ms_i18n_{config.clone_id()}_{os.getpid()}"
    setup.fresh_database(database)
    try:
        for addon in config.addon_paths():
            with step(f"export the template of {addon.name}"):
                _export(addon, database)
    finally:
        template.drop(database)
    addons = [str(path) for path in config.addon_paths()]
    said = run([config.PYTHON, "-m", "dev.translations", *addons], cwd=config.ROOT)
    announce(said.stdout.rstrip())
    return 0


def _export(addon: Path, database: str) -> None:
    target = _template_of(addon)
    target.parent.mkdir(exist_ok=True)
    export = [config.PYTHON, "-m", "odoo", "i18n", "export", "-c", config.CONF]
    export += ["-d", database, "-l", "pot", "-o", target, "--", addon.name]
    log = config.LOGS / "i18n.log"
    run(export, env=odoo.env(), log=log)
    if not target.is_file():
        raise Failure(f"Odoo exported nothing; all it said: {log}")


def _template_of(addon: Path) -> Path:
    return addon / "i18n" / f"{addon.name}.pot"


def merge(addon: Path) -> None:
    """Settle an addon's template and merge it into every language."""
    import polib  # only the environment has it, not the Python that runs make

    pot_path = _template_of(addon)
    pot = polib.pofile(str(pot_path), wrapwidth=WIDTH)
    for name in VOLATILE:
        pot.metadata.pop(name, None)
    pot.metadata["Content-Transfer-Encoding"] = "8bit"
    pot.save(str(pot_path))
    print(f"{pot_path.relative_to(addon.parent)}: {len(pot)} strings")
    for language in LANGUAGES:
        _merge_language(pot, addon / "i18n" / f"{language}.po", language)


def _merge_language(pot, path: Path, language: str) -> None:
    import polib

    old = polib.pofile(str(path)) if path.is_file() else polib.POFile()
    translated = {
        entry.msgid: entry.msgid if entry.tcomment == SAME else entry.msgstr
        for entry in old
        if not entry.obsolete and "fuzzy" not in entry.flags
    }
    loosely = {_squeeze(text): translation for text, translation in translated.items()}
    new = polib.POFile(wrapwidth=WIDTH)
    new.header = pot.header
    new.metadata = {
        **pot.metadata,
        "Language": language,
        "Plural-Forms": LANGUAGES[language],
    }
    for entry in pot:
        known = translated.get(entry.msgid) or loosely.get(_squeeze(entry.msgid), "")
        new.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr="" if known == entry.msgid else known,
                tcomment=SAME if known == entry.msgid else "",
                comment=entry.comment,
                occurrences=entry.occurrences,
                flags=entry.flags,
            )
        )
    new.save(str(path))
    _report(path, {entry.msgid for entry in pot}, translated)


def _report(path: Path, wanted: set[str], translated: dict[str, str]) -> None:
    """Say what is untranslated, where, and what it may have been before."""
    import polib

    # Read again: only then it is known at which line each string is.
    todo = [
        entry
        for entry in polib.pofile(str(path))
        if not entry.msgstr and entry.tcomment != SAME
    ]
    kept = {_squeeze(text) for text in wanted}
    gone = {text: t for text, t in translated.items() if _squeeze(text) not in kept}
    where = path.relative_to(path.parents[2])
    print(f"{where}: {len(todo)} to translate, {len(gone)} dropped")
    for entry in todo:
        print(f"  {where}:{entry.linenum}  {_squeeze(entry.msgid)!r}")
        for text in difflib.get_close_matches(entry.msgid, gone, n=1, cutoff=0.6):
            print(f"      was  {_squeeze(text)!r}\n      done {gone[text]!r}")


def _squeeze(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        merge(Path(argument))
