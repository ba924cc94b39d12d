"""The working form of a document: its lists and objects as ``Elements``, written back at the end."""

from __future__ import annotations

from typing import Any

from ..errors import InvalidValue
from ..resources import Document, clear, elements_of, ensure_container
from ..schema import Attribute
from .elements import Elements


class WorkingDocument:
    """Changes one document in place. Give it a copy; call ``finished`` once, after the last step."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._elements: dict[Attribute, Elements] = {}

    def elements(self, attribute: Attribute) -> Elements:
        """Return the elements of a complex or multi-valued attribute, to read and to change."""
        found = self._elements.get(attribute)
        if found is None:
            present = elements_of(attribute, self.document)
            if not attribute.multi_valued:
                present = [value for value in present if isinstance(value, dict)]
            found = self._elements[attribute] = Elements(attribute, present)
        return found

    def value(self, attribute: Attribute) -> Any:
        """Return a simple value, or None."""
        return next(iter(elements_of(attribute, self.document)), None)

    def assign(self, attribute: Attribute, value: Any) -> None:
        """Set a simple value."""
        ensure_container(attribute, self.document)[attribute.name] = value

    def clear(self, attribute: Attribute) -> None:
        """Remove an attribute of any kind."""
        if attribute.is_complex or attribute.multi_valued:
            self.elements(attribute).fill(())
        else:
            clear(attribute, self.document)

    def clear_extension(self, urn: str) -> None:
        """Remove all attributes of an extension."""
        self.document.pop(urn, None)
        for attribute, elements in self._elements.items():
            if attribute.extension == urn:
                elements.fill(())

    def finished(self, most: int | None) -> Document:
        """Return the document with what the steps left of each attribute; nothing empty stays.

        Raises InvalidValue for a list of more than ``most`` elements, unless it was no shorter before.

        Elements with nothing but ``type`` and ``primary`` go here and not after each step: Entra sets type,
        display and value of a new role one by one.
        """
        for attribute, elements in self._elements.items():
            if attribute.multi_valued:
                elements.drop_hollow()
            left = list(elements.values())
            if most is not None and len(left) > max(most, elements.at_first):
                raise InvalidValue(
                    f"{attribute.path}: the list would hold {len(left)} elements, at most {most} are kept.",
                    code="limits.elements",
                    params={"attribute": attribute.path, "limit": most},
                )
            if attribute.multi_valued and left:
                self.assign(attribute, left)
            elif left and left[0]:
                self.assign(attribute, left[0])
            else:
                clear(attribute, self.document)
        return self.document
