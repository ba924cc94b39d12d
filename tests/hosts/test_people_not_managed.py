"""Whom no connection manages is found on every host that says whose its accounts are, and on no other."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.administration import keeping, people
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import names_customer
from tests.client import ScimClient
from tests.hosts.current import host, make_connection, spelled
from tests.people import person

pytestmark = pytest.mark.django_db

INES = "ines.okafor@harborline.example"


def found(connection: SCIMConnection, term: str, *, in_clear: bool = True) -> list[tuple[str, str]]:
    own = SCIMConnection.objects.filter(pk=connection.pk)
    return [(one.state, one.user_name) for one in people.ask(term, own, in_clear=in_clear).people]


def test_somebody_whose_link_is_gone_is_found_by_their_own_customer_alone(
    scim: ScimClient, connection: SCIMConnection
) -> None:
    assert scim.post("/Users", spelled(person())).status_code == 201
    keeping.detach(ProvisionedUser.objects.get(), actor=None)
    ProvisionedUser.objects.all().delete()
    name = (
        get_user_model()
        ._base_manager.get(**{f"{get_user_model().USERNAME_FIELD}__icontains": "ines"})
        .get_username()
    )
    says_whose = names_customer(get_adapter_class(), connection)
    expected = [("unmanaged", name)] if says_whose else []
    assert found(connection, "okafor") == found(connection, name, in_clear=False) == expected
    other = make_connection("Other", host().make_customer())
    assert found(other, "okafor") == found(other, name, in_clear=False) == []
