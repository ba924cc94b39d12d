"""The LMS's admin. SSOSettingsAdmin is the page on which an administrator connects an identity provider."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import URLField

from scim_provisioning.admin.host_units import SCIMUnitAdminMixin
from scim_provisioning.admin.provisioned_user import SCIMManagedAdminMixin
from scim_provisioning.admin.sso import SCIMPanelMixin

from .models import BusinessUnit, Company, Course, Learner, Organization, Progress, SSOSettings, Team


@admin.register(SSOSettings)
class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin):
    list_display = ("name", "organization", "enabled")
    list_filter = ("enabled",)
    search_fields = ("name", "organization__name", "entity_id")
    # Django 6.0's default; without it 5.2 warns at every form.
    formfield_overrides = {URLField: {"assume_scheme": "https"}}


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    search_fields = ("name",)


@admin.register(Company)
class CompanyAdmin(SCIMUnitAdminMixin, admin.ModelAdmin):
    list_display = ("name", "organization")
    list_filter = ("organization",)
    search_fields = ("name",)


@admin.register(BusinessUnit)
class BusinessUnitAdmin(SCIMUnitAdminMixin, admin.ModelAdmin):
    list_display = ("name", "organization")
    list_filter = ("organization",)
    search_fields = ("name",)


@admin.register(Team)
class TeamAdmin(SCIMUnitAdminMixin, admin.ModelAdmin):
    list_display = ("name", "organization")
    list_filter = ("organization",)
    search_fields = ("name",)


class ProgressInline(admin.TabularInline):
    model = Progress
    extra = 0


@admin.register(Learner)
class LearnerAdmin(SCIMManagedAdminMixin, admin.ModelAdmin):
    list_display = ("__str__", "user", "job_role", "company", "business_unit", "team", "manager", "is_active")
    list_filter = ("organization", "user__is_active", "team")
    list_select_related = ("user", "company", "business_unit", "team", "manager__user")
    search_fields = ("user__username", "user__first_name", "user__last_name", "user__email")
    autocomplete_fields = ("user", "organization", "company", "business_unit", "team", "manager")
    inlines = (ProgressInline,)

    @admin.display(boolean=True, description="active")
    def is_active(self, learner: Learner) -> bool:
        return learner.user.is_active


class AccountAdmin(SCIMManagedAdminMixin, UserAdmin):
    """Django's own page about accounts, on which names and addresses stand."""


# Where the project has no user model of its own.
if admin.site.is_registered(User):
    admin.site.unregister(User)
    admin.site.register(User, AccountAdmin)


@admin.register(Course)
class CourseAdmin(admin.ModelAdmin):
    list_display = ("title", "lessons")
    search_fields = ("title",)


@admin.register(Progress)
class ProgressAdmin(admin.ModelAdmin):
    list_display = ("learner", "course", "percent", "completed_at")
    list_filter = ("course",)
    list_select_related = ("learner__user", "course")
    autocomplete_fields = ("learner", "course")
