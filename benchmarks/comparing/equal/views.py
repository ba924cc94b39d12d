"""The floor's views over the rows of the example LMS and the app; writes in one transaction each."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse

from benchmarks.comparing.equal import writing
from benchmarks.comparing.equal.reading import admit, everybody, shown
from scim_provisioning.models import ProvisionedUser


def _listed(links: Any, total: int | None = None) -> JsonResponse:
    found = [shown(link) for link in links]
    return JsonResponse({"totalResults": len(found) if total is None else total, "Resources": found})


def by_user_name(request: HttpRequest) -> JsonResponse:
    people = everybody(admit(request))
    return _listed(people.filter(user_name_key=request.GET["value"].casefold()))


def by_external_id(request: HttpRequest) -> JsonResponse:
    return _listed(everybody(admit(request)).filter(external_id=request.GET["value"]))


def by_email(request: HttpRequest) -> JsonResponse:
    return _listed(everybody(admit(request)).filter(user__email=request.GET["value"]))


def one(request: HttpRequest, scim_id: str) -> JsonResponse:
    return JsonResponse(shown(everybody(admit(request)).get(scim_id=scim_id)))


def page(request: HttpRequest) -> JsonResponse:
    people = everybody(admit(request)).order_by("pk")
    start = int(request.GET["startIndex"]) - 1
    return _listed(people[start : start + int(request.GET["count"])], people.count())


@transaction.atomic
def change(request: HttpRequest, scim_id: str) -> JsonResponse:
    token = admit(request)
    ProvisionedUser.objects.select_for_update().get(scim_id=scim_id)
    link = everybody(token).get(scim_id=scim_id)
    return JsonResponse(writing.change(token, link, json.loads(request.body)))


@transaction.atomic
def create(request: HttpRequest) -> JsonResponse:
    return JsonResponse(writing.create(admit(request), json.loads(request.body)), status=201)
