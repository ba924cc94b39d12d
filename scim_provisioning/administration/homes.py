"""Where what a change writes lives: one transaction is one database's, and a change is one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models, router

from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.conf import app_settings
from scim_provisioning.models import SCIMConnection


def written() -> dict[str, str]:
    """The database of every model that a change is written to, by its label: this app's, the account, the mapped rows
    and the rows that they refer to."""
    own = apps.get_app_config(SCIMConnection._meta.app_label).get_models()
    return {model._meta.label: _home(model) for model in (*own, get_user_model(), *_mapped())}


def sso_apart() -> tuple[str, str] | None:
    """The label of SSO_MODEL, and its database where that is another one than this app's."""
    try:
        model = apps.get_model(str(app_settings.sso_model or ""))
    except (LookupError, ValueError):  # the check of SSO_MODEL says so
        return None
    home = _home(model)
    return None if home == _home(SCIMConnection) else (model._meta.label, home)


def _mapped() -> Iterator[type[models.Model]]:
    try:
        compiled = get_adapter_class().compiled(None)
    except Exception:  # whatever the host's module does; other checks and lines say so
        return
    yield from (source.model for source in compiled.sources.values())
    fields: Iterator[Any] = (entry.field for entry in compiled.entries if entry.field is not None)
    yield from (field.related_model for field in fields if field.is_relation and field.related_model)


def _home(model: type[models.Model]) -> str:
    name: str = router.db_for_write(model)
    return name
