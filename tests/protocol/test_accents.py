"""What people type for a letter with an accent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from scim_provisioning.protocol import accents
from scim_provisioning.protocol.text import fold


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("Ines OKAFOR", "ines okafor"),
        ("Żółć", "zolc"),
        ("ǾRSTED", "orsted"),
        ("Ægir Þór Ðŷ", "aegir thor dy"),
        ("İIıi", "iiii"),
        ("Straẞe", "strasse"),
        ("한글 が", "한글 か"),
    ],
)
def test_a_text_without_its_accents(text: str, plain: str) -> None:
    assert accents.plain(text) == plain
    assert accents.plain(plain) == plain


def test_both_spellings_of_an_umlaut_are_known() -> None:
    assert accents.spellings("Müller-Ößler") == ("muller-ossler", "mueller-oessler")
    assert accents.spellings("Roth") == ("roth",)


@pytest.mark.parametrize("sign", list(r".*+?()[]{}|\^$#&~-/'\"%_"))
def test_a_sign_stands_for_itself(sign: str) -> None:
    assert re.search(accents.resembling(f"a{sign}b"), f"A{sign}B")
    assert not re.search(accents.resembling(f"a{sign}b"), "axb aab a b ab")
    assert re.search(accents.mentioned(f"a{sign}b"), json.dumps({"name": f"a{sign}b"}))


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    "word", ["Żak", "müller", "Παπαδόπουλος", "Королёв", "İnan", "m\u0303x", "“Özi”", "\U0001f600"]
)
def test_whatever_is_in_a_document_is_met_there_however_its_json_is_written(word: str, escaped: bool) -> None:
    document = json.dumps({"displayname": f"ada {fold(word)}"}, ensure_ascii=escaped)
    for typed in (word, accents.plain(word)):
        assert re.search(accents.mentioned(typed), document), typed
        assert re.search(accents.resembling(typed), f" ada {word} "), typed


@pytest.mark.parametrize("word", ["a" * 320, "aeoeue" * 53, "äöü" * 100, "ń" * 320, "Королёв" * 45])
def test_of_a_long_word_the_beginning_is_met(word: str) -> None:
    for pattern in (accents.resembling(word), accents.mentioned(word)):
        assert len(pattern) < 30_000
    assert re.search(accents.resembling(word), f" {word}")
    assert re.search(accents.resembling(accents.plain(word)), f" {word}")
    assert not re.search(accents.resembling(word), f" {word[:18]}")


@pytest.mark.parametrize("pattern", [accents.mentioned, accents.resembling])
def test_only_a_few_letters_of_a_document_can_be_read_in_two_ways(pattern: Callable[[str], str]) -> None:
    """A row of letters with accents, of which each is one letter or half of two, is tried in all ways: twice as many
    with every pair that is typed."""
    assert pattern("aa" * 19 + "1").count("|å") == 3
    row = json.dumps({"displayname": "å" * 60}, ensure_ascii=False)
    assert not re.search(pattern("aa" * 19 + "1"), row)


def test_a_lone_accent_is_nobodys_name() -> None:
    for mark in ("\u0301", "\u0301\u0308"):
        assert not re.search(accents.resembling(mark), "ada")
        assert not re.search(accents.mentioned(mark), '{"displayname": "ada"}')
