from __future__ import annotations

from django.contrib import admin

from scim_provisioning.admin import SCIMPanelMixin, SCIMUnitAdminMixin
from scim_provisioning.admin.provisioned_user import SCIMManagedAdminMixin

from .models import Club, Company, Division, Membership, Role, SignIn, Team


@admin.register(SignIn)
class SignInAdmin(SCIMPanelMixin, admin.ModelAdmin):
    list_display = ("club", "enabled")


@admin.register(Membership)
class MembershipAdmin(SCIMManagedAdminMixin, admin.ModelAdmin):
    list_display = ("user", "club", "role", "status")
    list_filter = ("status",)


@admin.register(Company, Division, Team)
class UnitAdmin(SCIMUnitAdminMixin, admin.ModelAdmin):
    pass


admin.site.register([Club, Role])
