"""Users and PATCH requests inside the RFC, and around the places where this package differs on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.people import ENTERPRISE

Json = dict[str, Any]

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
TYPES = ["work", "home", "other"]
TEXT = st.sampled_from(["Ines", "ines", "Okafor", "Zoë", 'say "hi"', "a b", "🙂", "0"])
SIMPLE = ["title", "displayName", "nickName", "preferredLanguage", f"{ENTERPRISE}:employeeNumber"]
SIMPLE += [f"{ENTERPRISE}:department", "name.givenName", "name.familyName"]
#: Multi-valued attributes with the parts that are written through a filter.
LISTS = {"emails": ["value", "display"], "phoneNumbers": ["value", "display"]}
LISTS |= {"addresses": ["locality", "country"], "roles": ["value", "display"]}


UNNUMBERED = "n@x.example"


def numbered(value: Any, numbers: Iterator[int]) -> Any:
    """Give each element a value of its own: the same value and type again is one element here, two there."""
    if isinstance(value, dict):
        return {key: numbered(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [numbered(item, numbers) for item in value]
    return f"n{next(numbers)}@x.example" if value == UNNUMBERED else value


def elements(name: str, *, primary: bool = True) -> st.SearchStrategy[Json]:
    """One element, whose value ``numbered`` makes its own."""
    fields: dict[str, st.SearchStrategy[Any]] = {
        "type": st.sampled_from(TYPES),
        LISTS[name][0]: st.just(UNNUMBERED),
    }
    optional: dict[str, st.SearchStrategy[Any]] = {LISTS[name][1]: TEXT}
    if primary:
        optional["primary"] = st.just(False)
    return st.fixed_dictionaries(fields, optional=optional)


@st.composite
def element_lists(draw: st.DrawFn, name: str, least: int = 0) -> list[Json]:
    """Elements of which at most one is primary: several are invalidValue there and the last one here."""
    found = draw(st.lists(elements(name), min_size=least, max_size=3))
    if found and draw(st.booleans()):
        draw(st.sampled_from(found))["primary"] = True
    return found


NAME = st.fixed_dictionaries({}, optional=dict.fromkeys(("givenName", "familyName", "formatted"), TEXT))
EXTENSION = st.fixed_dictionaries(
    {},
    optional={
        "employeeNumber": TEXT,
        "department": TEXT,
        "manager": st.fixed_dictionaries({"value": st.sampled_from(["m1", "M1", "m2"])}),
    },
)
USERS = st.fixed_dictionaries(
    {"userName": TEXT},
    optional={
        "externalId": TEXT,
        "title": TEXT,
        "displayName": TEXT,
        "active": st.booleans(),
        "name": NAME.filter(bool),
        ENTERPRISE: EXTENSION.filter(bool),
        **{name: element_lists(name, 1) for name in LISTS},
    },
)


def spelled(path: str) -> st.SearchStrategy[str]:
    return st.sampled_from([path, path, path.upper(), path.lower()])


def _operation(
    ops: list[str], path: st.SearchStrategy[str], value: st.SearchStrategy[Any]
) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {"op": st.sampled_from([*ops, *(op.title() for op in ops)]), "path": path, "value": value}
    )


def _types(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from([*TYPES, "WORK", "new"]).map(lambda kind: f'{name}[type eq "{kind}"]')


def _filters(name: str) -> st.SearchStrategy[str]:
    return st.one_of(_types(name), _types(name), st.just(f"{name}[primary eq true]"))


def _on_list(name: str) -> st.SearchStrategy[Json]:
    part, write = LISTS[name][1], ["add", "replace"]
    whole = st.just(name).flatmap(spelled)
    return st.one_of(
        _operation(["replace"], whole, element_lists(name)),
        _operation(["add"], whole, st.lists(elements(name, primary=False), max_size=2)),
        _operation(write, _types(name).map(lambda path: f"{path}.{part}"), TEXT),
        _operation(write, _types(name).map(lambda path: f"{path}.primary"), st.just(False)),
        _operation(["add"], _types(name), st.fixed_dictionaries({part: TEXT})),
        _operation(["add"], st.just(f'{name}[type eq "new"]'), st.just({part: "x", "primary": True})),
        _removal(_filters(name)),
        _removal(_filters(name).map(lambda path: f"{path}.{part}")),
        _removal(whole),
    )


def _removal(paths: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({"op": st.sampled_from(["remove", "Remove"]), "path": paths})


PATHLESS = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXT,
        "active": st.booleans(),
        "name": NAME.filter(bool),
        "name.givenName": TEXT,
        f"{ENTERPRISE}:department": TEXT,
        ENTERPRISE: EXTENSION.filter(bool),
        "emails": element_lists("emails", 1),
    },
)
GOOD = st.one_of(
    _operation(["add", "replace"], st.sampled_from(SIMPLE).flatmap(spelled), TEXT),
    _operation(["replace"], st.sampled_from([name for name in SIMPLE if name != "userName"]), st.none()),
    _operation(["add", "replace"], st.just("userName"), TEXT),
    _operation(["add", "replace"], st.just("active"), st.booleans()),
    _operation(["add", "replace"], st.just("name"), NAME.filter(bool)),
    _operation(["add", "replace"], st.just(f"{ENTERPRISE}:manager"), st.just({"value": "m3"})),
    _operation(["add", "replace"], st.just(ENTERPRISE), EXTENSION.filter(bool)),
    _operation(
        ["add", "replace"], st.sampled_from(["shoeSize", f"{ENTERPRISE}:shoeSize", "name.shoe"]), TEXT
    ),
    _removal(st.sampled_from([*SIMPLE, "name", "active", ENTERPRISE, f"{ENTERPRISE}:manager"])),
    st.fixed_dictionaries({"op": st.sampled_from(["add", "replace"]), "value": PATHLESS}),
    *(_on_list(name) for name in LISTS),
)
BAD: st.SearchStrategy[Json] = st.sampled_from(
    [
        {"op": "remove"},
        {"op": "remove", "path": "userName"},
        {"op": "remove", "path": "id"},
        {"op": "replace", "path": "id", "value": "x"},
        {"op": "add", "path": "meta.created", "value": "2030-01-01T00:00:00Z"},
        {"op": "replace", "path": f"{ENTERPRISE}:manager.displayName", "value": "x"},
        {"op": "add", "path": "title"},
        {"op": "replace", "path": "title", "value": 5.5},
        {"op": "replace", "path": "active", "value": 5},
        {"op": "replace", "path": "name", "value": "x"},
        {"op": "replace", "path": "emails", "value": 5.5},
        {"op": "replace", "value": {"title": 5.5}},
        {"op": "replace", "value": 5},
        {"op": "replace", "path": "emails[type eq", "value": "x"},
        {"op": "replace", "path": 'emails[type eq "work"', "value": "x"},
        {"op": "replace", "path": "emails[type is 3].value", "value": "x"},
        {"op": "replace", "path": "1title", "value": "x"},
        {"op": "replace", "path": "name..givenName", "value": "x"},
        {"op": "replace", "path": 'emails[type sw "q"].display', "value": "x"},
    ]
)
OPERATIONS = st.lists(GOOD, min_size=1, max_size=4)
WITH_A_FAULT = st.tuples(st.lists(GOOD, max_size=2), BAD, st.lists(GOOD, max_size=1)).map(
    lambda parts: [*parts[0], parts[1], *parts[2]]
)


def message(operations: list[Json]) -> Json:
    return {"schemas": [PATCH_OP], "Operations": operations}
