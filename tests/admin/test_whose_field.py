"""Whose field is it: what provisioning writes is read-only on the host's pages, an administrator may lock or detach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from example_project.lms.models import Learner
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.admin import SCIMManagedAdminMixin
from scim_provisioning.models import LockedValue, ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import PASSWORD, text
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

POLICY = ("view_scimconnection", "view_provisioningevent", "manage_policy", "view_payload")
HOST = ("view_learner", "change_learner", "delete_learner", "view_user", "change_user", "delete_user")


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    assert scim.post("/Users", person()).status_code == 201
    return ProvisionedUser.objects.select_related("user", "connection").get()


def learner_page(link: ProvisionedUser) -> str:
    return reverse("admin:lms_learner_change", args=[Learner.objects.get(user=link.user_id).pk])


def account_page(link: ProvisionedUser) -> str:
    return reverse("admin:auth_user_change", args=[link.user_id])


def page(name: str, link: ProvisionedUser, path: str = "") -> str:
    url = reverse(f"admin:scim_provisioning_scimconnection_{name}", args=[link.connection_id, link.pk])
    return f"{url}?{urlencode({'attribute': path})}" if path else url


def lock(browser: Client, link: ProvisionedUser, path: str = "title") -> Any:
    return browser.post(page("lock", link, path), {"reason": "Agreed with HR"}, follow=True)


def inputs(browser: Client, url: str) -> set[str]:
    return set(browser.get(url).context["adminform"].form.fields)


def test_what_provisioning_writes_is_read_only_and_says_where_it_comes_from(
    admin_client: Client, ines: ProvisionedUser
) -> None:
    shown = text(admin_client.get(learner_page(ines)))
    assert "Secure Coding Lead From “Entra”: title. Lock this value" in shown
    assert "Platform Security From “Entra”: department." in shown
    assert inputs(admin_client, learner_page(ines)) == {"user", "organization"}

    shown = text(admin_client.get(account_page(ines)))
    assert "From “Entra”: userName. " in shown
    assert "From “Entra”: name.givenName. Lock this value" in shown
    names = inputs(admin_client, account_page(ines))
    assert not {"username", "first_name", "last_name", "email"} & names
    # Whoever switches somebody off in the LMS means it.
    assert {"is_active", "is_staff", "groups"} <= names


def test_of_nobody_whom_scim_manages_all_can_be_edited(admin_client: Client, ines: ProvisionedUser) -> None:
    own = User.objects.create_user("lms.only")
    url = reverse("admin:auth_user_change", args=[own.pk])
    assert {"username", "first_name", "email"} <= inputs(admin_client, url)
    assert "From “Entra”" not in text(admin_client.get(url))


def test_a_posted_value_of_a_read_only_field_changes_nothing(
    admin_client: Client, ines: ProvisionedUser
) -> None:
    learner = Learner.objects.get()
    form = {"user": learner.user_id, "organization": learner.organization_id, "job_role": "Boss"}
    form |= {"progress-TOTAL_FORMS": 0, "progress-INITIAL_FORMS": 0}
    answer = admin_client.post(learner_page(ines), form)
    assert answer.status_code == 302, text(answer)
    assert Learner.objects.get().job_role == "Secure Coding Lead"


def test_a_locked_value_can_be_edited_here_and_given_back(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient
) -> None:
    asked = text(admin_client.get(page("lock", ines, "title")))
    assert "“title” of “ines.okafor@harborline.example” stays as it is here" in asked
    assert "Here Secure Coding Lead As the identity provider sent it Secure Coding Lead" in asked
    assert "This field is required" in text(admin_client.post(page("lock", ines, "title"), {"reason": " "}))
    shown = text(lock(admin_client, ines))
    assert "“title” is locked now." in shown
    assert "by ada: Agreed with HR" in shown
    assert "Locked on" in shown
    assert "job_role" in inputs(admin_client, learner_page(ines))

    Learner.objects.update(job_role="Trainer")
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "Analyst"}])
    assert "Here Trainer As the identity provider sent it Analyst" in text(
        admin_client.get(page("unlock", ines, "title"))
    )
    answer = admin_client.post(page("unlock", ines, "title"), follow=True)
    assert "“title” is the identity provider’s again." in text(answer)
    assert Learner.objects.get().job_role == "Analyst"
    assert "job_role" not in inputs(admin_client, learner_page(ines))


def test_all_values_stand_on_one_page_with_what_was_sent(admin_client: Client, ines: ProvisionedUser) -> None:
    lock(admin_client, ines)
    shown = text(admin_client.get(page("values", ines)))
    assert "department Platform Security Platform Security The identity provider’s Lock this value" in shown
    assert "Agreed with HR Unlock" in shown
    # What signs in is not a matter of one value.
    assert (
        "userName ines.okafor@harborline.example ines.okafor@harborline.example The identity provider’s n"
        in shown
    )


def test_the_log_says_in_words_what_a_lock_kept_out(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient
) -> None:
    lock(admin_client, ines)
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "Replace", "path": "title", "value": "Analyst"}])
    event = ProvisioningEvent.objects.get(action="skipped")
    shown = text(
        admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    )
    assert "An administrator has locked title: the learner keeps what stands here." in shown


def test_detaching_asks_for_the_password_and_leaves_the_learner_to_the_lms(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient
) -> None:
    assert "is answered 404" in text(admin_client.get(page("detach", ines)))
    assert "password" in text(admin_client.post(page("detach", ines), {"password": "wrong"}))
    assert ProvisionedUser.objects.living().exists()
    shown = text(admin_client.post(page("detach", ines), {"password": PASSWORD}, follow=True))
    assert "“ines.okafor@harborline.example” is the application’s own again." in shown
    assert "Was managed by SCIM — Entra Detached" in shown
    assert "Not managed by SCIM any more, by an administrator’s word on" in shown
    assert "job_role" in inputs(admin_client, learner_page(ines))
    assert scim.get(f"/Users/{ines.scim_id}").status_code == 404


def test_a_detached_learner_who_is_sent_again_waits_for_a_word_and_is_linked_by_it(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient
) -> None:
    admin_client.post(page("detach", ines), {"password": PASSWORD})
    assert scim.post("/Users", person()).status_code == 409
    refused = ProvisioningEvent.objects.latest("pk")
    answer = reverse("admin:scim_provisioning_scimconnection_answer", args=[ines.connection_id, refused.pk])
    body = {"answer": "link", "account": ines.user_id, "password": PASSWORD}
    admin_client.post(answer, body)
    link = ProvisionedUser.objects.living().get()
    assert (link.user_id, link.scim_id == ines.scim_id) == (ines.user_id, False)
    assert scim.put(f"/Users/{link.scim_id}", person(title="Analyst")).status_code == 200
    assert Learner.objects.get().job_role == "Analyst"
    shown = text(admin_client.get(learner_page(link)))
    assert "Managed by SCIM — Entra Active" in shown
    assert "Detached" not in shown


def test_of_somebody_who_was_deleted_the_page_says_when_by_whom_and_how_they_return(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient
) -> None:
    scim.delete(f"/Users/{ines.scim_id}")
    shown = text(admin_client.get(learner_page(ines)))
    assert "Was managed by SCIM — Entra Deleted by the identity provider" in shown
    assert "by the identity provider, with the token" in shown
    assert "they come back as the same learner, with their progress." in shown
    assert "What happened to this learner?" in shown
    assert "job_role" in inputs(admin_client, learner_page(ines))
    scim.post("/Users", person())
    shown = text(admin_client.get(learner_page(ines)))
    assert "Managed by SCIM — Entra Active" in shown
    assert "Was managed" not in shown


def test_of_a_profile_that_was_deleted_in_the_lms_the_accounts_page_says_so(
    admin_client: Client, ines: ProvisionedUser
) -> None:
    Learner.objects.all().delete()
    assert "A profile of this person was deleted in the application." in text(
        admin_client.get(account_page(ines))
    )


def test_before_somebody_is_deleted_here_it_is_said_what_the_identity_provider_does(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient
) -> None:
    learner = Learner.objects.get()
    delete = reverse("admin:lms_learner_delete", args=[learner.pk])
    assert "The identity provider will create them again" in text(admin_client.get(delete))
    chosen = {"action": "delete_selected", "_selected_action": [learner.pk]}
    asked = text(admin_client.post(reverse("admin:lms_learner_changelist"), chosen))
    assert "1 of these people is managed by SCIM." in asked
    scim.delete(f"/Users/{ines.scim_id}")
    assert "is kept for the day on which they return" in text(admin_client.get(delete))
    asked = text(admin_client.post(reverse("admin:lms_learner_changelist"), chosen))
    assert "managed by SCIM" not in asked


def test_lists_of_learners_and_accounts_are_filtered_by_who_manages_them(
    admin_client: Client, ines: ProvisionedUser, scim: ScimClient, connection: SCIMConnection
) -> None:
    gone = scim.post("/Users", person("gone.away")).json()["id"]
    scim.delete(f"/Users/{gone}")
    lock(admin_client, ines)

    def listed(model: str, wanted: str) -> list[str]:
        url = reverse(f"admin:{model}_changelist")
        rows = admin_client.get(url, {"scim_managed_by": wanted}).context["cl"].result_list
        return sorted(str(getattr(row, "user", row).username).partition("@")[0] for row in rows)

    for model, nobody in (("lms_learner", ["gone.away"]), ("auth_user", ["ada", "gone.away"])):
        assert listed(model, str(connection.pk)) == ["ines.okafor"]
        assert listed(model, "locked") == ["ines.okafor"]
        assert listed(model, "left") == ["gone.away"]
        assert listed(model, "nobody") == nobody
        for nonsense in ("x", "-1", "9" * 30):
            assert listed(model, nonsense) == []


# --- who may


def test_another_customers_staff_neither_see_nor_lock_nor_detach(
    administrator: Callable[..., Client],
    ines: ProvisionedUser,
    monkeypatch: pytest.MonkeyPatch,
    other_connection: SCIMConnection,
) -> None:
    theirs = SCIMConnection.objects.filter(pk=other_connection.pk)
    monkeypatch.setattr(LearnerAdapter, "connections_for", classmethod(lambda cls, user: theirs))
    browser = administrator(*POLICY, *HOST, name="stranger")
    for name in ("values", "lock", "unlock", "detach"):
        url = page(name, ines, "title")
        assert browser.get(url).status_code == 404, name
        assert browser.post(url, {"password": PASSWORD, "reason": "Mine"}).status_code == 404, name
        # Under a connection of their own the learner is not there either.
        mine = url.replace(f"/{ines.connection_id}/", f"/{other_connection.pk}/", 1)
        assert browser.post(mine, {"password": PASSWORD, "reason": "Mine"}).status_code == 404, name
    shown = text(browser.get(learner_page(ines)))
    assert "Comes from SCIM provisioning." in shown
    assert "Entra" not in shown
    assert not LockedValue.objects.exists()
    rows = browser.get(reverse("admin:lms_learner_changelist"), {"scim_managed_by": str(ines.connection_id)})
    assert list(rows.context["cl"].result_list) == []


def test_staff_without_the_permission_are_told_so_and_offered_no_button(
    administrator: Callable[..., Client], ines: ProvisionedUser
) -> None:
    browser = administrator("view_scimconnection", *HOST, name="vera")
    for name in ("values", "lock", "unlock", "detach"):
        assert browser.get(page(name, ines, "title")).status_code == 403, name
    shown = text(browser.get(learner_page(ines)))
    assert "From “Entra”: title." in shown
    assert "Lock this value" not in shown
    assert "Detach" not in shown


def test_what_was_sent_is_masked_for_whoever_may_not_read_payloads(
    administrator: Callable[..., Client], ines: ProvisionedUser
) -> None:
    browser = administrator("view_scimconnection", "manage_policy", *HOST, name="pia")
    assert "department Platform Security ••••••" in text(browser.get(page("values", ines)))


def test_what_stands_here_is_masked_for_whoever_may_not_open_the_learner_either(
    administrator: Callable[..., Client], ines: ProvisionedUser
) -> None:
    browser = administrator("view_scimconnection", "manage_policy", "view_user", name="pia")
    shown = text(browser.get(page("values", ines)))
    assert "department •••••• ••••••" in shown
    assert "name.familyName Okafor ••••••" in shown
    for name in ("lock", "values"):
        assert "Platform Security" not in text(browser.get(page(name, ines, "title")))
    asked = text(browser.get(page("lock", ines, "title")))
    assert "Here •••••• As the identity provider sent it ••••••" in asked


@pytest.mark.parametrize("path", ["", "active", "userName", "nonsense"])
def test_there_is_no_page_for_what_cannot_be_locked(
    admin_client: Client, ines: ProvisionedUser, path: str
) -> None:
    assert admin_client.get(page("lock", ines, path)).status_code == 404


def test_a_host_whose_form_needs_its_fields_keeps_them(
    admin_client: Client, ines: ProvisionedUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SCIMManagedAdminMixin, "scim_read_only", False)
    assert "job_role" in inputs(admin_client, learner_page(ines))
    assert "From “Entra”: title." in text(admin_client.get(learner_page(ines)))


def test_the_banner_says_which_values_are_otherwise_here_than_last_sent(
    admin_client: Client, scim: ScimClient, ines: ProvisionedUser
) -> None:
    assert "otherwise here" not in text(admin_client.get(learner_page(ines)))
    # As an import of the LMS does it.
    Learner.objects.update(job_role="Imported")
    User.objects.filter(pk=ines.user_id).update(last_name="Imported")
    shown = text(admin_client.get(learner_page(ines)))
    assert "2 values differ from what the identity provider last sent: name.familyName, title." in shown
    scim.patch(f"/Users/{ines.scim_id}", [{"op": "replace", "path": "title", "value": "Lead"}])
    # It was answered with what is here, and has left that so.
    assert "otherwise here" not in text(admin_client.get(account_page(ines)))
    Learner.objects.update(job_role="Imported again")
    shown = text(admin_client.get(account_page(ines)))
    assert "1 value differs from what the identity provider last sent: title." in shown
    # Of the switch there is a sentence of its own.
    Learner.objects.update(job_role="Lead")
    User.objects.filter(pk=ines.user_id).update(is_active=False)
    assert "otherwise here" not in text(admin_client.get(account_page(ines)))
