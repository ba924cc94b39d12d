"""Who may see which connection, and do what with it. Every page of the admin and every view of the API asks here.

An administrator may act on a connection when both hold:

1. the adapter's ``connections_for(user)`` has it: an administrator of one customer sees one customer;
2. they have the permission that the page names (``view_scimconnection`` at least).

What is not theirs to see is a 404, as if it did not exist; what they see but may not do is a 403.
"""

from __future__ import annotations

import logging
from typing import Any, Final, TypeVar

from django.apps import apps
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from scim_provisioning.administration import host
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection

logger = logging.getLogger("scim_provisioning.administration")

APP: Final = "scim_provisioning"

VIEW: Final = "view_scimconnection"
ADD: Final = "add_scimconnection"
CHANGE: Final = "change_scimconnection"
GENERATE: Final = "generate_token"
REVOKE: Final = "revoke_token"
MANAGE_POLICY: Final = "manage_policy"
APPROVE_HELD: Final = "approve_held"
VIEW_PAYLOAD: Final = "view_payload"
FORGET: Final = "forget_learner"
EXPORT_LOG: Final = "export_log"
VIEW_LOG: Final = "view_provisioningevent"

# Up to so many connections their keys are written into a statement, which then uses the table's own index;
# beyond it the adapter's query becomes a subquery.
_KEYS_IN_A_STATEMENT: Final = 500

Row = TypeVar("Row", bound=Model)


def visible_connections(user: Any) -> QuerySet[SCIMConnection]:
    """The connections ``user`` may see, by the host's adapter; archived ones are among them.

    While the adapter cannot be loaded nobody sees anything but superusers, who must be able to read why.
    """
    if not (user.is_active and user.is_staff):
        return SCIMConnection.objects.none()
    try:
        adapter_class = host.adapter_class()
    except host.AdapterBroken:
        # The admin index must not die of it.
        logger.exception("The adapter cannot be loaded.")
        return SCIMConnection.objects.all() if user.is_superuser else SCIMConnection.objects.none()
    return adapter_class.connections_for(user)


def within(queryset: QuerySet[Row], lookup: str, connections: QuerySet[SCIMConnection]) -> QuerySet[Row]:
    """``queryset`` limited to rows whose ``lookup`` (``"connection"``, ``"pk"``) is in ``connections``."""
    if _are_all(connections):
        return queryset
    keys = list(connections.order_by().values_list("pk", flat=True)[: _KEYS_IN_A_STATEMENT + 1])
    few = len(keys) <= _KEYS_IN_A_STATEMENT
    return queryset.filter(**{f"{lookup}__in": keys if few else connections.order_by().values("pk")})


def only_key(connections: QuerySet[SCIMConnection]) -> int | None:
    """The key of the one connection that these are; None where they are more or none, or all that there are."""
    keys = [] if _are_all(connections) else list(connections.order_by().values_list("pk", flat=True)[:2])
    return keys[0] if len(keys) == 1 else None


def _are_all(connections: QuerySet[SCIMConnection]) -> bool:
    return not connections.query.has_filters() and not connections.query.is_sliced


def has_permission(user: Any, codename: str) -> bool:
    """Whether ``user`` has a permission of this app, given by its codename alone."""
    return bool(user.has_perm(f"{APP}.{codename}"))


def may_view(user: Any) -> bool:
    """Whether ``user`` may open pages about connections at all; to change one is to view it."""
    return has_permission(user, VIEW) or has_permission(user, CHANGE)


def may_read_log(user: Any) -> bool:
    """Whether ``user`` may read the provisioning log, of the connections that they see."""
    return may_view(user) and has_permission(user, VIEW_LOG)


def sees(user: Any, connection: SCIMConnection) -> bool:
    """Whether this connection is one of those that ``user`` may see (one query)."""
    return visible_connections(user).filter(pk=connection.pk).exists()


def may(user: Any, codename: str, connection: SCIMConnection) -> bool:
    """Whether ``user`` sees this connection and has this permission (one query)."""
    return may_view(user) and has_permission(user, codename) and sees(user, connection)


def may_change_sso(user: Any, key: str) -> bool:
    """Whether ``user`` may change the host's SSO settings that have this key, by the permissions of their model.

    A back-end that knows permissions of single rows is asked about the row; whether there is one, nobody without
    any permission learns from the answer. True where the host has no SSO settings.
    """
    if app_settings.sso_model is None:
        return True
    opts = apps.get_model(app_settings.sso_model)._meta
    permission = f"{opts.app_label}.{get_permission_codename('change', opts)}"
    if user.has_perm(permission):
        return True
    row = SCIMConnection(sso_key=key).load_sso()
    return row is not None and bool(user.has_perm(permission, row))


def missing(codename: str) -> PermissionDenied:
    """The refusal of somebody who lacks a permission of this app: it says which."""
    return PermissionDenied(_("It needs the permission “%(permission)s”.") % {"permission": named(codename)})


def first_missing(user: Any, *codenames: str) -> PermissionDenied:
    """The same of several that are needed, in this order: it names the first that is missing; where none is, and a rule
    of the host's refuses, nothing."""
    for codename in codenames:
        if not (may_view(user) if codename == VIEW else has_permission(user, codename)):
            return missing(codename)
    return PermissionDenied()


def missing_of_sso(user: Any, model: type[Model], *codenames: str) -> PermissionDenied:
    """The same where the host's SSO settings are to be changed as well, which is asked first."""
    opts = model._meta
    if user.has_perm(f"{opts.app_label}.{get_permission_codename('change', opts)}"):
        return first_missing(user, *codenames)
    name = f"Can change {opts.verbose_name_raw}"
    return PermissionDenied(_("It needs the permission “%(permission)s”.") % {"permission": name})


def named(codename: str) -> str:
    """A permission as the page on which it is given calls it."""
    for model in apps.get_app_config(APP).get_models():
        for known, words in model._meta.permissions:
            if known == codename:
                return str(words)
        for action in model._meta.default_permissions:
            if get_permission_codename(action, model._meta) == codename:
                return f"Can {action} {model._meta.verbose_name_raw}"
    return codename


def get_connection(request: HttpRequest, object_id: str, codename: str = VIEW) -> SCIMConnection:
    """The connection of a URL, for a page that needs ``codename``.

    Raises ``Http404`` for what this person must not see, ``PermissionDenied`` for what they may not do.
    """
    if not may_view(request.user):
        raise missing(VIEW)
    try:
        connection = visible_connections(request.user).get(pk=object_id)
    except (SCIMConnection.DoesNotExist, ValueError, ValidationError):
        raise Http404("There is no such SCIM connection.") from None
    if codename != VIEW and not has_permission(request.user, codename):
        raise missing(codename)
    return connection
