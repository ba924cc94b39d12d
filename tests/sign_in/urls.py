"""Where somebody arrives whom an identity provider has let in."""

from __future__ import annotations

import json
from typing import Any

from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialApp
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from example_project.urls import urlpatterns as _pages
from tests.sign_in.examples import acs


def openid_connect(request: HttpRequest, provider_id: str) -> HttpResponse:
    """allauth's pipeline from where it has read and believed the identity provider's token; ``claims`` are its."""
    provider = SocialApp.objects.get(provider_id=provider_id).get_provider(request)
    claims: Any = json.loads(request.POST["claims"])
    answer: HttpResponse = complete_social_login(request, provider.sociallogin_from_response(request, claims))
    return answer


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("openid/<provider_id>/", openid_connect),
    path("saml/<int:organization_id>/", acs),
    *_pages,
]
