"""Filter text to tokens for scim2_filter_parser's grammar, with limits and errors a person understands.

Its own lexer knows no JSON escapes, no numbers above 9 and no attribute whose name starts with "true". This
one also knows what may come next at each place, so an attribute may be called "eq" or "not" and a misspelt
operator is named in the error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final, TypeAlias

from ..errors import InvalidFilter
from ..limits import Limits
from ..text import MAX_INTEGER, is_storable, shown

# A whole dotted and URN-qualified name is one token; the schema decides later where its parts end.
_WORD = re.compile(r"[A-Za-z$][A-Za-z0-9_$:.-]*")
_SUB = re.compile(r"\.(\$?[A-Za-z][A-Za-z0-9_$-]*)")
#: More than any whole number has that is not too large.
_DIGITS: Final = 30
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.:+-])")
_SPACE = re.compile(r"[ \t\r\n]*")
_OPERATORS = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"})
_LITERALS: dict[str, tuple[str, object]] = {
    "true": ("TRUE", True),
    "false": ("FALSE", False),
    "null": ("NULL", None),
}
_PUNCTUATION = {"(": "LPAREN", ")": "RPAREN", "[": "LBRACKET", "]": "RBRACKET"}
_NESTING_CEILING = 64  # the tree is walked by recursion; no setting may bring that near Python's own limit
_STRINGS = json.JSONDecoder(strict=False)


@dataclass(slots=True)
class Token:
    """A token in the shape sly's parsers expect."""

    type: str
    value: object
    index: int
    end: int
    lineno: int = 1


_State: TypeAlias = "Callable[[], _State | None]"


def tokenize(text: str, limits: Limits) -> list[Token]:
    """Return the tokens of a filter. Raises InvalidFilter for what is not a filter or above the limits."""
    if len(text) > limits.filter_length:
        raise InvalidFilter(f"The filter is longer than {limits.filter_length} characters.")
    return _Lexer(text, limits).run()


class _Lexer:
    """One pass over the text. Each state method reads one token and returns the state that follows it."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits
        self.position = 0
        self.tokens: list[Token] = []
        self.terms = 0
        self.depth = 0

    def run(self) -> list[Token]:
        state: _State | None = self.term
        while state is not None:
            self.position = self._past_space()
            state = state()
        return self.tokens

    # States

    def term(self) -> _State:
        """Expect the start of a comparison: an attribute name, ``not (`` or ``(``."""
        if self._next() == "(":
            self._punctuation()
            return self.term
        word = self._word("an attribute name")
        if word.lower() == "not" and self.text.startswith("(", self._past_space()):
            self._push("NOT", "not", word)
            return self.term
        self._push("ATTRNAME", word, word)
        return self.operator

    def operator(self) -> _State:
        """Expect an operator, or the bracket of a value path."""
        if self._next() == "[":
            self._punctuation()
            return self.term
        return self.operator_only()

    def operator_only(self) -> _State:
        word = self._word(f"an operator after {shown(str(self.tokens[-1].value))}")
        name = word.lower()
        if name not in _OPERATORS:
            if str(self.tokens[-1].value).lower() == "not":
                raise InvalidFilter('Expected "(" after not: write not (userName eq "x").')
            raise InvalidFilter(
                f"The operator {shown(word)} is not supported; use eq, ne, co, sw, ew, gt, ge, lt, le or pr."
            )
        self.terms += 1
        if self.terms > self.limits.filter_terms:
            raise InvalidFilter(f"The filter has more than {self.limits.filter_terms} comparisons.")
        self._push(name.upper(), name, word)
        return self.after if name == "pr" else self.operand

    def operand(self) -> _State:
        """Expect a JSON literal: text in double quotes, a number, true, false or null."""
        first = self._next()
        if first == '"':
            self._string()
        elif first == "-" or ("0" <= first <= "9"):
            self._number()
        else:
            word = self._word("a value in double quotes")
            if word.lower() not in _LITERALS:
                raise InvalidFilter(f"The value {shown(word)} must be in double quotes.")
            kind, value = _LITERALS[word.lower()]
            self._push(kind, value, word)
        return self.after

    def after(self) -> _State | None:
        """Expect ``and``, ``or``, a closing bracket or the end."""
        if self.position >= len(self.text):
            return None
        if self._next() in ")]":
            self._punctuation()
            sub = _SUB.match(self.text, self.position) if self.tokens[-1].type == "RBRACKET" else None
            if sub is None:
                return self.after
            self.tokens.append(Token("SUBATTR", sub.group(1), sub.start(), sub.end()))
            self.position = sub.end()
            return self.operator_only
        word = self._word('"and" or "or"')
        if word.lower() not in ("and", "or"):
            raise InvalidFilter(f'Expected "and" or "or" {self._before(word)}, got {shown(word)}.')
        self._push(word.upper(), word.lower(), word)
        return self.term

    # Pieces

    def _past_space(self) -> int:
        match = _SPACE.match(self.text, self.position)
        return match.end() if match else self.position

    def _next(self) -> str:
        return self.text[self.position : self.position + 1]

    def _before(self, word: str) -> str:
        return f"at character {self.position - len(word) + 1}"

    def _push(self, kind: str, value: object, word: str) -> None:
        self.tokens.append(Token(kind, value, self.position - len(word), self.position))

    def _punctuation(self) -> None:
        char = self._next()
        self.depth += 1 if char in "([" else -1
        if self.depth > min(self.limits.filter_depth, _NESTING_CEILING):
            raise InvalidFilter(f"The filter is nested more than {self.limits.filter_depth} levels deep.")
        self.position += 1
        self._push(_PUNCTUATION[char], char, char)

    def _word(self, expected: str) -> str:
        match = _WORD.match(self.text, self.position)
        if match is None:
            if self.position >= len(self.text):
                raise InvalidFilter(f"The filter ends where {expected} was expected.")
            raise InvalidFilter(
                f"Expected {expected} at character {self.position + 1}, got {shown(self._next())}."
            )
        self.position = match.end()
        return match.group()

    def _string(self) -> None:
        start = self.position
        try:
            value, self.position = _STRINGS.raw_decode(self.text, start)
        except json.JSONDecodeError:
            raise InvalidFilter(
                f"The text that starts at character {start + 1} is not a JSON string: expected a closing "
                'double quote, and \\" or \\\\ for a quote or backslash inside.'
            ) from None
        if not is_storable(value):
            raise InvalidFilter(f"The text at character {start + 1} holds a character that cannot be stored.")
        self.tokens.append(Token("COMP_VALUE", value, start, self.position))

    def _number(self) -> None:
        match = _NUMBER.match(self.text, self.position)
        if match is None:
            raise InvalidFilter(
                f"The value at character {self.position + 1} is not a number; put text in double quotes."
            )
        self.position = match.end()
        digits = match.group()
        # First by its length: Python reads no number of thousands of digits, and no float is larger than 309.
        is_whole = digits.lstrip("-").isdigit()
        value: int | float = float(digits) if not is_whole or len(digits) > _DIGITS else int(digits)
        if not isfinite(value) or (is_whole and abs(value) > MAX_INTEGER):
            raise InvalidFilter(f"The number at character {match.start() + 1} is too large.")
        self._push("NUMBER", value, digits)
