"""The examples of docs/sign-in.md that are not the example project's, as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseForbidden
from django.shortcuts import redirect

from example_project.lms.models import SSOSettings
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.protocol.text import fold
from scim_provisioning.sso import may_sign_in

PAGE = Path(__file__).parent.parent.parent / "docs" / "sign-in.md"


class OneLogin_Saml2_Auth:
    """What python3-saml says of a response that it has checked: here the request itself tells."""

    def __init__(self, request: HttpRequest, _settings: object) -> None:
        self._request = request

    def process_response(self) -> None:
        """Nothing to check."""

    def get_errors(self) -> list[str]:
        return []

    def is_authenticated(self) -> bool:
        return "name" in self._request.POST

    def get_nameid(self) -> str:
        return self._request.POST["name"]


def connection_of(entity_id: str) -> SCIMConnection | None:
    """The connection of an identity provider, which is called here by the key of its SSO settings."""
    return SCIMConnection.objects.current().filter(sso_key=entity_id).first()


def _shown_below(heading: str) -> list[str]:
    part = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```python\n(.*?)^```", part, re.DOTALL | re.MULTILINE)


def _run(code: str, **known: Any) -> dict[str, Any]:
    """The names that an example makes; ``known`` are those of the project that it stands in."""
    names = {"__name__": __name__, **known}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102
    return names


_allauth, _settings = _shown_below("django-allauth")
_saml, _view, _unknown = _shown_below("SAML")
SocialAccountAdapter = _run(_allauth)["SocialAccountAdapter"]
SHOWN_SETTINGS = {name: value for name, value in _run(_settings).items() if name.isupper()}
SamlBackend = _run(_saml, connection_of=connection_of)["SamlBackend"]
acs = _run(
    _view,
    HttpResponseForbidden=HttpResponseForbidden,
    OneLogin_Saml2_Auth=OneLogin_Saml2_Auth,
    ProvisionedUser=ProvisionedUser,
    SCIMConnection=SCIMConnection,
    SSOSettings=SSOSettings,
    fold=fold,
    login=login,
    may_sign_in=may_sign_in,
    prepared=lambda request: request,
    redirect=redirect,
    settings_of=lambda settings: settings,
)["acs"]


def unknown_here(organization_id: int, name: str) -> Any:
    """Whom the page finds where provisioning does not know them."""
    return _run(_unknown, User=User, fold=fold, name=fold(name), organization_id=organization_id)["user"]
