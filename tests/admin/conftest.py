"""People with and without permissions, signed in to the admin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory
from tests.admin.pages import PASSWORD
from tests.lms_factories import SSOSettingsFactory

Administrator = Callable[..., Client]


def make_administrator(name: str, *codenames: str, is_superuser: bool = False, is_staff: bool = True) -> User:
    """A staff account with the named permissions and `PASSWORD`."""
    user = User.objects.create_user(
        name, f"{name}@example.org", PASSWORD, is_staff=is_staff, is_superuser=is_superuser
    )
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return user


@pytest.fixture
def administrator(db: None) -> Administrator:
    """Signs somebody in: `administrator("view_scimconnection", name="vera")`; everything without codenames."""

    def sign_in(*codenames: str, name: str = "ada", is_staff: bool = True) -> Client:
        user = make_administrator(
            name, *codenames, is_superuser=not codenames and is_staff, is_staff=is_staff
        )
        client = Client(enforce_csrf_checks=False)
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def admin_client(administrator: Administrator) -> Client:
    """A superuser's browser."""
    return administrator()


@pytest.fixture
def other_connection(db: None) -> SCIMConnection:
    """Another customer's connection."""
    return ConnectionFactory(name="Brightwater", sso_key=str(SSOSettingsFactory().pk))
