"""Changing a canonical document at a path: what add, replace and remove mean for each kind of attribute.

RFC 7644 section 3.5.2, with the deviations identity providers need, each named where it is made. Values go
through the same coercion as documents, so an edited document is canonical again after ``finish``.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from .constants import CORE_USER
from .elements import eq_terms, holds, listed, meant, preferred, select, stand_in, twin
from .errors import InvalidValue, Mutability, NoTarget
from .filter_nodes import Filter
from .holders import clear, container_of, elements_of, ensure_container, ensure_elements, ensure_object, keep
from .path_syntax import Path
from .schema import Attribute
from .values import as_members, coerce, coerce_object, is_hollow, is_unassigned, settle_primary

Op: TypeAlias = Literal["add", "replace"]


class Editor:
    """Edits one document in place. Give it a copy; call ``finish`` once after the last edit.

    ``ignored`` collects the names of unknown members found inside values. Elements left with nothing but
    ``type`` and ``primary`` go at the end, not after each edit: Entra sets type, display and value of a new
    role one by one.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.ignored: list[str] = []
        self._touched: dict[Attribute, None] = {}
        self._created: dict[tuple[Attribute, Filter], dict[str, Any]] = {}
        self._demoted: dict[int, list[dict[str, Any]]] = {}

    def put(self, path: Path, value: object, op: Op) -> None:
        """Add or replace the value at a path that names an attribute.

        Raises Mutability for a read-only target, InvalidValue for a wrong type or an emptied required
        attribute, NoTarget for a filter that selects nothing and does not say what to create.
        """
        attribute = _writable(path)
        self._touched[attribute] = None
        if path.filter is not None:
            if not attribute.multi_valued:
                self._put_if(attribute, path.filter, path.sub, value)
            elif path.sub is not None:
                self._put_part(attribute, path.filter, path.sub, value)
            else:
                self._put_element(attribute, path.filter, value, op)
        elif path.sub is not None:
            self._put_sub(attribute, path.sub, value)
        elif attribute.multi_valued:
            self._put_list(attribute, value, op)
        elif attribute.is_complex:
            self._put_complex(attribute, value, op)
        else:
            self._put_simple(attribute, value)

    def remove(self, path: Path, value: object = None) -> None:
        """Remove what is at a path; what is not there is removed already.

        A value is never written. For a whole multi-valued attribute a list of values (Entra, JumpCloud)
        removes just those elements; everywhere else it is ignored. Raises Mutability for read-only and
        required targets.
        """
        attribute = _writable(path)
        self._touched[attribute] = None
        present = elements_of(attribute, self.document)
        if path.sub is not None:
            _drop_sub(path.sub, present if path.filter is None else meant(path.filter, present))
        elif path.filter is not None:
            self._discard(attribute, select(path.filter, present))
        elif attribute.required:
            raise Mutability(f"{attribute.path} is required and cannot be removed.")
        elif attribute.multi_valued and not is_unassigned(value):
            values = value if isinstance(value, list) else [value]
            wanted = [coerce_object(attribute, item, []) if attribute.is_complex else item for item in values]
            self._discard(attribute, listed(attribute, wanted, present))
        else:
            clear(attribute, self.document)

    def clear_schema(self, urn: str) -> None:
        """Remove a whole extension. Raises Mutability for the core schema, which holds what is required."""
        if urn == CORE_USER:
            raise Mutability("The user itself cannot be removed by PATCH; userName is required.")
        self.document.pop(urn, None)

    def finish(self) -> dict[str, Any]:
        """Drop what the edits left empty and return the document."""
        for attribute in self._touched:
            present = elements_of(attribute, self.document)
            if attribute.multi_valued and attribute.is_complex:
                self._drop_hollow(attribute, present)
            elif not any(not is_unassigned(value) for value in present):
                clear(attribute, self.document)
            if attribute.extension and not container_of(attribute, self.document):
                self.document.pop(attribute.extension, None)
        return self.document

    # One kind of target each

    def _put_simple(self, attribute: Attribute, value: object) -> None:
        canonical = coerce(attribute, value, self.ignored)
        if attribute.required and (
            canonical is None or (isinstance(canonical, str) and not canonical.strip())
        ):
            raise InvalidValue(f"{attribute.path} is required and cannot be empty.")
        if canonical is None:
            clear(attribute, self.document)
            return
        container = ensure_container(attribute, self.document)
        if attribute.mutability == "immutable" and container.get(attribute.name, canonical) != canonical:
            raise Mutability(f"{attribute.path} cannot be changed once it is set.")
        container[attribute.name] = canonical

    def _put_complex(self, attribute: Attribute, value: object, op: Op) -> None:
        """Merge: sub-attributes that are not named stay as they are; null and "" clear one."""
        if not is_unassigned(value):
            self._merge(attribute, ensure_object(attribute, self.document), as_members(attribute, value))
        elif op == "replace" or value != {}:
            clear(attribute, self.document)

    def _put_list(self, attribute: Attribute, value: object, op: Op) -> None:
        elements = coerce(attribute, value, self.ignored) or []
        if op == "replace":
            keep(attribute, self.document, elements)
        elif elements:
            # Adding nothing adds nothing: only replace and remove empty a list.
            present = ensure_elements(attribute, self.document)
            for element in elements:
                known = twin(attribute, element, present)
                if known is None:
                    present.append(element)
                elif isinstance(known, dict):
                    known.update(element)
                self._prefer(present, element if known is None else known)

    def _put_sub(self, attribute: Attribute, sub: Attribute, value: object) -> None:
        """Set one part of a complex attribute; of a multi-valued one in its primary or else first element.

        Nothing clears the part everywhere, as remove does.
        """
        canonical = coerce(sub, value, self.ignored)
        target = preferred(elements_of(attribute, self.document))
        if canonical is None:
            _drop_sub(sub, elements_of(attribute, self.document))
        elif not attribute.multi_valued:
            ensure_object(attribute, self.document)[sub.name] = canonical
        elif sub.name == "primary" and canonical is False:
            settle_primary(elements_of(attribute, self.document), chosen=attribute)  # nobody's
        else:
            present = ensure_elements(attribute, self.document)
            if target is None:
                target = {}
                present.append(target)
            target[sub.name] = canonical
            self._prefer(present, target)

    def _put_part(self, attribute: Attribute, node: Filter, sub: Attribute, value: object) -> None:
        """Set one part of the elements a filter selects: Entra's usual way to write e-mails and addresses."""
        canonical = coerce(sub, value, self.ignored)
        present = elements_of(attribute, self.document)
        if canonical is None:
            _drop_sub(sub, meant(node, present))
            return
        selected = self._selected(attribute, node, present)
        if not selected:
            self._create(attribute, node, {sub.name: canonical})
        for element in selected:
            element[sub.name] = canonical
            self._prefer(present, element)

    def _put_element(self, attribute: Attribute, node: Filter, value: object, op: Op) -> None:
        """Set the elements a filter selects as a whole: add merges into them, replace replaces them.

        A value with nothing but ``type`` and ``primary`` labels an element, it does not replace it.
        """
        present = elements_of(attribute, self.document)
        if is_unassigned(value):
            if op == "replace":
                self._discard(attribute, select(node, present))
            return
        wanted, terms = coerce_object(attribute, value, self.ignored), eq_terms(node)
        selected = self._selected(attribute, node, present)
        if not selected:
            self._create(attribute, node, wanted)
        elif op == "add" or is_hollow(wanted):
            for element in selected:
                self._merge(attribute, element, as_members(attribute, value))
                # What the filter asks for is changed by naming something else, not by naming nothing.
                element |= {name: term for name, term in terms.items() if name not in element}
                self._prefer(present, element)
        else:
            # "All matching record values SHALL be replaced"; several replaced by one value are one value.
            self._discard(attribute, selected[1:])
            selected[0].clear()
            selected[0].update(terms | wanted)
            self._prefer(present, selected[0])

    def _put_if(self, attribute: Attribute, node: Filter, sub: Attribute | None, value: object) -> None:
        """Set a single-valued complex attribute through a filter, as in ``manager[value eq "id"]``."""
        present = elements_of(attribute, self.document)
        if select(node, present):
            self.put(Path(attribute, attribute.extension or None, None, sub), value, "replace")
            return
        members = value if sub is None else {sub.name: value}
        wanted = {} if is_unassigned(value) else coerce_object(attribute, members, self.ignored)
        terms = eq_terms(node)
        if not wanted or any(holds(element, terms | wanted) for element in present):
            return
        if present or not terms:
            raise NoTarget(f"Nothing matches {Path(attribute, None, node)}.")
        ensure_object(attribute, self.document).update(terms | wanted)

    # Pieces

    def _selected(self, attribute: Attribute, node: Filter, present: list[Any]) -> list[dict[str, Any]]:
        """Return the elements a filter means for writing."""
        selected = select(node, present)
        if selected:
            return selected
        # One request may rename what its own filter asked for; its later operations still mean that element.
        created = self._created.get((attribute, node))
        if created is not None and any(element is created for element in present):
            return [created]
        untyped = stand_in(node, present)
        if untyped is None:
            return []
        untyped.update(eq_terms(node))
        return [untyped]

    def _create(self, attribute: Attribute, node: Filter, wanted: dict[str, Any]) -> None:
        """Append the element a filter describes.

        The RFC has replace fail with noTarget, but Entra updates everything with Replace and expects the
        element to appear with the filter's terms.
        """
        terms = eq_terms(node)
        if not terms:
            raise NoTarget(f"Nothing matches {Path(attribute, None, node)}, nor does it say what to create.")
        element = terms | wanted
        # An operation that changes what its own filter asks for finds its result the second time.
        if not any(holds(other, element) for other in elements_of(attribute, self.document)):
            present = ensure_elements(attribute, self.document)
            present.append(element)
            self._created[attribute, node] = element
            self._prefer(present, element)

    def _merge(self, attribute: Attribute, target: dict[str, Any], members: dict[str, Any]) -> None:
        target.update(coerce_object(attribute, members, self.ignored))
        for key, raw in members.items():
            sub = attribute.sub(key)
            if sub is not None and not sub.read_only and is_unassigned(raw):
                target.pop(sub.name, None)

    def _prefer(self, present: list[Any], element: Any) -> None:
        """If the element is primary no other one is (RFC 7644 section 3.5.2)."""
        if isinstance(element, dict) and element.get("primary") is True:
            self._demoted.setdefault(id(element), []).extend(settle_primary(present, element))

    def _drop_hollow(self, attribute: Attribute, present: list[Any]) -> None:
        hollow = [element for element in present if is_hollow(element)]
        self._discard(attribute, hollow)
        for element in hollow:
            # A primary address that never came to be takes nothing from the others.
            others = self._demoted.get(id(element), [])
            if others and not any(other.get("primary") is True for other in present if other not in hollow):
                others[-1]["primary"] = True

    def _discard(self, attribute: Attribute, unwanted: list[Any]) -> None:
        gone = {id(element) for element in unwanted}
        present = elements_of(attribute, self.document)
        keep(attribute, self.document, [element for element in present if id(element) not in gone])


def _writable(path: Path) -> Attribute:
    if path.attribute is None:
        raise NoTarget(f"{path} names a schema, not an attribute.")
    if path.read_only:
        raise Mutability(f"Attribute {path} is read only.")
    return path.attribute


def _drop_sub(sub: Attribute, elements: list[Any]) -> None:
    for element in elements:
        if isinstance(element, dict):
            element.pop(sub.name, None)
