"""Filters, sorting, /Schemas, and how many statements reading takes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from scim_provisioning.testing.bench import Bench, expect
from scim_provisioning.testing.mapped import Mapped
from scim_provisioning.testing.topics.stillness import queries

_FEW, _MANY = 10, 40
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "decimal": (int, float),
}
_FILTER = "Correct operand() and condition() of your own kind."


class Searching(Bench):
    """A filter is answered exactly; reading costs the same however many people there are."""

    def test_a_filter_finds_exactly_those_who_have_the_value(self, attribute: Mapped) -> None:
        people = [
            self.create(self.body(0, attribute)),
            self.create(self.body(1, attribute)),
            self.create(self.body(2)),
        ]
        value = self.sample(attribute, 0)
        ana = [user for user in people if attribute.read(user) == value]
        named = [user for user in people if attribute.read(user) is not None]
        # An element that a filter selects has to be there to be another one.
        others = [user for user in (named if "[" in attribute.path else people) if user not in ana]
        for operator, wanted in ((f"eq {_one(value)}", ana), (f"ne {_one(value)}", others), ("pr", named)):
            self._finds(f"{attribute.path} {operator}", wanted, of=people)

    def test_a_filter_on_text_takes_capitals_for_small_letters(self, text: Mapped) -> None:
        ana, ben = (self.create(self.body(n, text)) for n in (0, 1))
        value = _one(self.sample(text, 0))
        self._finds(f"{text.path} eq {value.upper()}", [ana], of=[ana, ben])

    def test_a_manager_is_found_by_id(self, manager: Mapped) -> None:
        boss = self.create(self.full_body(5))
        body = self.full_body(0)
        manager.put(body, boss["id"])
        made = self.create(body)
        self._finds(f'{manager.path} eq "{boss["id"]}"', [made], of=[boss, made])
        self._finds(f"{manager.path} pr", [made], of=[boss, made])

    def test_sorting_puts_people_in_the_order_of_their_values(self, sortable: Mapped) -> None:
        people = {n: self.create(self.body(n, sortable))["id"] for n in (0, 1)}
        wanted = [people[n] for n in sorted(people, key=lambda n: _order(self.sample(sortable, n)))]
        for order, ids in (("ascending", wanted), ("descending", wanted[::-1])):
            answer = self.scim.get(f"Users?sortBy={quote(sortable.path)}&sortOrder={order}")
            found = [user["id"] for user in answer.resource.get("Resources") or [] if user["id"] in ids]
            expect(
                answer.status == 200 and found == ids,
                f"People sorted by {sortable}, {order}, are in the wrong order ({answer.status}).",
                "Correct order() of your own kind.",
            )

    def test_the_schema_names_the_attribute_with_the_type_of_its_values(self, attribute: Mapped) -> None:
        published = self.scim.get(f"Schemas/{attribute.urn}").resource.get("attributes", [])
        found = [one for one in published if one["name"] == attribute.name]
        expect(len(found) == 1, f"/Schemas/{attribute.urn} does not name {attribute.name}.")
        wanted = _JSON_TYPES.get(attribute.type, (str,))
        value = self.sample(attribute, 0)
        values = value if isinstance(value, list) else [value]
        expect(
            all(type(one) in wanted for one in values),
            f"/Schemas publishes {attribute} as {attribute.type}, and its values are {values!r}.",
            "Correct scim_type of your own kind.",
        )
        names = {sub["name"]: sub["type"] for sub in found[0].get("subAttributes", [])}
        sub = attribute.entry.path.sub
        expect(sub is None or names.get(sub.name) == attribute.type, f"/Schemas does not name {attribute}.")

    def test_reading_takes_the_same_number_of_statements_for_many_people(self) -> None:
        boss = self.create(self.full_body(0))
        counts: list[dict[str, int]] = []
        numbers = iter(range(1, _MANY))
        for size in (_FEW, _MANY):
            last = boss
            for number in numbers:
                body = self.full_body(number)
                for manager in self.subjects["manager"]:
                    manager.put(body, boss["id"])
                last = self.create(body)
                if number + 1 == size:
                    break
            counts.append(
                {path: self._statements(path) for path in (f"Users/{last['id']}", "Users?count=100")}
            )
        few, many = (list(count.values()) for count in counts)
        expect(
            few == many,
            f"Reading one person and a page takes {few} statements with {_FEW} people, and {many} with {_MANY}.",
            "Read nothing in read(), to_dict() or current() that is not joined: a mapped line is.",
        )

    def _statements(self, path: str) -> int:
        self.scim.get(path)
        with queries() as sent:
            self.scim.get(path)
        return len(sent)

    def _finds(self, condition: str, wanted: list[dict[str, Any]], *, of: list[dict[str, Any]]) -> None:
        """The filter finds exactly ``wanted`` of the people ``of`` this test."""
        __tracebackhide__ = True
        answer = self.scim.get(f"Users?filter={quote(condition)}&count=200")
        page = self.answered(answer, 200, f"The filter {condition} is refused")
        known = {user["id"]: user["userName"] for user in of}
        found = sorted(known[user["id"]] for user in page["Resources"] if user["id"] in known)
        names = sorted(known[user["id"]] for user in wanted)
        expect(found == names, f"The filter {condition} finds {found}; it should find {names}.", _FILTER)


def _one(value: Any) -> str:
    """A value as a filter writes it; of a list, its first element."""
    return json.dumps(value[0] if isinstance(value, list) else value)


def _order(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
