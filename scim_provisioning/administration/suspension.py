"""How many learners a connection manages, and how many of them an end of it would concern."""

from __future__ import annotations

from django.db.models import Q

from scim_provisioning import rules
from scim_provisioning.adapters.sql.columns import Columns
from scim_provisioning.administration import host
from scim_provisioning.models import OnDisconnect, ProvisionedUser, ProvisionedUserQuerySet, SCIMConnection
from scim_provisioning.rules.customers import customer


def count(connection: SCIMConnection) -> tuple[int, int]:
    """How many learners the connection manages, and how many of them are shown as inactive (two queries)."""
    managed = ProvisionedUser.objects.living().filter(connection=connection).count()
    return managed, managed - active(connection).count()


def present(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """The learners whose account the LMS has neither deleted nor moved to another customer."""
    people = ProvisionedUser.objects.living().filter(connection=connection, user__isnull=False)
    try:
        host.adapter_class()
    except host.AdapterBroken:
        return people
    return people.filter(customer(connection).has)


def active(connection: SCIMConnection) -> ProvisionedUserQuerySet:
    """The learners whom SCIM shows as active: those who are on in the application."""
    try:
        adapter_class = host.adapter_class()
    except host.AdapterBroken:
        # Nobody can ask the host: what the identity provider wants is known all the same.
        return ProvisionedUser.objects.living().filter(connection=connection, active=True)
    return rules.holders(adapter_class, connection)


def drifted(connection: SCIMConnection) -> int:
    """Of how many learners the account is on though the identity provider switched it off, or the other way round (one
    query)."""
    adapter_class = host.adapter_class()
    is_on = Columns(adapter_class.compiled(connection), connection).is_active()
    people = adapter_class.links(connection).living()
    return people.filter((Q(active=True) & ~is_on) | (Q(active=False) & is_on)).count()


def concerned(connection: SCIMConnection, choice: OnDisconnect) -> int:
    """For how many learners something changes when the connection ends with this choice (one query); all of them
    where they are handed back."""
    if choice is OnDisconnect.SUSPEND:
        return active(connection).count()
    if choice is OnDisconnect.SSO_ONLY:
        # Django marks an unusable password by its first character.
        return present(connection).exclude(user__password__startswith="!").count()  # noqa: S106 - no password
    return present(connection).count()
