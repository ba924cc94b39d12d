"""The API's URLs, and people who call them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from pytest_django import Settings

from tests.api.staff import API, PASSWORD, Staff


@pytest.fixture(autouse=True)
def _with_the_api(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.api.urls"


@pytest.fixture
def staff(db: None) -> Staff:
    def make(*codenames: str) -> API:
        user = User.objects.create_user(f"staff{User.objects.count()}", password=PASSWORD, is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(
                content_type__app_label__in=("scim_provisioning", "lms"), codename__in=codenames
            )
        )
        return API(user)

    return make


@pytest.fixture
def boss(db: None) -> API:
    return API(User.objects.create_superuser("boss", password=PASSWORD))
