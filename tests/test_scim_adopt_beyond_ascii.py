"""An export of people whose names and addresses are not of ASCII: whom it finds is whom a POST would, and thousands of
them cost no more than others."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from io import StringIO
from pathlib import Path
from unicodedata import normalize

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from example_project.lms.models import Organization
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

#: What an account has, and what is sent: some are one in small letters on every server, some on one of them, some to
#: folding only.
WRITTEN = [
    *(("jäne", "JÄNE"), ("jäne", "jäne"), ("jäne", "jane"), ("jane", "jäne")),
    *((normalize("NFD", "jäne"), "JÄNE"), ("JÄNE", normalize("NFD", "jäne")), ("ắn", normalize("NFD", "ẮN"))),
    *(("straße", "STRASSE"), ("straße", "STRAẞE"), ("strasse", "straße")),
    *(("inci", "İNCİ"), ("İnci", "inci"), ("İnci", "İNCİ"), ("ınci", "INCI")),
    *(("σίσυφος", "ΣΊΣΥΦΟΣ"), ("ΣΊΣΥΦΟΣ", "σίσυφοσ"), ("σίσυφοσ", "σίσυφος")),
    *(("\u212aate", "kate"), ("kate", "\u212aate"), ("\ufb01ona", "fiona"), ("ſam", "sam")),
    *(("ǆana", "ǅana"), ("ᲐᲜᲐ", "ანა"), ("ꭰꭱ", "ᎠᎡ"), ("𐐀l", "𐐨l"), ("юлия", "ЮЛИЯ"), ("ñuñ", "ÑUÑ")),
]


def line(name: str, mail: str) -> str:
    return f"{name}@harborline.example,{mail}@harborline.example"


def found(folder: Path, lines: Iterable[str]) -> dict[str, tuple[str, str]]:
    """By the user name what is said of each: the finding, and why."""
    file, said = folder / "entra.csv", folder / "said.csv"
    file.write_bytes("\r\n".join(["userPrincipalName,mail", *lines]).encode())
    with suppress(CommandError):  # Some need a look.
        arguments = "--connection", "Entra", "--from", str(file), "--report", str(said)
        call_command("scim_adopt", *arguments, stdout=StringIO())
    with said.open(encoding="utf-8-sig", newline="") as text:
        return {name: (finding, why) for name, finding, _account, why in list(csv.reader(text))[1:]}


def learner(organization: Organization, name: str, mail: str) -> User:
    given = {"user__username": f"{name}@harborline.example", "user__email": f"{mail}@harborline.example"}
    user: User = LearnerFactory(organization=organization, **given).user
    return user


def test_names_that_are_looked_for_together_are_found_as_each_by_itself(
    connection: SCIMConnection, organization: Organization, tmp_path: Path
) -> None:
    for n, (held, _asked) in enumerate(WRITTEN):
        learner(organization, f"{n}.{held}", f"{n}")
    lines = [line(f"{n}.{asked}", f"other{n}") for n, (_held, asked) in enumerate(WRITTEN)]
    together = found(tmp_path, lines)
    alone: dict[str, tuple[str, str]] = {}
    for each in lines:
        alone |= found(tmp_path, [each])
    assert together == alone
    assert len({finding for finding, _why in together.values()}) > 1


def test_addresses_that_are_looked_for_together_are_found_as_a_post_finds_them(
    scim: ScimClient, connection: SCIMConnection, organization: Organization, tmp_path: Path
) -> None:
    for n, (held, _asked) in enumerate(WRITTEN):
        learner(organization, f"held{n}", f"{n}.{held}")
    said = found(tmp_path, (line(f"sent{n}", f"{n}.{asked}") for n, (_held, asked) in enumerate(WRITTEN)))
    for n, (held, asked) in enumerate(WRITTEN):
        mail = [{"type": "work", "value": f"{n}.{asked}@harborline.example"}]
        answer = scim.post("/Users", person(f"sent{n}", emails=mail))
        finding, why = said[f"sent{n}@harborline.example"]
        assert (answer.status_code == 201) == (finding == "Nobody here"), (held, asked, why)
        event = ProvisioningEvent.objects.latest("pk")
        assert (event.outcome == "refused") == ("address" in why), (held, asked, why)
    assert len({finding for finding, _why in said.values()}) > 1


@pytest.mark.parametrize("is_here", [False, True], ids=["nobody", "everybody"])
@pytest.mark.parametrize(("name", "mail"), [("jäne{}", "{}"), ("jane{}", "jäne{}"), ("jäne{}", "jäne{}")])
def test_the_number_of_statements_does_not_grow_with_people_whose_names_are_not_of_ascii(
    connection: SCIMConnection,
    organization: Organization,
    tmp_path: Path,
    name: str,
    mail: str,
    is_here: bool,
) -> None:
    if database.vendor == "mysql" and not name.isascii():
        pytest.skip("Its index finds names in any case; each is looked up by it.")
    for n in range(60 if is_here else 0):
        learner(organization, name.format(n).upper(), mail.format(n).upper())
    taken = []
    for many in (5, 60):
        with CaptureQueriesContext(database) as captured:
            found(tmp_path, (line(name.format(n), mail.format(n)) for n in range(many)))
        taken.append(len(captured))
    # Where an index finds names in any case, each is looked up by it.
    assert taken[1] - taken[0] <= (55 if database.vendor == "mysql" else 0), taken
