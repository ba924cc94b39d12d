"""What a person's card says once somebody has decided on them, and that it offers only what works."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from scim_provisioning.models import IdentityQuestion, ProvisionedUser, ProvisioningEvent, SCIMConnection
from tests.admin.pages import PASSWORD, text, url
from tests.admin.spoken import english_in, said
from tests.client import ScimClient
from tests.leavers import OFF
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

PEOPLE = reverse("admin:scim_provisioning_provisioningevent_people")
INES = "ines.okafor@harborline.example"


def ask(client: Client, term: str = "okafor") -> HttpResponse:
    answer = client.get(PEOPLE, {"q": term})
    assert answer.status_code == 200
    return answer


@pytest.fixture
def ines(organization: Any) -> User:
    """Somebody whom no connection manages, and who signs in by the name that is sent."""
    user: User = LearnerFactory(
        organization=organization, user__username=INES, user__email="o@x.example"
    ).user
    return user


@pytest.fixture
def refusal(scim: ScimClient, ines: User) -> ProvisioningEvent:
    assert scim.post("/Users", person()).status_code == 409
    return ProvisioningEvent.objects.latest("pk")


def decide(client: Client, refusal: ProvisioningEvent, answer: str, **fields: Any) -> HttpResponse:
    page = reverse("admin:scim_provisioning_scimconnection_answer", args=[refusal.connection_id, refusal.pk])
    return client.post(page, {"answer": answer, "password": PASSWORD, **fields}, follow=True)


# --- refused people


def test_after_create_separate_it_is_said_what_was_decided_and_that_the_next_try_succeeds(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent
) -> None:
    decide(admin_client, refusal, "separate")
    answer = ask(admin_client)
    page = text(answer)
    assert "Ines Okafor ines.okafor@harborline.example Waits for the next try Decided on" in page
    assert "by ada: it is somebody new, who gets an account of their own." in page
    assert "The identity provider’s next try succeeds, usually within 40 minutes." in page
    assert "Provision on demand, and choose the person." in page
    assert "Last asked for on" in page
    (card,) = answer.context["cards"]
    assert card.action is None
    assert "Decide otherwise" in [str(link.label) for link in card.links]
    of_operation = admin_client.get(
        reverse("admin:scim_provisioning_provisioningevent_change", args=[refusal.pk])
    )
    assert "by ada: it is somebody new" in text(of_operation)
    assert scim.post("/Users", person()).status_code == 201
    # The account that was here has the name still, and is another one's.
    (card,) = [one for one in ask(admin_client).context["cards"] if one.answer.link is not None]
    assert card.answer.state == "active"


def test_a_refusal_after_the_decision_is_a_refusal(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent
) -> None:
    decide(admin_client, refusal, "separate")
    assert scim.post("/Users", person(active="perhaps")).status_code == 400
    (card,) = ask(admin_client).context["cards"]
    assert card.answer.state == "refused"
    assert "active" in card.answer.cause


def test_after_ignore_it_is_said_so_and_another_answer_can_be_given(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent
) -> None:
    decide(admin_client, refusal, "ignore")
    assert scim.post("/Users", person()).status_code == 409
    answer = ask(admin_client)
    assert "Refused Last asked for on" in text(answer)
    assert "by ada: nobody is asked who it is, and the identity provider is refused as before." in text(
        answer
    )
    (card,) = answer.context["cards"]
    assert card.action is not None
    assert str(card.action.label) == "Who is it?"


def test_after_a_link_it_is_said_that_the_identity_provider_comes_by_itself(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User
) -> None:
    decide(admin_client, refusal, "link", account=ines.pk)
    page = text(ask(admin_client, INES))
    assert "Has an account An account that was here before is managed by SCIM since" in page
    assert "Linked by an administrator; the identity provider has not sent the person since." in page
    assert scim.post("/Users", person()).status_code == 201
    assert "Linked by an administrator" not in text(ask(admin_client, INES))


def test_a_link_is_not_said_to_have_changed_nothing(
    admin_client: Client, refusal: ProvisioningEvent, ines: User
) -> None:
    done = text(decide(admin_client, refusal, "link", account=ines.pk))
    assert "Linked: “" in done
    assert "othing was changed" not in done
    event = ProvisioningEvent.objects.latest("pk")
    page = text(
        admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    )
    assert "An administrator linked an account that was here already" in page
    assert "it writes to the account once it does, and not before." in page
    assert "was changed" not in page
    assert "What changed" not in page


def test_whoever_answers_twice_is_told_that_it_was_done(
    admin_client: Client, refusal: ProvisioningEvent, ines: User
) -> None:
    decide(admin_client, refusal, "link", account=ines.pk)
    again = decide(admin_client, refusal, "link", account=ines.pk)
    assert again.status_code == 200
    assert "“ines.okafor@harborline.example” is linked already." in text(again)
    assert "belongs to another learner" not in text(again)
    assert ProvisionedUser.objects.count() == 1


# --- people who left


def test_nothing_is_taken_back_of_whoever_is_followed_by_somebody_of_their_name(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    (card,) = ask(admin_client).context["cards"]
    assert str(card.action.label) == "Take it back"
    assert scim.post("/Users", person(externalId="another")).status_code == 201
    answer = ask(admin_client)
    gone, here = sorted(answer.context["cards"], key=lambda card: card.answer.link.pk)
    assert (gone.answer.state, here.answer.state) == ("deleted", "active")
    question = IdentityQuestion.objects.get()
    asked = reverse("admin:scim_provisioning_scimconnection_same_person", args=[connection.pk, question.pk])
    assert (str(gone.action.label), gone.action.url) == ("Are they the same person?", asked)
    assert "There is a new learner in their place since" in text(answer)
    assert "Whoever is sent under this userName is the new learner." in text(answer)
    assert "they come back as the same learner" not in text(answer)


def test_nothing_is_taken_back_that_the_page_of_departures_has_not(
    admin_client: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.patch(f"/Users/{scim_id}", OFF)
    scim.delete(f"/Users/{scim_id}")
    left = ProvisioningEvent.objects.filter(changes__has_key="active").latest("pk")
    (card,) = ask(admin_client).context["cards"]
    assert str(card.action.label) == "Take it back"
    # As Entra does it: switched off, and deleted a month later.
    ProvisioningEvent.objects.filter(pk__lte=left.pk).update(created_at="2026-01-01T00:00:00Z")
    (card,) = ask(admin_client).context["cards"]
    assert card.action is None
    assert text(admin_client.get(url("undo", connection), {"hours": "24"})).count(INES) == 0


def test_what_is_offered_works(admin_client: Client, scim: ScimClient) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    (card,) = ask(admin_client).context["cards"]
    page = admin_client.get(card.action.url)
    form = page.context["form"]
    fields = {name: form.initial.get(name, "") for name in ("hours", "last", "learner")}
    admin_client.post(card.action.url, {**fields, "password": PASSWORD})
    (card,) = ask(admin_client).context["cards"]
    assert card.answer.state == "active"


def test_all_of_it_is_said_in_german(
    admin_client: Client, scim: ScimClient, refusal: ProvisioningEvent, ines: User, settings: Any
) -> None:
    settings.LANGUAGE_CODE = "de"
    scim_id = scim.post("/Users", person("ada.okafor")).json()["id"]
    scim.delete(f"/Users/{scim_id}")
    scim.post("/Users", person("ada.okafor", externalId="another"))
    for answer in ("separate", "ignore"):
        decide(admin_client, refusal, answer)
        assert english_in(said(ask(admin_client), "content-main")) == []
    decide(admin_client, refusal, "link", account=ines.pk)
    assert english_in(said(ask(admin_client, INES), "content-main")) == []
    event = ProvisioningEvent.objects.latest("pk")
    page = admin_client.get(reverse("admin:scim_provisioning_provisioningevent_change", args=[event.pk]))
    assert english_in(said(page, "content-main")) == []
