"""The German catalogue is whole: every text of the app is in it, translated, and compiled."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from types import ModuleType

import django.contrib.admin
import django.contrib.auth
import pytest
import rest_framework
from django.core.management import call_command

import scim_provisioning
from tests import po_files

PACKAGE = Path(scim_provisioning.__file__).parent
FOLDER = Path("locale", "de", "LC_MESSAGES")
PO, MO = PACKAGE / FOLDER / "django.po", PACKAGE / FOLDER / "django.mo"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%|%[sd]")
TAG = re.compile(r"</?\w+|href=\"[^\"]*\"")
#: In German the English label stands beside Entra's own, so these may be there more often than in English.
MORE_TAGS = {"<b", "</b", "<span", "</span"}

MESSAGES = po_files.read(PO)


def test_every_message_is_translated_and_none_is_a_guess() -> None:
    assert [m.msgid for m in MESSAGES if not m.texts or not all(m.texts.values())] == []
    assert [m.msgid for m in MESSAGES if "fuzzy" in m.flags] == []
    assert [m.msgid for m in MESSAGES if (m.plural is not None) != (len(m.texts) == 2)] == []
    assert "#~" not in PO.read_text(encoding="utf-8")


def test_placeholders_and_markup_are_those_of_the_english_text() -> None:
    for message in MESSAGES:
        english = [message.msgid, message.plural or message.msgid]
        for number, german in message.texts.items():
            source = english[number]
            assert sorted(set(PLACEHOLDER.findall(german))) == sorted(set(PLACEHOLDER.findall(source))), (
                german
            )
            tags = set(TAG.findall(german)) ^ set(TAG.findall(source))
            assert tags <= MORE_TAGS, german
            assert german.count("<") == german.count(">"), german


def test_placeholders_have_names() -> None:
    assert [m.msgid for m in MESSAGES if re.search(r"(?<!%)%[sd]", m.msgid)] == []


def test_sentences_end_as_they_do_in_english() -> None:
    ends = [(m.msgid, text) for m in MESSAGES for text in m.texts.values() if m.msgid[-1] in ".:?…"]

    assert [german for english, german in ends if german[-1] != english[-1]] == []


def test_quotation_marks_are_german() -> None:
    texts = [text for message in MESSAGES for text in message.texts.values()]

    assert [text for text in texts if "”" in text or text.count("„") != text.count("“")] == []


def test_nobody_is_named_and_no_machine() -> None:
    header = PO.read_text(encoding="utf-8").partition("\n\n")[0]

    assert "@" not in header
    assert "Last-Translator" not in header
    assert not re.search(r"(?m)^#:", PO.read_text(encoding="utf-8"))


def test_the_compiled_catalogue_is_up_to_date() -> None:
    assert po_files.compiled(MO) == po_files.as_compiled(MESSAGES)


@pytest.mark.parametrize("other", [django.contrib.admin, django.contrib.auth, rest_framework])
def test_no_word_of_ours_is_taken_by_a_package_that_means_something_else(other: ModuleType) -> None:
    """Django asks the catalogues in the order of ``INSTALLED_APPS``: the first one that has a text wins."""
    theirs = po_files.compiled(Path(str(other.__file__)).parent / FOLDER / "django.mo")
    alike = {("Suchen", "Suche")}

    taken = {(theirs[key], text) for key, text in po_files.as_compiled(MESSAGES).items() if key in theirs}
    assert {pair for pair in taken if pair[0] != pair[1]} <= alike


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gettext is not installed")
def test_the_catalogue_has_every_text_of_the_app_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "scim_provisioning"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    monkeypatch.chdir(copy)

    call_command("makemessages", locale=["de"], no_location=True, no_obsolete=True, verbosity=0)

    found = {message.source for message in po_files.read(copy / FOLDER / "django.po")}
    known = {message.source for message in MESSAGES}
    assert sorted(str(source) for source in found - known) == []
    assert sorted(str(source) for source in known - found) == []
