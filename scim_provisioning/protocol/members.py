"""Writing the members of a JSON object into a document: a body, or the value of a path-less PATCH operation.

Keys are understood as Entra's newer dialect sends them: in any case, dotted (``name.givenName``), qualified
by a URN, filtered (``emails[type eq "work"].value``), or a URN that holds an object.
"""

from __future__ import annotations

from typing import Any

from .constants import CORE_USER
from .edits import Editor, Op
from .errors import InvalidPath, InvalidValue, UnknownAttribute
from .path_syntax import Path, parse
from .schema import Attribute, UserSchema
from .text import json_type
from .values import is_unassigned

_KEY_SHOWN = 200
_PATH_SIGNS = frozenset(".:[")


def put_members(
    editor: Editor, members: dict[str, Any], schema: UserSchema, op: Op, *, new: bool = False
) -> None:
    """Write each member. Unknown ones are listed in ``editor.ignored``, read-only ones passed over.

    ``new`` is for a whole resource (POST, PUT): there an unassigned member says nothing, and a key that is no
    path is just unknown. In a PATCH it clears the attribute, and a broken filtered key raises InvalidPath.
    """
    writer = _Writer(editor, schema, op, new)
    later = []
    for key, raw in members.items():
        # Paths into an attribute come after the attribute itself, whatever the order of the keys.
        if new and not _PATH_SIGNS.isdisjoint(key) and key.lower() not in schema.by_urn:
            later.append((key, raw))
        else:
            writer.put(key, raw)
    for key, raw in later:
        writer.put(key, raw)


def is_ignorable(attribute: Attribute) -> bool:
    """Whether a value for the attribute is dropped without being looked at."""
    return attribute.mutability in ("readOnly", "writeOnly")


class _Writer:
    """Carries what stays the same for all members."""

    def __init__(self, editor: Editor, schema: UserSchema, op: Op, new: bool) -> None:
        self.editor = editor
        self.schema = schema
        self.op = op
        self.new = new

    def put(self, key: str, raw: Any, urn: str | None = None) -> None:
        if self.new and is_unassigned(raw):
            return
        attribute = self.schema.find(urn, key)
        if attribute is not None:
            if not is_ignorable(attribute):
                self.editor.put(Path(attribute, attribute.extension or None), raw, self.op)
        elif urn is None and key.lower() in self.schema.by_urn:
            self._put_schema(self.schema.by_urn[key.lower()].urn, raw)
        elif _PATH_SIGNS.isdisjoint(key):
            self._ignore(key, urn)
        else:
            self._put_path(key, raw, urn)

    def _put_schema(self, urn: str, raw: Any) -> None:
        """Write the members of the object under a schema's URN; nothing there clears an extension."""
        if is_unassigned(raw):
            if urn != CORE_USER and (self.op == "replace" or raw != {}):
                self.editor.clear_schema(urn)
            return
        if not isinstance(raw, dict):
            raise InvalidValue(f"{urn}: expected an object, got {json_type(raw)}.")
        for key, inner in raw.items():
            self.put(key, inner, urn)

    def _put_path(self, key: str, raw: Any, urn: str | None) -> None:
        try:
            path = parse(key if urn is None else f"{urn}:{key}", self.schema)
        except UnknownAttribute:
            self._ignore(key, urn)
            return
        except InvalidPath:
            if "[" in key and not self.new:
                raise
            self._ignore(key, urn)
            return
        if path.attribute is None:
            self._put_schema(path.urn or CORE_USER, raw)
        elif not path.read_only and not is_ignorable(path.attribute):
            self.editor.put(path, raw, self.op)

    def _ignore(self, key: str, urn: str | None) -> None:
        name = key[:_KEY_SHOWN]
        self.editor.ignored.append(name if urn is None or urn == CORE_USER else f"{urn}:{name}")
