"""What an administrator chose for a connection, as far as the host can keep it."""

from __future__ import annotations

from typing import TypeVar

from django.db.models import TextChoices

from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.models import OnDelete, PolicyChoice, ProvisionedUser, SCIMConnection
from scim_provisioning.rules.customers import is_lost

OptionT = TypeVar("OptionT", bound=TextChoices)


def offered(choice: PolicyChoice[OptionT], adapter_class: type[LearnerAdapter]) -> list[OptionT]:
    """The options of a policy that this host can keep: those whose hook, if they need one, it has written."""
    needs = choice.needs
    return [o for o in choice.options if o not in needs or adapter_class.overrides(needs[o])]


def in_force(
    choice: PolicyChoice[OptionT], connection: SCIMConnection, adapter_class: type[LearnerAdapter]
) -> OptionT:
    """The option chosen, or the default while the host cannot keep the one chosen."""
    chosen = choice.of(connection)
    return chosen if chosen in offered(choice, adapter_class) else choice.default


def erases(adapter: LearnerAdapter) -> bool:
    """Whether a DELETE of this learner erases them (one query, where the policy is to erase)."""
    chosen = in_force(SCIMConnection.on_delete, adapter.connection, type(adapter))
    return chosen is OnDelete.ERASE and may_be_erased(adapter)


def may_be_erased(adapter: LearnerAdapter) -> bool:
    """Whether this connection may have the host erase the learner. Not while another link manages the same account, and
    not a guest who never owned it: nobody can have another customer's people erased (one query)."""
    if not adapter.link.owns_profile:
        return False
    others = ProvisionedUser.objects.living().filter(connection__archived_at__isnull=True)
    beside = others.filter(user=adapter.obj).exclude(pk=adapter.link.pk)
    # From whose connection the LMS has moved the learner, manages nobody.
    return all(map(is_lost, beside.select_related("connection")))
