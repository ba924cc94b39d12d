"""The people whom the tests of queries ask for."""

from __future__ import annotations

from tests.client import ScimClient
from tests.people import ENTERPRISE, person


def make_people(scim: ScimClient) -> dict[str, str]:
    """SCIM ids by name: Ana, Ben and Cleo differ in everything that is asked for."""
    ana = person(
        "ana.lee",
        title="Trainer",
        nickName="Annie",
        profileUrl="https://people.example/Ana",
        emails=[
            {"type": "work", "value": "Ana.Lee@harborline.example", "primary": True, "display": "Desk"},
            {"type": "home", "value": "ana@home.example"},
        ],
        phoneNumbers=[{"type": "work", "value": "111"}, {"type": "mobile", "value": "222", "primary": True}],
        **{ENTERPRISE: {"department": "Sales", "employeeNumber": "E-1"}},
    )
    ben = person("ben.kay", title="trainer", displayName=None, active=False, emails=None, phoneNumbers=None)
    ben[ENTERPRISE] = {"department": "Deck", "costCenter": "C-9"}
    cleo = person("cleo.ray", title=None, externalId=None, nickName='Q"C\\', addresses=None)
    del cleo[ENTERPRISE], cleo["name"]
    cleo["emails"] = [{"type": "home", "value": "cleo@home.example"}]
    made = {
        body["userName"].partition(".")[0]: scim.post("/Users", body).json()["id"]
        for body in (ana, ben, cleo)
    }
    scim.patch(
        f"/Users/{made['ben']}", [{"op": "add", "path": f"{ENTERPRISE}:manager", "value": made["ana"]}]
    )
    return made
