from __future__ import annotations

from django.contrib import admin

from scim_provisioning.admin import SCIMPanelMixin, SCIMUnitAdminMixin
from scim_provisioning.admin.provisioned_user import SCIMManagedAdminMixin

from .models import Customer, Department, Desk, Employer, Profile, SingleSignOn, Site, Squad


@admin.register(SingleSignOn)
class SingleSignOnAdmin(SCIMPanelMixin, admin.ModelAdmin):
    list_display = ("customer", "protocol")


@admin.register(Profile)
class ProfileAdmin(SCIMManagedAdminMixin, admin.ModelAdmin):
    list_display = ("user", "customer", "position", "squad")


@admin.register(Department, Employer, Site, Squad)
class UnitAdmin(SCIMUnitAdminMixin, admin.ModelAdmin):
    pass


admin.site.register([Customer, Desk])
