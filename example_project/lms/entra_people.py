"""Harborline's people as Entra holds them, and what happens to some of them afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import NAMESPACE_DNS, uuid5

from scim_provisioning.testing.simulators import Person

DOMAIN = "harborline.example"

_SECURITY = ("Harborline Shipping", "Digital", "Platform Security")
_CLOUD = ("Harborline Shipping", "Digital", "Cloud Security")
_PORT = ("Harborline Shipping", "Operations", "Port Logistics")
_GRID = ("Harborline Energy", "Operations", "Grid Control")
_CARE = ("Harborline Energy", "Customers", "Customer Care")

# given name, surname, job title, (company, division, department), the manager's mail nickname
_ROSTER: tuple[tuple[str, str, str, tuple[str, str, str], str], ...] = (
    ("Maren", "Thorvald", "Chief Operating Officer", _PORT, ""),
    ("Ines", "Okafor", "Secure Coding Lead", _SECURITY, "maren.thorvald"),
    ("Łukasz", "Żak", "Security Engineer", _SECURITY, "ines.okafor"),
    ("Priya", "Raman", "Security Engineer", _SECURITY, "ines.okafor"),
    ("Tomás", "Herrera", "Developer", _SECURITY, "ines.okafor"),
    ("Hana", "Novák", "Developer", _SECURITY, "ines.okafor"),
    ("Kofi", "Mensah", "Cloud Architect", _CLOUD, "maren.thorvald"),
    ("Elif", "Demir", "Site Reliability Engineer", _CLOUD, "kofi.mensah"),
    ("Jonas", "Weiß", "Site Reliability Engineer", _CLOUD, "kofi.mensah"),
    ("Yuki", "Tanaka", "Developer", _CLOUD, "kofi.mensah"),
    ("Siobhán", "O'Brien", "Harbour Master", _PORT, "maren.thorvald"),
    ("Mateo", "Silva", "Crane Planner", _PORT, "siobhan.o'brien"),
    ("Aino", "Laine", "Crane Planner", _PORT, "siobhan.o'brien"),
    ("Noor", "van Dijk", "Customs Officer", _PORT, "siobhan.o'brien"),
    ("Rashid", "Karim", "Head of Grid Control", _GRID, "maren.thorvald"),
    ("Chiara", "Bianchi", "Grid Operator", _GRID, "rashid.karim"),
    ("Viktor", "Petrov", "Grid Operator", _GRID, "rashid.karim"),
    ("Grace", "Adeyemi", "Head of Customer Care", _CARE, "maren.thorvald"),
    ("Liam", "Walsh", "Customer Adviser", _CARE, "grace.adeyemi"),
    ("Mei", "Chen", "Customer Adviser", _CARE, "grace.adeyemi"),
)

_PLAIN = str.maketrans("ŁłŻżáéíóúñß", "LlZzaeiouns")


def object_id(nickname: str) -> str:
    """A person's objectId: the same in every run."""
    return str(uuid5(NAMESPACE_DNS, f"{nickname}.{DOMAIN}"))


def _nickname(given: str, surname: str) -> str:
    return f"{given}.{surname}".translate(_PLAIN).replace(" ", "").lower()


def _person(number: int, row: tuple[str, str, str, tuple[str, str, str], str]) -> Person:
    given, surname, title, (company, division, department), manager = row
    nickname = _nickname(given, surname)
    address = f"{nickname}@{DOMAIN}"
    return Person(
        objectId=object_id(nickname),
        userPrincipalName=address,
        mailNickname=nickname,
        givenName=given,
        surname=surname,
        displayName=f"{given} {surname}",
        jobTitle=title,
        # One account in five has no mailbox, as in many directories; the LMS then takes the sign-in name.
        mail=None if number % 5 == 4 else address,
        preferredLanguage="en-GB",
        physicalDeliveryOfficeName=f"Quay House {number % 6 + 1}.{number:02d}",
        streetAddress="18 Quay Street",
        city="Leith",
        postalCode="EH6 6QU",
        country="GB",
        telephoneNumber=f"+44 131 496 01{number:02d}",
        mobile=f"+44 7700 9004{number:02d}" if number % 2 else None,
        employeeId=f"HL-{20400 + number}",
        companyName=company,
        division=division,
        department=department,
        manager=object_id(manager) if manager else None,
    )


def people() -> list[Person]:
    """Everybody in scope of the application when it is switched on."""
    return [_person(number, row) for number, row in enumerate(_ROSTER)]


@dataclass(frozen=True, slots=True)
class Story:
    """What becomes of one person: the change, in words and as Entra holds it afterwards."""

    nickname: str
    words: str
    changes: dict[str, str | None]

    @property
    def object_id(self) -> str:
        return object_id(self.nickname)

    def told_of(self, person: Person) -> Person:
        """Return the person after the change."""
        return replace(person, **self.changes)  # type: ignore[arg-type]


PROMOTION = Story("priya.raman", "new job role", {"jobTitle": "Principal Security Engineer"})
MARRIAGE = Story(
    "hana.novak",
    "married: new name, e-mail, sign-in",
    {
        "surname": "Novák-Reid",
        "displayName": "Hana Novák-Reid",
        "userPrincipalName": f"hana.reid@{DOMAIN}",
        "mail": f"hana.reid@{DOMAIN}",
    },
)
MOVE = Story(
    "tomas.herrera",
    "moved team, new manager",
    {"department": "Cloud Security", "manager": object_id("kofi.mensah")},
)
TRANSFER = Story(
    "liam.walsh",
    "moved company, business unit, team",
    {
        "companyName": "Harborline Shipping",
        "division": "Operations",
        "department": "Port Logistics",
        "manager": object_id("siobhan.o'brien"),
    },
)
CHANGES = (PROMOTION, MARRIAGE, MOVE, TRANSFER)

LEAVER = object_id("viktor.petrov")
RETURNER = object_id("aino.laine")

JOINER = replace(
    _person(20, ("Zanele", "Dube", "Customs Officer", _PORT, "siobhan.o'brien")), mobile="+44 7700 900420"
)
