"""Factories for the app's own tables, for a host's tests and ours. Needs factory-boy.

connection = ConnectionFactory(sso_key=str(sso_row.pk))
token = TokenFactory(connection=connection).plaintext
"""

from __future__ import annotations

from typing import Any

import factory
from django.conf import settings
from django.contrib.auth import get_user_model
from factory.django import DjangoModelFactory

from scim_provisioning import tokens
from scim_provisioning.models import ProvisionedUser, SCIMConnection, SCIMToken
from scim_provisioning.models.provisioned_user import user_name_key


class ConnectionFactory(DjangoModelFactory[SCIMConnection]):
    """A connection that stands alone; give `sso_key` to tie it to a row of the host's SSO settings."""

    class Meta:
        model = SCIMConnection

    name = factory.Sequence("Connection {}".format)


class TokenFactory(DjangoModelFactory[SCIMToken]):
    """A live token, made by `tokens.issue`; `plaintext` on the returned row is what a client sends.

    Takes the arguments of `tokens.issue`, and raises `tokens.TokenRefused` as that does. Every other field of
    SCIMToken (`expires_at`, `last_used_at`, ...) is set on the row afterwards.
    """

    class Meta:
        model = SCIMToken

    connection = factory.SubFactory(ConnectionFactory)
    label = factory.Sequence("Token {}".format)

    @classmethod
    def _create(cls, model_class: type[SCIMToken], *args: Any, **kwargs: Any) -> SCIMToken:
        names = {"connection", "label", "expires_in_days", "allowed_networks", "created_by"}
        fields = {name: kwargs.pop(name) for name in list(kwargs) if name not in names}
        token, plaintext = tokens.issue(kwargs.pop("connection"), **kwargs)
        if fields:
            for name, value in fields.items():
                setattr(token, name, value)
            token.save()
        token.plaintext = plaintext  # type: ignore[attr-defined]
        return token


class UserFactory(DjangoModelFactory[Any]):
    """An account of the host's user model, without a password."""

    class Meta:
        model = settings.AUTH_USER_MODEL

    @classmethod
    def _create(cls, model_class: type[Any], *args: Any, **kwargs: Any) -> Any:
        account = get_user_model()
        kwargs.setdefault(account.USERNAME_FIELD, kwargs.pop("user_name", None) or cls._next_name())
        user = model_class(*args, **kwargs)
        user.set_unusable_password()
        user.save()
        return user

    @classmethod
    def _next_name(cls) -> str:
        return f"person{cls._meta.next_sequence()}@example.org"


class ProvisionedUserFactory(DjangoModelFactory[ProvisionedUser]):
    """A living link, with an account of the same user name.

    `document` holds what the mapping does not, as the identity provider sent it. What it must be found by (in
    `search`) is not filled in: create people over HTTP where filters on unmapped attributes matter.
    """

    class Meta:
        model = ProvisionedUser

    connection = factory.SubFactory(ConnectionFactory)
    user_name = factory.Sequence("learner{}@example.org".format)
    user_name_key = factory.LazyAttribute(lambda link: user_name_key(link.user_name))
    user = factory.SubFactory(UserFactory, user_name=factory.SelfAttribute("..user_name"))
    document = factory.LazyAttribute(lambda link: {"userName": link.user_name, "active": True})
