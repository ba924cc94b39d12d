"""The answer 403 in words: what is missing, and who can give it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from scim_provisioning.administration import permissions

TEMPLATE: Final = "scim_provisioning/admin/denied.html"

P = ParamSpec("P")
Answer = TypeVar("Answer", bound=HttpResponseBase)


def in_words(
    model_admin: ModelAdmin[Any],
    request: HttpRequest,
    view: Callable[P, Answer],
    *args: P.args,
    **kwargs: P.kwargs,
) -> Answer | TemplateResponse:
    """What ``view`` answers; where this person may not, a page of the admin that says so (403)."""
    try:
        return view(*args, **kwargs)
    except PermissionDenied as denied:
        request.current_app = model_admin.admin_site.name
        context = {
            **model_admin.admin_site.each_context(request),
            "title": _("You may not do this"),
            "sentence": str(denied)
            or str(permissions.first_missing(request.user, *getattr(model_admin, "needed", ())))
            or _("It is not among what your account may do here."),
            "opts": model_admin.opts,
            "media": model_admin.media,
            "may_view": permissions.may_view(request.user),
        }
        return TemplateResponse(request, TEMPLATE, context, status=403)
