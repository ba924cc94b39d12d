"""URLs of an LMS whose SSO settings and accounts have texts for keys: any table with one will do."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.sites import all_sites
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import path

from example_project.urls import urlpatterns as example_urls
from scim_provisioning.admin import SCIMManagedAdminMixin, SCIMPanelMixin, register

site = admin.AdminSite()
register(site)
people = admin.AdminSite("people")


@admin.register(Session, site=site)
class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    pass


@admin.register(Session, site=people)
class LearnerAdmin(SCIMManagedAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    def scim_user(self, obj: Session) -> User:
        return User.objects.get(username=obj.session_key)


# The system checks look at every site that there is, and other tests ask them.
for other in (site, people):
    all_sites.discard(other)

urlpatterns = [path("admin/", site.urls), path("people/", people.urls), *example_urls]
