"""URLs of the example LMS."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import views
from django.urls import include, path
from django.views.generic import RedirectView

from example_project.lms.auth import ResetConfirmView, ResetForm

# By these names the admin's sign-in offers it.
_password_reset = [
    path("", views.PasswordResetView.as_view(form_class=ResetForm), name="admin_password_reset"),
    path("done/", views.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path("<uidb64>/<token>/", ResetConfirmView.as_view(), name="password_reset_confirm"),
    path("complete/", views.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/password_reset/", include(_password_reset)),
    path("admin/", admin.site.urls),
    path("", include("scim_provisioning.urls")),
]
