"""The host's own forms and lists of learners or accounts: what of them provisioning has a say in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.http import HttpRequest

from scim_provisioning.admin import managed_delete
from scim_provisioning.admin.managed_fields import Managed, is_written, managed_fields, switches
from scim_provisioning.admin.managed_filter import ManagedByFilter
from scim_provisioning.admin.rows_as_read import RowsAsRead, tell_how_it_stood
from scim_provisioning.administration import permissions


class ManagedForms(RowsAsRead):
    """Fields of provisioning are read-only and say where they come from; there is a filter "managed by", and a warning
    before many are deleted. What provisioning writes while a page is saved stays."""

    #: The field of this model that leads to the account; not asked when the model is the account.
    scim_user_field: ClassVar[str] = "user"
    #: Whether fields that provisioning writes can only be read here.
    scim_read_only: ClassVar[bool] = True

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Django's own; its question before many are deleted says how many of them are managed."""
        actions = super().get_actions(request)
        if found := actions.get("delete_selected"):
            actions["delete_selected"] = (managed_delete.warned(found[0]), *found[1:])
        return actions

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Django's own, and "managed by" for whoever may see connections."""
        own = super().get_list_filter(request)
        if self.scim_account_column() and permissions.may_view(request.user) and ManagedByFilter not in own:
            return [*own, ManagedByFilter]
        return own

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Django's own, and what provisioning writes of this person and nobody has locked."""
        own = super().get_readonly_fields(request, obj)
        managed = self._managed_fields(request, obj) if self.scim_read_only else {}
        left_out = {*own, *(self.get_exclude(request, obj) or ())}
        return [*own, *(name for name, one in managed.items() if one.is_read_only and name not in left_out)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Django's own, which puts at the end what can only be read: in the model's order."""
        found = super().get_fields(request, obj)
        if self.fields or not self._managed_fields(request, obj):
            return found
        order = [field.name for field in (*self.opts.fields, *self.opts.many_to_many)]
        return sorted(found, key=lambda name: order.index(name) if name in order else len(order))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Django's own; what can only be read has no input that could be filled."""
        own, read_only = super().get_prepopulated_fields(request, obj), self.get_readonly_fields(request, obj)
        return {name: source for name, source in own.items() if name not in read_only}

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Django's own, with where each value comes from in place of its help."""
        managed = self._managed_fields(request, obj)
        if managed:
            texts = getattr(getattr(self.form, "_meta", None), "help_texts", None) or {}
            said = {name: one.source for name, one in managed.items()}
            kwargs["help_texts"] = {**texts, **kwargs.get("help_texts", {}), **said}
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        account = None if obj is None else self.scim_user(obj)
        if account is not None:
            # Nobody is switched on by a page that was open when their identity provider switched them off.
            names = switches(self.admin_site, request, obj, account) & {*form.base_fields}
            tell_how_it_stood(form, request, names)
        return form

    def tells_how_rows_stood(self, request: HttpRequest, obj: Any, model: type[Model]) -> bool:
        """The rows of the list do; those beside a person where provisioning writes such."""
        if obj is None:
            return model is self.model and bool(self.scim_account_column())
        account = self.scim_user(obj)
        return account is not None and is_written(request, account, model)

    def scim_account_column(self) -> str:
        """The column of this admin's rows that names the account; empty where none does."""
        if issubclass(self.model, get_user_model()):
            return "pk"
        try:
            return str(self.opts.get_field(self.scim_user_field).name)
        except FieldDoesNotExist:
            return ""

    def _managed_fields(self, request: HttpRequest, obj: Any) -> dict[str, Managed]:
        account = None if obj is None else self.scim_user(obj)
        return {} if account is None else managed_fields(self.admin_site, request, obj, account)

    def scim_user(self, obj: Any) -> Any:
        """The account behind a row of this admin."""
        return obj if isinstance(obj, get_user_model()) else getattr(obj, self.scim_user_field, None)
