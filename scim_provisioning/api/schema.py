"""What drf-spectacular cannot guess: that a body and its answer have different shapes. Nothing without it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar

from rest_framework.settings import api_settings

View = TypeVar("View", bound=Callable[..., Any])


def described(*, request: Any, responses: Any) -> Callable[[View], View]:
    """``drf_spectacular.utils.extend_schema`` for a host that describes its API with it; else nothing."""
    if not _is_used():
        return lambda view: view
    extend_schema: Callable[..., Callable[[View], View]] = import_module(
        "drf_spectacular.utils"
    ).extend_schema
    return extend_schema(request=request, responses=responses)


def _is_used() -> bool:
    # Installed is not enough: what it attaches to a view breaks the REST framework's own generator.
    if find_spec("drf_spectacular") is None:
        return False
    used = api_settings.DEFAULT_SCHEMA_CLASS
    return isinstance(used, type) and issubclass(used, import_module("drf_spectacular.openapi").AutoSchema)
