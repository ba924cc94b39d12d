"""How much dearer than an ordinary PATCH can a request within the limits be? Less than fifty times, in CPU.

    python -m benchmarks.patch_cost [rounds]

Sends Entra's usual PATCH, and the dearest bodies that the limits let through, to somebody who is as full as one may
be, through the whole stack.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

from benchmarks.database import a_database

ROUNDS = 15
LIMIT = 50
UNITS = 20_000
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

Operations = list[dict[str, Any]]
Body = Callable[[int], Operations]

#: As many as are kept of one person.
FULL = [{"value": f"role {n}"} for n in range(100)]


def ordinary(turn: int) -> Operations:
    """What Entra sends when a title and an address changed."""
    return [
        {"op": "Replace", "path": "title", "value": f"Title {turn}"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": f"ines{turn}@x.example"},
    ]


def filters_without_eq(turn: int) -> Operations:
    terms = " or ".join(f'value co "q{turn}{n}"' for n in range(20))
    return [{"op": "remove", "path": f"roles[{terms}]"} for _ in range(10)]


def a_path_for_every_key(turn: int) -> Operations:
    return [{"op": "add", "value": {f'roles[value eq "role {n}"].display': f"d{turn}" for n in range(90)}}]


def lists_exchanged(turn: int) -> Operations:
    first = 100 * (turn % 2)
    old, new = ([f"role {n}" for n in range(start, start + 100)] for start in (first, 100 - first))
    return [{"op": "remove", "path": "roles", "value": old}, {"op": "add", "path": "roles", "value": new}]


def long_texts(turn: int) -> Operations:
    roles = [{"value": f"{turn}{n}" + "K" * 8000} for n in range(7)]
    return [{"op": "replace", "path": "roles", "value": roles}]


def piled_accents(turn: int) -> Operations:
    """Marks in the order in which sorting them costs most."""
    marks = "\u0301" * 3500 + "\u0316" * 3500
    return [{"op": "replace", "path": "roles", "value": [{"value": f"{turn}{n}{marks}"} for n in range(4)]}]


def many_operations(turn: int) -> Operations:
    return [
        {"op": "add", "path": "roles", "value": [{"value": f"role {n}", "display": f"{turn}"}]}
        for n in range(38)
    ]


def new_units(turn: int) -> Operations:
    """As the first of a minute, for which the LMS's names in other spellings are read."""
    from scim_provisioning.adapters.kinds import odd_names

    odd_names.kept.clear()
    paths = ("department", "division", "organization")
    return [{"op": "replace", "path": f"{ENTERPRISE}:{path}", "value": f"Ｎeu {turn}"} for path in paths]


DEAR = [
    filters_without_eq,
    a_path_for_every_key,
    lists_exchanged,
    many_operations,
    long_texts,
    piled_accents,
    new_units,
]


def name_units(organization: Any) -> None:
    """Give the LMS as many names beyond ASCII for each of the three."""
    from example_project.lms.models import BusinessUnit, Company, Team

    for model in (Team, BusinessUnit, Company):
        rows = [model(organization=organization, name=f"Büro {n}") for n in range(UNITS)]
        model.objects.bulk_create(rows, batch_size=1000)


def main(rounds: int) -> int:
    """Print what each costs and the greatest ratio; 1 when it is too great."""
    with a_database():
        from tests.people import person
        from tests.sharing import Customer

        customer = Customer.make()
        scim = customer.scim
        name_units(customer.organization)
        path = "/Users/" + scim.post("/Users", person(roles=FULL)).json()["id"]
        costs: dict[str, float] = {}
        for operations in (ordinary, *DEAR):
            # As full as one may be, whatever the body before has left.
            scim.patch(path, [{"op": "replace", "path": "roles", "value": FULL}])
            taken = []
            for turn in range(rounds):
                began = process_time()
                answer = scim.patch(path, operations(turn))
                taken.append(process_time() - began)
                if answer.status_code != 200:
                    sys.exit(f"{operations.__name__} was refused: {answer.content}")
            costs[operations.__name__] = median(taken)
            print(f"{operations.__name__:22} {costs[operations.__name__] * 1000:8.1f} ms")
    ratio = max(costs.values()) / costs[ordinary.__name__]
    print(f"the dearest costs {ratio:.1f} times an ordinary PATCH")
    return int(ratio >= LIMIT)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
