"""Leaving, returning and an administrator's pages, whatever the host's shape. These tests run in every host.

Where a host's shape makes another story of it, ``DIFFERS`` says which.
"""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from scim_provisioning.adapters import Candidate
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.admin.provisioned_user import SCIMManagedAdminMixin
from scim_provisioning.administration import units
from scim_provisioning.models import IdentityQuestion, ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import PASSWORD, text, url
from tests.client import ScimClient, SecureBrowser
from tests.hosts.current import host, spelled
from tests.leavers import OFF, established, leave, let_go_at_most
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"
DEPARTMENT = f"{ENTERPRISE}:department"
#: The host that this process runs.
HOST = getattr(settings, "HOST", "tests.hosts.profile").removeprefix("tests.hosts.").removesuffix(".host")


@pytest.fixture
def browser(db: None) -> Client:
    """A superuser's browser."""
    client = SecureBrowser()
    client.force_login(host().make_administrator("ada", PASSWORD))
    return client


def body(name: str = "ines.okafor", team: str = "Quay", **changes: Any) -> dict[str, Any]:
    sent = person(name, **changes)
    sent[ENTERPRISE] = {**sent[ENTERPRISE], "department": team}
    made: dict[str, Any] = spelled(sent)
    return made


def join(scim: ScimClient, name: str = "ines.okafor", team: str = "Quay", **changes: Any) -> str:
    answer = scim.post("/Users", body(name, team, **changes))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def confirmed(browser: Client, address: str, **fields: Any) -> str:
    """What the page says after the form was sent with the password."""
    answer = browser.post(address, {"password": PASSWORD, **fields}, follow=True)
    assert answer.status_code == 200
    return text(answer)


def page(name: str, *keys: Any) -> str:
    return reverse(f"admin:scim_provisioning_scimconnection_{name}", args=keys)


# --- the brake, and its undoing


