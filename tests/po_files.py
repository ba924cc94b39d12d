"""Reads gettext's .po files, as far as this project writes them, and the catalogues compiled from them."""

from __future__ import annotations

import ast
import gettext
import re
from dataclasses import dataclass, field
from pathlib import Path

_LINE = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[(\d)\])?) (".*")')


@dataclass
class Message:
    """One entry; ``texts`` are its translations: one, or one for each plural form."""

    texts: dict[int, str] = field(default_factory=dict)
    context: str | None = None
    msgid: str = ""
    plural: str | None = None
    flags: str = ""

    @property
    def key(self) -> str:
        """As a compiled catalogue names it."""
        return self.msgid if self.context is None else f"{self.context}\x04{self.msgid}"

    @property
    def source(self) -> tuple[str | None, str, str | None]:
        """What the code says."""
        return self.context, self.msgid, self.plural


def read(path: Path) -> list[Message]:
    """The entries of a .po file, without its header."""
    blocks = path.read_text(encoding="utf-8").strip().split("\n\n")
    return [message for message in map(_message, blocks) if message.msgid]


def _message(block: str) -> Message:
    message, parts, current = Message(), {}, ""
    for line in block.splitlines():
        if line.startswith("#,"):
            message.flags += line
        elif found := _LINE.fullmatch(line):
            current = found[1]
            parts[current] = ast.literal_eval(found[3])
        elif line.startswith('"'):
            parts[current] += ast.literal_eval(line)
        else:
            assert line.startswith("#"), f"This line of the catalogue is not understood: {line}"
    message.context, message.msgid = parts.get("msgctxt"), parts.get("msgid", "")
    message.plural = parts.get("msgid_plural")
    texts = {name: text for name, text in parts.items() if name.startswith("msgstr")}
    message.texts = {int(name[7:-1] or 0) if "[" in name else 0: text for name, text in texts.items()}
    return message


def compiled(path: Path) -> dict[object, str]:
    """The contents of a .mo file, keyed as Python's gettext does, without its header."""
    with path.open("rb") as file:
        catalogue: dict[object, str] = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    catalogue.pop("", None)
    return catalogue


def as_compiled(messages: list[Message]) -> dict[object, str]:
    """What ``compiled`` should find for these entries."""
    catalogue: dict[object, str] = {}
    for message in messages:
        if message.plural is None:
            catalogue[message.key] = message.texts[0]
        else:
            catalogue |= {(message.key, number): text for number, text in message.texts.items()}
    return catalogue
