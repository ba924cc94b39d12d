"""Settings of a host's that must not reach into the SCIM endpoints."""

from __future__ import annotations

import pytest
from django.db import connections
from pytest_django import Settings

from example_project.lms.models import Learner, Team
from scim_provisioning.models import ProvisioningEvent
from tests.client import ScimClient
from tests.people import ENTERPRISE, person


@pytest.mark.django_db(transaction=True)
def test_atomic_requests_neither_keeps_half_a_change_nor_loses_the_log(
    scim: ScimClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    created = scim.post("/Users", person()).json()
    answer = scim.patch(
        f"/Users/{created['id']}",
        [
            {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "Half Written"},
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "no address"},
        ],
    )
    assert answer.status_code == 400
    assert not Team.objects.filter(name="Half Written").exists()
    assert [event.outcome for event in ProvisioningEvent.objects.order_by("id")] == ["applied", "refused"]


@pytest.mark.django_db
def test_the_hosts_rest_framework_settings_do_not_apply(scim: ScimClient, settings: Settings) -> None:
    settings.REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FormParser"],
        "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.AnonRateThrottle"],
        "DEFAULT_THROTTLE_RATES": {"anon": "1/day"},
        "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
        "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.AcceptHeaderVersioning",
        "UNAUTHENTICATED_USER": None,
    }
    for _ in range(2):
        assert scim.get("/Users").headers["Content-Type"] == "application/scim+json; charset=utf-8"
    assert scim.post("/Users", person()).status_code == 201
    assert scim.get("/Users/unknown").json()["status"] == "404"
    assert ScimClient("no-token").get("/Users").headers["WWW-Authenticate"].startswith("Bearer")
    assert Learner.objects.count() == 1


@pytest.mark.django_db
def test_plain_http_is_refused_and_never_redirected_once_the_site_is_https(
    scim: ScimClient, settings: Settings
) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "SITE_URL": "https://lms.example"}
    answer = scim.get("/Users")
    assert answer.status_code == 403
    assert answer.json()["detail"].startswith("Use https: ")
    assert "SECURE_PROXY_SSL_HEADER" in answer.json()["detail"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert scim.get("/Users", x_forwarded_proto="https").status_code == 200
