"""The warning before many learners or accounts are deleted at once: what becomes of those whom SCIM manages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse

from scim_provisioning.models import ProvisionedUser

Action = Callable[..., Any]


def warned(action: Action) -> Action:
    """The action, whose question is told how many of the chosen are managed (one query)."""

    @wraps(action)
    def asked(model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        answer = action(model_admin, request, queryset)
        if isinstance(answer, TemplateResponse) and not answer.is_rendered:
            answer.context_data = {
                **(answer.context_data or {}),
                "scim_managed_count": _managed(model_admin, queryset),
            }
        return answer

    return asked


def _managed(model_admin: Any, queryset: QuerySet[Model]) -> int:
    """How many of these are managed, by whichever connection: it is for whoever may delete them to know."""
    column = model_admin.scim_account_column()
    if not column:
        return 0
    living = ProvisionedUser.objects.living().filter(connection__archived_at__isnull=True)
    accounts = living.filter(user__in=queryset.order_by().values(column))
    return accounts.values("user").distinct().count()
