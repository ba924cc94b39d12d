"""What a host may answer and react to, beside its mapping. Every method has a default that does no harm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.db import models
from django.http import HttpRequest

from scim_provisioning.databases import making_models
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from scim_provisioning.models import ProvisioningEvent


class HostHooks:
    """Questions to the host, and news for it.

    ``on_...`` hooks receive keyword arguments, of those that are described here the ones that they name; they run
    inside the request's transaction, and only for a real change; an exception in one of them refuses the request as a
    whole. What leaves the database belongs into ``scim_provisioning.commits.after_commit``.
    ``scim_provisioning.signals`` has a signal for each.
    """

    @classmethod
    def tenant_enabled(cls, connection: SCIMConnection) -> bool:
        """Whether the host still serves this customer; False answers every request with 403."""
        return True

    @classmethod
    def tenant_may_sign_in(cls, connection: SCIMConnection) -> bool:
        """Whether the people of this customer may sign in; asked by ``scim_provisioning.sso.may_sign_in``. As long
        as the customer is served, by default; a host that locks people out while provisioning is paused asks
        ``connection.is_paused``."""
        return cls.tenant_enabled(connection)

    @classmethod
    def tenant_signs_in_by_sso(cls, connection: SCIMConnection) -> bool:
        """Whether the people of this customer sign in by single sign-on, and are therefore given no new password by a
        mail; asked by ``scim_provisioning.sso.may_reset_password``. By default as long as the SSO settings are on; of a
        host without ``SSO_MODEL``, always."""
        return connection.sso_is_on

    @classmethod
    def connections_for(cls, user: Any) -> models.QuerySet[SCIMConnection]:
        """The connections that this staff member may see in Django admin: all of them, unless the host gives
        its customers' own administrators accounts and narrows this."""
        return SCIMConnection.objects.all()

    @classmethod
    def confirm_identity(cls, request: HttpRequest) -> bool | None:
        """Whether the administrator has just proved again who they are, by the host's own step-up (a second
        factor, a fresh SSO sign-in). None, the default: the app asks for their password. Asked before every
        token and every other act that a stolen session must not do; on GET to know whether to ask."""
        return None

    def is_protected(self, user: Any) -> bool:
        """Whether provisioning must keep its hands off this account: staff and superusers by default."""
        return bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False))

    @classmethod
    def administrators(cls, connection: SCIMConnection) -> models.QuerySet[Any] | None:
        """The accounts that administer this customer's part of the LMS and can sign in: without those that are switched
        off. Provisioning never lets the last of them go. None, the default: the host has no such accounts, or does
        not mind."""
        return None

    @classmethod
    def seats(cls, connection: SCIMConnection) -> int | None:
        """How many people of this connection may be active at once; None, the default: as many as it likes.

        Asked in the transaction, once the person is saved, whenever somebody becomes active: where there are more then,
        they are refused (403, ``user.seats``). Counted are those whom SCIM shows as active. Whoever has learners that
        are not provisioned on the same licence takes them off here.
        """
        return None

    def new_account(self) -> models.Model:
        """A fresh, unsaved account without a usable password: these people sign in through SSO."""
        account = making_models.new(get_user_model())
        if type(account).set_unusable_password is AbstractBaseUser.set_unusable_password:
            # The same, without drawing forty letters one by one, which takes as long as writing the row.
            account.password = f"{UNUSABLE_PASSWORD_PREFIX}{token_hex(UNUSABLE_PASSWORD_SUFFIX_LENGTH // 2)}"
        else:
            account.set_unusable_password()
        return cast(models.Model, account)

    def restore(self, account: Any) -> None:
        """Make an account visible again that the host had hidden (soft deletion), or its hidden profile, because its
        person returns.

        There is no default. Without it the person is refused until somebody restores the account in the LMS.
        """
        raise NotImplementedError

    def merge(self, into: Any, other: Any) -> None:
        """Join two learners who are one person, because an administrator said so: bring progress, certificates and
        enrolments of ``other``, whose access has ended, to ``into``, who goes on. What becomes of ``other`` is the
        host's to say: it may be deleted. Called in the transaction, before what the mapping writes is written to
        ``into``.

        There is no default. Without it administrators are told that the two have to be joined by hand.
        """
        raise NotImplementedError

    def progress(self, learner: Any) -> str:
        """How far a learner has come, in a line for an administrator who has to say whether two accounts are one
        person's: "Welding safety 60 %, 2 certificates". In the language of the request. "", the default: nothing.

        Asked for the pages of the two accounts alone; it may read, and writes nothing.
        """
        return ""

    def revoke_access(self, learner: Any) -> None:
        """End what outlives ``is_active``: the host's API tokens, mobile sessions, LTI keys."""

    def erase(self, learner: Any) -> None:
        """Erase a person for good: whatever the host's duty to forget asks for, the account included or not.

        There is no default. A host that overrides it lets its administrators choose, for each connection, that
        DELETE erases. Called last, in the transaction: the learner is switched off, the log is written, and
        ``on_deactivated`` has run. Never called for an account that another connection still manages.
        """
        raise NotImplementedError

    @classmethod
    def overrides(cls, hook: str) -> bool:
        """Whether the host has written this hook itself."""
        own, ours = getattr(cls, hook), getattr(HostHooks, hook)
        # A class method is another object each time.
        return getattr(own, "__func__", own) is not getattr(ours, "__func__", ours)

    def on_provisioned(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """A learner was created, adopted or came back after a DELETE."""

    def on_updated(
        self, learner: Any, *, event: ProvisioningEvent, changes: Mapping[str, Sequence[Any]]
    ) -> None:
        """Attributes of a learner changed, and access did not. ``changes`` maps SCIM paths to ``[before, after]``."""

    def on_company_changed(self, learner: Any, *, event: ProvisioningEvent, old: Any, new: Any) -> None:
        """As ``on_team_changed``, of the field that ``organization`` is mapped to."""

    def on_business_unit_changed(self, learner: Any, *, event: ProvisioningEvent, old: Any, new: Any) -> None:
        """As ``on_team_changed``, of the field that ``division`` is mapped to."""

    def on_team_changed(self, learner: Any, *, event: ProvisioningEvent, old: Any, new: Any) -> None:
        """The field that ``department`` is mapped to holds something else: ``old`` and ``new`` are rows of the host's
        (values, where the field is no foreign key), or None.

        Called after the hook of the change itself, of newcomers too. Another spelling of the same team is no change,
        nor is a team whose row the LMS has renamed.
        """

    def on_identity_changed(
        self, learner: Any, *, event: ProvisioningEvent, before: Mapping[str, str], after: Mapping[str, str]
    ) -> None:
        """The name or the address that somebody signs in by changed, of an account that was here before it was linked;
        ``before`` and ``after`` map fields of the account to values.

        What the host had verified of the old address is not true of the new one. Called before the hook of the
        change itself, after the account's sessions were ended.
        """

    def on_deactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """A learner was switched off, by ``active: false`` or DELETE. Nothing was deleted."""

    def on_reactivated(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """A learner who had been switched off is active again."""

    def on_deleted(self, learner: Any, *, event: ProvisioningEvent) -> None:
        """The identity provider has deleted somebody, who is switched off and kept here; after ``on_deactivated``,
        where they were active until then, and before ``erase``. Who returns later is told of by ``on_provisioned``."""
