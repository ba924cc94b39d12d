"""What a page says to people, and which of it is English."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from django.http import HttpResponse

#: Words that an English sentence can hardly do without, and that are no German ones.
ENGLISH = re.compile(
    r"\b(the|and|of|is|are|not|you|your|this|that|has|have|by|from|to|with|for|it|its|or|no|yes|ago|"
    r"identity provider|learners?|connections?|expires?|revoked?|provisioning|settings|generate|passed|failed|"
    r"refused|created|updated|attributes|never|requests?|mapping)\b",
    re.IGNORECASE,
)
#: English all the same: names of permissions as Django's own pages show them, of setting keys, files and fields.
SHOWN_IN_ENGLISH = (
    "“Can view values and messages in the provisioning log”".translate({0x201C: "„", 0x201D: "“"}),
    "Provisioning ▸ Admin credentials",
    "(Test connection)",
)
#: Beside these, what stands in them is a value, a key or a name.
VALUES = {"script", "style", "code", "pre", "output", "textarea", "b", "time"}
READ_OUT = {"aria-label", "data-scim-copied", "placeholder", "title"}
VOID = {"br", "img", "input", "link", "meta", "hr", "rect"}


class Reader(HTMLParser):
    """Collects what a page says outside of elements that are marked as English or hold values."""

    def __init__(self, *, only_in: str = "") -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[tuple[str, bool, bool]] = []
        self._only_in = only_in

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        _tag, silent, inside = self._open[-1] if self._open else ("", False, not self._only_in)
        silent = silent or tag in VALUES or known.get("lang") == "en"
        inside = inside or known.get("id") == self._only_in
        if inside and not silent:
            self.said += [value or "" for name, value in attrs if name in READ_OUT]
        if tag not in VOID:
            self._open.append((tag, silent, inside))

    def handle_endtag(self, tag: str) -> None:
        while self._open and tag in {name for name, *_rest in self._open}:
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1][2] and not self._open[-1][1]:
            self.said.append(data)


def said(response: HttpResponse, only_in: str = "") -> str:
    reader = Reader(only_in=only_in)
    reader.feed(response.content.decode())
    return " ".join(" ".join(reader.said).split())


def english_in(text: str) -> list[str]:
    """English words with what stands around them."""
    for name in SHOWN_IN_ENGLISH:
        text = text.replace(name, "")
    return [text[max(0, m.start() - 40) : m.end() + 40] for m in ENGLISH.finditer(text)]
