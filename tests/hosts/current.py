"""The host that this process runs: how it makes customers, and what it knows of a learner.

Each host says so in a module of its own, which its settings name as ``HOST``; the example LMS is the default.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Protocol, cast

from django.conf import settings

from scim_provisioning.administration import ownership
from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.factories import ConnectionFactory

Facts = dict[str, Any]


class Host(Protocol):
    """What a host's module offers to tests that run in every host."""

    def make_customer(self) -> Any:
        """A new customer of this LMS."""

    def make_sso(self, customer: Any) -> Any:
        """SSO settings of the customer, switched on."""

    def make_administrator(self, name: str, password: str) -> Any:
        """A superuser of this LMS."""

    def facts(self, user_name: str, customer: Any) -> Facts:
        """The seven facts about a learner, the e-mail address, and whether they may come in."""

    def retitle(self, user_name: str, customer: Any, title: str) -> None:
        """Change somebody's job role as the LMS's own pages do, past SCIM."""

    def switch(self, user_name: str, customer: Any, on: bool) -> None:
        """Switch somebody on or off as the LMS's own pages do, past SCIM."""

    def move(self, user_name: str, customer: Any, other: Any) -> bool:
        """Make somebody another customer's as the LMS's own pages do, past SCIM; False where it does not say whose an
        account is, as one of many customers'."""

    def spelled(self, text: str) -> str:
        """A request as the identity provider of this LMS's customers would fill it in."""


def host() -> Host:
    return cast(Host, import_module(getattr(settings, "HOST", "tests.hosts.profile")))


def make_connection(name: str = "Entra", customer: Any = None) -> SCIMConnection:
    """A connection of that customer; without one, of a customer of its own."""
    sso = host().make_sso(customer or host().make_customer())
    return ConnectionFactory(name=name, sso_key=str(sso.pk))


def spelled(body: Any) -> Any:
    """``body`` (JSON data of a test that any host could be sent) as this host's customers would send it."""
    return json.loads(host().spelled(json.dumps(body)))


def let_share(user_name: str, connection: str = "Other") -> None:
    """An administrator's word that the connection of this name may use the account of somebody who is here."""
    link = ProvisionedUser.objects.living().select_related("user").get(user_name=user_name)
    second = SCIMConnection.objects.get(name=connection)
    assert ownership.allow_share(second, link.user, actor=None, name=user_name)
