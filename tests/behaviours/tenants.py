"""Nobody reads, writes or locks what is another customer's."""

from __future__ import annotations

import copy
from typing import Any

from django.db import models

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.provisioning.loading import load_locked
from tests.behaviours.mutant import is_instead, mutants


def lists_all_tenants(original: Any) -> Any:
    def joined_links(compiled: Any, connection: Any) -> Any:
        links = ProvisionedUser.objects.filter(user__isnull=False)
        links.query.select_related = original(compiled, connection).query.select_related
        return links

    return joined_links


def locks_in_all_tenants(original: Any) -> Any:
    def load_for_update(caller: Any, scim_id: Any) -> Any:
        locked = ProvisionedUser.objects.living().select_for_update().filter(scim_id=scim_id)
        return load_locked(caller, locked.values_list("pk", flat=True).get())

    return load_for_update


def finds_in_all_tenants(original: Any) -> Any:
    def find(people: Any, scim_id: Any) -> Any:
        link = ProvisionedUser.objects.filter(scim_id=scim_id).first()
        elsewhere = copy.copy(people)
        elsewhere._connection = link.connection if link else people._connection
        return original(elsewhere, scim_id)

    return find


def of_whatever_tenant(original: Any) -> Any:
    """Neither the seal of a cursor names a tenant, nor the search for the person at whom it stands."""
    if original.__name__ in ("seal", "unseal"):
        return lambda connection, *others: original(SCIMConnection(), *others)
    if original.__name__ == "_key_of":
        return lambda connection, scim_id: ProvisionedUser.objects.filter(scim_id=scim_id).values_list("pk")

    def after(connection: Any, scim_id: Any, *others: Any) -> Any:
        return original(ProvisionedUser.objects.get(scim_id=scim_id).connection, scim_id, *others)

    return after


_TENANCY = "tests/test_tenancy.py::"

MUTANTS = mutants(
    (
        "the tenant stands in what is listed and read",
        "adapters.reading:joined_links",
        lists_all_tenants,
        f"{_TENANCY}test_foreign_id_is_answered_exactly_as_an_unknown_one",
    ),
    (
        "the tenant stands in what is saved",
        "models.provisioned_user:ProvisionedUser._do_update",
        is_instead(models.Model._do_update),  # type: ignore[attr-defined]
        f"{_TENANCY}test_every_statement_on_a_customers_rows_names_the_tenant",
    ),
    (
        "the tenant stands in what is locked",
        "provisioning.loading:load_for_update",
        locks_in_all_tenants,
        f"{_TENANCY}test_every_statement_on_a_customers_rows_names_the_tenant",
    ),
    (
        "managers are found in one's own tenant",
        "adapters.people:People.find",
        finds_in_all_tenants,
        f"{_TENANCY}test_foreign_manager_is_kept_as_text_and_never_linked",
    ),
    (
        "cursors belong to a tenant",
        "provisioning.cursors:seal provisioning.cursors:unseal "
        "provisioning.searching:_after provisioning.listing:_key_of",
        of_whatever_tenant,
        f"{_TENANCY}test_cursor_of_the_other_customer_is_invalid",
    ),
)
