"""A host's own page on which the switch is a moment, in two inputs: it was open while somebody was switched off."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import path, reverse

import example_project.urls
import scim_provisioning.adapters as adapters
from scim_provisioning.admin import SCIMManagedAdminMixin
from tests.client import ScimClient
from tests.hosts.every_kind.models import Dossier
from tests.hosts.every_kind.scim import LearnerAdapter
from tests.leavers import OFF
from tests.people import ENTERPRISE, person
from tests.vendors.asking import create

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


class OffSinceAMoment(LearnerAdapter):
    """``dossier.seen`` says since when somebody is off."""

    mapping = [
        *(line for line in LearnerAdapter.mapping if line.target not in ("dossier.status", "dossier.seen")),
        adapters.OffSince("dossier.seen"),
    ]


class DossierAdmin(SCIMManagedAdminMixin, admin.ModelAdmin):
    fields = ("status", "seen")


site = admin.AdminSite("dossiers")
site.register(Dossier, DossierAdmin)
urlpatterns = [path("dossiers/", site.urls), *example_project.urls.urlpatterns]


def test_nobody_is_switched_on_by_a_page_that_was_open_when_they_were_switched_off(
    admin_client: Client, scim: ScimClient, settings: Any
) -> None:
    adapter = f"{__name__}.OffSinceAMoment"
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, "ADAPTER": adapter}
    made = create(scim, person(**{ENTERPRISE: {"employeeNumber": 7}}))
    dossier = Dossier.objects.get()
    url = reverse("dossiers:every_kind_dossier_change", args=[dossier.pk])
    page = admin_client.get(url).content.decode()
    opened = dict.fromkeys(re.findall(r'name="(initial-seen_\d)"', page), "")
    assert scim.patch(f"/Users/{made['id']}", OFF).status_code == 200
    form = {"status": "suspended", "seen_0": "", "seen_1": "", **opened}
    assert admin_client.post(url, form).status_code == 302
    dossier.refresh_from_db()
    assert dossier.seen is not None
    assert dossier.status == "suspended"
    # Whoever sees since when somebody is off, and takes it away, means it.
    admin_client.post(url, {**form, "initial-seen_0": "2026-01-02", "initial-seen_1": "03:04:05"})
    dossier.refresh_from_db()
    assert dossier.seen is None
