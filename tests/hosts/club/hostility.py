"""What the club's settings do to every view that does not defend itself: its API is for its own front end."""

from __future__ import annotations

from typing import Any

from django.db import models
from rest_framework.exceptions import APIException
from rest_framework.response import Response

Model = type[models.Model]


class OneDatabase:
    """Names the database of everything, as a project does that is about to have a second one."""

    def db_for_read(self, model: Model, **hints: Any) -> str:
        return "default"

    def db_for_write(self, model: Model, **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool:
        return db == "default"


def envelope(error: Exception, context: dict[str, Any]) -> Response:
    """Every error in the form of the club's front end, which takes 200 for an answer."""
    status = error.status_code if isinstance(error, APIException) else 500
    return Response({"ok": False, "status": status}, status=200)