def test_above_the_limit_leavers_are_held_and_who_went_is_brought_back_by_one_click(
    browser: Client, scim: ScimClient, connection: SCIMConnection, organization: Any
) -> None:
    names = [f"p{n}.berg" for n in range(4)]
    boss = join(scim, "bea.lind")
    ids = [join(scim, name) for name in names]
    for scim_id in ids:
        operations = [{"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss}]
        assert scim.patch(f"/Users/{scim_id}", operations).status_code == 200
    before = [host().facts(f"{name}@harborline.example", organization) for name in names]
    assert before[0]["manager"] == "bea.lind@harborline.example"
    sent = [scim.get(f"/Users/{scim_id}").json() for scim_id in ids]
    established()
    let_go_at_most(connection, 2)

    assert leave(scim, ids[0]) == [200]
    assert scim.delete(f"/Users/{ids[1]}").status_code == 204
    assert leave(scim, *ids[2:]) == [503, 503]
    assert scim.delete(f"/Users/{ids[3]}").status_code == 503
    held = text(browser.get(url("held", connection)))
    assert "p2.berg@harborline.example" in held
    assert "p3.berg@harborline.example" in held
    assert "p0.berg@harborline.example" not in held

    shown = browser.get(url("undo", connection))
    assert "2 people were switched off or deleted" in text(shown)
    form = {name: shown.context["form"].initial[name] for name in ("hours", "last")}
    assert "2 people are back as before." in confirmed(browser, url("undo", connection), **form)
    assert [host().facts(f"{name}@harborline.example", organization) for name in names] == before
    for scim_id, was in zip(ids, sent, strict=True):
        assert {**scim.get(f"/Users/{scim_id}").json(), "meta": None} == {**was, "meta": None}
    # What is asked now counts as new; an administrator lets the one go who has to.
    assert leave(scim, *ids) == [503] * 4
    one = connection.held_leavers.get(link__scim_id=ids[2])
    assert "1 person may go" in confirmed(
        browser, url("held", connection), verdict="selected", people=[one.pk]
    )
    assert leave(scim, *ids) == [503, 503, 200, 503]


# --- forgetting


def test_who_is_forgotten_is_named_nowhere_and_the_account_stays_the_hosts(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = join(scim)
    account = ProvisionedUser.objects.get().user
    before = _row(account)
    link = ProvisionedUser.objects.get()
    with pytest.raises(CommandError, match="is an active learner"):
        call_command("scim_forget", "--connection", connection.name, INES, "--apply")
    leave(scim, scim_id)
    out = StringIO()
    call_command("scim_forget", "--connection", connection.name, INES, "--apply", stdout=out)
    assert "Erased what was kept of somebody" in out.getvalue()
    assert INES not in out.getvalue()
    link.refresh_from_db()
    assert (link.user, link.document) == (None, {})
    assert not ProvisioningEvent.objects.filter(user_name__icontains="okafor").exists()
    assert scim.get(f"/Users/{scim_id}").status_code == 404
    left = _row(account)
    switched = {"is_active", "password", "deleted_at"}
    assert {k: v for k, v in left.items() if k not in switched} == {
        k: v for k, v in before.items() if k not in switched
    }


def _row(account: Any) -> dict[str, Any]:
    return dict(get_user_model()._base_manager.filter(pk=account.pk).values().get())


# --- units


def test_two_spellings_of_a_team_are_merged_on_a_page_and_stay_so(
    browser: Client, scim: ScimClient, connection: SCIMConnection, organization: Any
) -> None:
    join(scim, "ines.okafor", "R&D")
    rui = join(scim, "rui.sousa", "R & D")
    line = next(line for line in units.choosable(connection) if line.path == DEPARTMENT)
    address = page("unit", connection.pk, line.rows.digest("R & D"))
    said = confirmed(browser, address, verdict="merge", unit="R&D")
    assert "1 person was moved." in said
    for name in ("ines.okafor", "rui.sousa"):
        assert host().facts(f"{name}@harborline.example", organization)["team"] == "R&D"
    for team in ("Elsewhere", "R & D"):
        operations = [{"op": "Replace", "path": DEPARTMENT, "value": team}]
        answer = scim.patch(f"/Users/{rui}", operations)
        # As it was sent, so that no cycle says it again.
        assert (answer.status_code, answer.json()[ENTERPRISE]["department"]) == (200, team)
    assert host().facts("rui.sousa@harborline.example", organization)["team"] == "R&D"


# --- seats


def test_whoever_finds_no_seat_is_refused_with_a_sentence_and_comes_in_once_somebody_has_left(
    browser: Client, scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_adapter_class(), "seats", classmethod(lambda cls, connection: 1))
    first, accounts = join(scim), get_user_model()._base_manager
    before = accounts.count()
    refused = scim.post("/Users", body("rui.sousa"))
    assert (refused.status_code, accounts.count()) == (403, before)
    assert "No seat is left in this directory (1 of 1 taken)" in refused.json()["detail"]
    assert "Seats 1 of 1 seats" in text(browser.get(url("change", connection)))
    leave(scim, first)
    join(scim, "rui.sousa")
    answer = scim.patch(f"/Users/{first}", [{"op": "Replace", "path": "active", "value": "True"}])
    assert answer.status_code == 403


# --- who is it?


@pytest.fixture
def weak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user name is no proof here: an administrator has to say who somebody is."""

    def find_learner(self: Any, scim_user: Any) -> Any:
        return [Candidate(user) for user in self.accounts_named(scim_user["userName"])]

    monkeypatch.setattr(get_adapter_class(), "user_name_is_sso_subject", False)
    monkeypatch.setattr(get_adapter_class(), "find_learner", find_learner)


#: In these a person is one account in all customers, and a row of the account says whose learner it is.
MEMBERSHIPS = {"membership", "club"}


@pytest.mark.usefixtures("weak")
@pytest.mark.parametrize("verdict", ["link", "keep"])
def test_who_was_refused_is_linked_to_the_account_that_is_here_and_comes_in_the_next_time(
    browser: Client, scim: ScimClient, connection: SCIMConnection, organization: Any, verdict: str
) -> None:
    join(scim, title="Mate")
    link = ProvisionedUser.objects.get()
    account = link.user
    link.delete()
    ProvisioningEvent.objects.all().delete()
    sent = {**body(title="Skipper"), "name": {"givenName": "Inês", "familyName": "Okafor"}}
    refused = scim.post("/Users", sent)
    assert refused.status_code == 409
    event = ProvisioningEvent.objects.latest("pk")
    assert INES in text(browser.get(page("queue", connection.pk)))
    said = confirmed(browser, page("answer", connection.pk, event.pk), answer=verdict, account=account.pk)
    assert "Nobody waits for an answer." in said
    assert scim.post("/Users", sent).status_code == 201
    assert ProvisionedUser.objects.get().user == account
    facts = host().facts(INES, organization)
    # A membership is the connection's own, whoever the account is.
    is_written = verdict == "link" or HOST in MEMBERSHIPS
    assert facts["job_role"] == ("Skipper" if is_written else "Mate")
    assert (facts["first_name"], facts["active"]) == ("Inês" if verdict == "link" else "Ines", True)


def test_somebody_new_and_somebody_deleted_become_one_where_an_administrator_says_so(
    browser: Client, scim: ScimClient, connection: SCIMConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[tuple[Any, Any]] = []
    monkeypatch.setattr(get_adapter_class(), "merge", lambda self, into, other: joined.append((into, other)))
    earlier = join(scim)
    assert scim.delete(f"/Users/{earlier}").status_code == 204
    answer = scim.post("/Users", body(externalId="somebody-else"))
    assert answer.status_code == 201, answer.content
    question = IdentityQuestion.objects.get()
    newcomer, other = question.newcomer, question.earlier
    assert str(other.scim_id) == earlier
    said = confirmed(browser, page("same_person", connection.pk, question.pk), same="yes")
    assert "There are no open questions." in said
    assert len(joined) == 1
    assert ProvisionedUser.objects.get(pk=newcomer.pk).user is not None
    assert ProvisionedUser.objects.get(pk=other.pk).user is None
    assert scim.get(f"/Users/{newcomer.scim_id}").status_code == 200


# --- the learner's own page


#: Which pages of the host's admin say what SCIM does to somebody; the others have no page about people of their own.
PAGES = {
    "profile": {"user", "learner"},
    "zoneless": {"user", "learner"},
    "membership": {"user", "learner"},
    "custom_user": {"learner"},
    "academy": {"user"},
    "club": {"membership"},
    "signals": {"profile"},
}
#: A page about rows that this host's adapter does not make.
NOBODYS = {("membership", "learner"), ("custom_user", "learner")}


def test_the_hosts_own_page_about_a_learner_says_who_writes_it_and_locks_and_warns(
    browser: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = join(scim, title="Mate")
    account = ProvisionedUser.objects.get(scim_id=scim_id).user
    managed = {
        model._meta.model_name: (model, site)
        for model, site in admin.site._registry.items()
        if isinstance(site, SCIMManagedAdminMixin)
    }
    assert set(managed) == PAGES[HOST]
    seen: list[str] = []
    for name, (model, site) in managed.items():
        rows = [row for row in model._base_manager.all() if site.scim_user(row) == account]
        assert len(rows) == (0 if (HOST, name) in NOBODYS else 1)
        for row in rows:
            address = reverse(f"admin:{model._meta.app_label}_{name}_change", args=[row.pk])
            answer = browser.get(address)
            shown = text(answer)
            assert f"From “{connection}”" in shown
            assert "What happened to this learner?" in shown
            fields = set(answer.context["adminform"].form.fields)
            assert not fields & {"job_role", "job_title", "position", "first_name", "given_name"}
            listed = reverse(f"admin:{model._meta.app_label}_{name}_changelist")
            assert "managed by" in text(browser.get(listed))
            delete = reverse(f"admin:{model._meta.app_label}_{name}_delete", args=[row.pk])
            assert "identity provider" in text(browser.get(delete))
            assert f"Managed by SCIM — {connection} Active" in shown
            seen.append(address)
    scim.patch(f"/Users/{scim_id}", OFF)
    for address in seen:
        assert f"Managed by SCIM — {connection} Inactive" in text(browser.get(address))
    assert bool(seen) == (HOST != "custom_user")
