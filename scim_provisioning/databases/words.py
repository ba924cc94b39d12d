"""What databases say, without the values of rows that they repeat: whole, shortened, or another row's."""

from __future__ import annotations

import re
from typing import Final

_LEFT_OUT: Final = "(…)"
#: A value may hold anything, so that it ends where the last one like its end stands; where somebody has shortened the
#: sentence, nowhere.
_SENTENCES: Final = tuple(
    re.compile(pattern, re.S)
    for pattern in (
        # PostgreSQL: 'invalid input syntax for type integer: "x"', and whatever else has a value behind a colon (names
        # of tables, columns and constraints stand behind a word); 'value "x" is out of range for type integer'.
        r'(: )(?:".*"|".*$)',
        r'((?:value|time zone) )(?:".*"(?= is out of range| not recognized)|"[^"]*$)',
        # The piece of the statement at which PostgreSQL stopped, and what it was doing with which value.
        r"(\n(?:LINE \d+|CONTEXT): +).*$",
        r"(\nDETAIL: +)(?!Key |Failing row ).*$",
        # MariaDB and MySQL: "Duplicate entry 'x' for key 'y'", "Incorrect integer value: 'x' for column …". Before the
        # keys of PostgreSQL, which such a value may look like.
        r"(Duplicate entry )(?:'.*'(?= for key )|'.*$)",
        r"([Ii]ncorrect [\w ]+ value: )(?:'.*'(?= for column )|'.*$)",
        # PostgreSQL: "Key (email)=(x) already exists.", in whatever language; "Failing row contains (1, x, null)."
        r"(\)=)(?:\(.*\)|\(.*$)",
        r"(Failing row contains )(?:\(.*\)|\(.*$)",
    )
)


def without_values(text: str) -> str:
    """``text`` with what stands in for a value left out of the sentences in which databases repeat one."""
    for sentence in _SENTENCES:
        text = sentence.sub(rf"\1{_LEFT_OUT}", text)
    return text
