"""An address an operation."""

from django.urls import path

from benchmarks.comparing.floor import views

urlpatterns = [
    path("people/by/userName", views.by_user_name),
    path("people/by/externalId", views.by_external_id),
    path("people/by/email", views.by_email),
    path("people/page", views.page),
    path("people/create", views.create),
    path("people/<str:scim_id>", views.one),
    path("people/<str:scim_id>/change", views.change),
]
