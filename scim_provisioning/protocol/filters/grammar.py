"""SCIM filters (RFC 7644 section 3.4.2.2): text to a typed tree.

The grammar is scim2_filter_parser's; the tokens, the precedence (its parser has one level for ``and`` and
``or``), the types and the error sentences are ours. A filter is understood completely or refused with
InvalidFilter, never widened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from scim2_filter_parser import ast
from scim2_filter_parser.parser import SCIMParser, SCIMParserError

from ..errors import InvalidFilter, InvalidPath, NoParts, UnknownAttribute
from ..limits import DEFAULT_LIMITS, Limits
from ..schema import Attribute, UserSchema
from ..schema.names import resolve
from ..text import is_storable, shown
from .lexer import Token, tokenize
from .nodes import And, AttributeRef, Filter, Not, Or, ValuePath
from .operands import comparison


class UnknownFilterAttribute(InvalidFilter):
    """A filter on an attribute outside the schema: "nobody found" would make clients create duplicates."""

    code = "filter.unknown_attribute"


_NAME: Final = r"[A-Za-z$][A-Za-z0-9_$:.-]*"
_TEXT: Final = r'"([^"\\]*)"'
#: What identity providers ask all day, ``userName eq "..."`` and ``emails[type eq "work"].value eq "..."``.
_USUAL: Final = re.compile(
    rf"({_NAME})(?:\[({_NAME}) eq {_TEXT}\]\.(\$?[A-Za-z][A-Za-z0-9_$-]*))? eq {_TEXT}"
)


def parse(text: str, schema: UserSchema, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """Return the tree of a filter, typed against the schema.

    Raises InvalidFilter, naming the attribute or the position, for anything that is not a filter, not in the
    schema (UnknownFilterAttribute), not comparable that way or above the limits.
    """
    if (usual := _usual(text, schema, limits)) is not None:
        return usual
    tokens = tokenize(text, limits)
    feed = _Feed(tokens)
    try:
        tree = SCIMParser().parse(feed)
    except SCIMParserError:
        raise InvalidFilter(_unexpected(text, feed.last)) from None
    return _Builder(schema).build(tree)


def _usual(text: str, schema: UserSchema, limits: Limits) -> Filter | None:
    """The tree of a filter that has one of the two usual forms, and one reading only; None for every other one."""
    found = _USUAL.fullmatch(text)
    is_small = len(text) <= limits.filter_length and limits.filter_terms > 1 and limits.filter_depth > 0
    if found is None or not is_small or not is_storable(text):
        return None
    name, selecting, wanted, part, value = found.groups()
    builder = _Builder(schema)
    if part is None:
        return comparison(builder._ref(name), "eq", value)
    return builder.element(name, selecting, wanted, part, value)


class _Feed:
    """Hands the tokens to the parser one by one and remembers where it stopped."""

    def __init__(self, tokens: list[Token]) -> None:
        self.rest = iter(tokens)
        self.last: Token | None = None

    def __next__(self) -> Token:
        self.last = next(self.rest, None)
        if self.last is None:
            raise StopIteration
        return self.last


def _unexpected(text: str, token: Token | None) -> str:
    if token is None:
        return "The filter ends too early or a bracket does not close where it should."
    part = text[token.index : token.index + 20]
    return f"Unexpected {shown(part)} at character {token.index + 1} of the filter."


@dataclass(frozen=True, slots=True)
class _Builder:
    """Turns the parser's tree into ours. Inside brackets ``parent`` is the attribute the names belong to.

    Recursion happens for parentheses and brackets only, and the lexer limits how deep those go; a chain of
    ``and`` and ``or``, which may be long, is flattened in a loop.
    """

    schema: UserSchema
    parent: Attribute | None = None

    def build(self, node: Any) -> Filter:
        expression = node.expr
        if node.namespace is not None:
            attribute = self._holder(node.namespace.attr_name)
            result: Filter = ValuePath(attribute, self._inside(attribute).build(expression))
        elif isinstance(expression, ast.LogExpr):
            result = self._logical(node)
        elif isinstance(expression, ast.AttrExpr):
            result = self._comparison(expression)
        else:
            result = self.build(expression)
        return Not(result) if node.negated else result

    def element(self, holder: str, selecting: str, wanted: str, name: str, value: str) -> ValuePath:
        """What one comparison in brackets and one behind them mean, both with ``eq``."""
        attribute = self._holder(holder)
        inside = self._inside(attribute)
        selected = comparison(inside._ref(selecting), "eq", wanted)
        return ValuePath(attribute, And((selected, comparison(inside._ref(name), "eq", value))))

    def _logical(self, node: Any) -> Filter:
        """Regroup ``a or b and c``: the parser reads it from left to right, ``and`` binds tighter."""
        operands, operators = [], []
        # Parentheses add a level, so a filter that holds a LogExpr directly belongs to this chain.
        while isinstance(node.expr, ast.LogExpr):
            operands.append(node.expr.expr2)
            operators.append(node.expr.op)
            node = node.expr.expr1
        operands.append(node)
        operands.reverse()
        operators.reverse()
        groups = [[self.build(operands[0])]]
        for operator, operand in zip(operators, operands[1:], strict=True):
            if operator == "or":
                groups.append([])
            groups[-1].append(self.build(operand))
        terms = tuple(group[0] if len(group) == 1 else And(tuple(group)) for group in groups)
        return terms[0] if len(terms) == 1 else Or(terms)

    def _comparison(self, expression: Any) -> Filter:
        path = expression.attr_path
        raw = expression.comp_value.value if expression.comp_value is not None else None
        if isinstance(path.attr_name, str):
            return comparison(self._ref(path.attr_name), expression.value, raw)
        # emails[type eq "work"].value eq "x": one and the same element satisfies both.
        selection = path.attr_name
        attribute = self._holder(selection.namespace.attr_name)
        name = selection.namespace.sub_attr.value
        inside = self._inside(attribute)
        selected = inside.build(selection.expr)
        compared = comparison(inside._ref(name), expression.value, raw)
        terms = selected.terms if isinstance(selected, And) else (selected,)
        return ValuePath(attribute, And((*terms, compared)))

    def _inside(self, attribute: Attribute) -> _Builder:
        return _Builder(self.schema, attribute)

    def _holder(self, text: str) -> Attribute:
        """Return the complex attribute whose values a bracket selects from."""
        if self.parent is not None:
            raise InvalidFilter(f"{self.parent.path}: a bracket inside a bracket is not supported.")
        ref = self._ref(text)
        if ref.sub is not None or not ref.attribute.is_complex:
            raise InvalidFilter(f"{ref.name} has no parts to select by; remove the brackets.")
        return ref.attribute

    def _ref(self, text: str) -> AttributeRef:
        if self.parent is not None:
            sub = self.parent.sub(text)
            if sub is None:
                raise UnknownFilterAttribute(
                    f"Filtering by {shown(f'{self.parent.path}.{text}')} is not supported: "
                    f"{self.parent.path} has no such sub-attribute."
                )
            return AttributeRef(self.parent, sub)
        try:
            name = resolve(text, self.schema)
        except (NoParts, UnknownAttribute) as error:
            raise UnknownFilterAttribute(
                f"Filtering by {shown(text)} is not supported: {error.detail}"
            ) from None
        except InvalidPath:
            raise InvalidFilter(f"{shown(text)} is not an attribute name.") from None
        if name.attribute is None:
            raise InvalidFilter(f"{shown(text)} is a schema; name one of its attributes.")
        return AttributeRef(name.attribute, name.sub)
