"""The example LMS, a page that says who is signed in, and one on which they change their password."""

from __future__ import annotations

from django.contrib.auth.views import PasswordChangeView
from django.http import HttpRequest, HttpResponse
from django.urls import path

from example_project.urls import urlpatterns as lms


def whoami(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.get_username() if request.user.is_authenticated else "nobody")


urlpatterns = [
    path("whoami/", whoami),
    path("password/", PasswordChangeView.as_view(success_url="/whoami/")),
    *lms,
]
