"""What administrators see of a learner whom the LMS has moved to another customer."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from example_project.lms.models import Learner, Organization
from scim_provisioning.administration import suspension
from scim_provisioning.administration.adoption import queue
from scim_provisioning.models import OnDisconnect, ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.lms_factories import OrganizationFactory
from tests.people import person

pytestmark = pytest.mark.django_db


def test_the_learners_page_and_the_log_say_that_they_were_moved(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    scim_id = scim.post("/Users", person()).json()["id"]
    Learner.objects.update(organization=OrganizationFactory())
    assert scim.get(f"/Users/{scim_id}").status_code == 404
    browser = Client()
    browser.force_login(User.objects.create_superuser("root"))
    page = browser.get(reverse("admin:lms_learner_change", args=(Learner.objects.get().pk,)))
    assert "Moved to another customer" in page.content.decode()
    link = ProvisionedUser.objects.get()
    address = reverse("admin:scim_provisioning_provisioningevent_changelist")
    log = browser.get(address, {"learner": str(link.pk), "lookups": "show"})
    assert "moved" in [row.action for row in log.context["cl"].result_list]
    # Nor does an end of the connection concern them.
    assert suspension.concerned(connection, OnDisconnect.KEEP) == 0


def test_who_was_sent_while_they_were_another_customers_is_found_to_be_two_once_they_are_back(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    mine = scim.post("/Users", person()).json()["id"]
    learner = Learner.objects.get()
    Learner.objects.update(organization=OrganizationFactory(), company=None, team=None, business_unit=None)
    second = scim.post("/Users", person())
    assert second.status_code == 201
    assert second.json()["id"] != mine
    assert not queue.open_questions(connection).exists()
    Learner.objects.filter(pk=learner.pk).update(organization=organization)
    asked = [(one.newcomer.scim_id, one.earlier.scim_id) for one in queue.open_questions(connection)]
    assert asked == [(second.json()["id"], mine)]
