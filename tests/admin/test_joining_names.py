"""What two accounts are called once they are one, where the name that was sent is another customer's."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from example_project.lms.models import Organization
from scim_provisioning.administration.adoption import joining
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from tests.client import ScimClient
from tests.lms_factories import LearnerFactory
from tests.people import person

pytestmark = pytest.mark.django_db

ANNA = "anna.meyer@harborline.example"


def test_the_account_that_goes_on_takes_the_second_name_over(
    scim: ScimClient, connection: SCIMConnection, organization: Organization
) -> None:
    LearnerFactory(user__username=ANNA)
    assert scim.post("/Users", person("anna.meyer")).status_code == 201
    link = ProvisionedUser.objects.select_related("user").get()
    made: Any = link.user
    second = made.username
    assert second != ANNA
    for name in ("ameyer", "anna"):
        goes = ProvisionedUser.objects.get().user
        old: User = LearnerFactory(organization=organization, user__username=name).user
        into, other = (joining.found(connection, str(account.pk)) for account in (old, goes))
        assert into is not None
        assert other is not None
        joining.join(connection, into, other, actor=None)
        old.refresh_from_db()
        link.refresh_from_db()
        assert (link.user, link.user_name, old.username, old.is_active) == (old, ANNA, second, True)
    made.refresh_from_db()
    assert (made.username.startswith(f"{second}~"), made.is_active) == (True, False)
