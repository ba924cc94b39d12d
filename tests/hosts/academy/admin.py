from __future__ import annotations

from django.contrib import admin

from scim_provisioning.admin import SCIMPanelMixin, SCIMUnitAdminMixin
from scim_provisioning.admin.provisioned_user import SCIMManagedAdminMixin

from .models import Customer, IdentityProvider, Team, User


@admin.register(IdentityProvider)
class IdentityProviderAdmin(SCIMPanelMixin, admin.ModelAdmin):
    list_display = ("customer", "is_live")


@admin.register(User)
class UserAdmin(SCIMManagedAdminMixin, admin.ModelAdmin):
    list_display = ("email", "customer", "level", "is_active")
    search_fields = ("email", "given_name", "family_name")
    exclude = ("password",)


@admin.register(Team)
class UnitAdmin(SCIMUnitAdminMixin, admin.ModelAdmin):
    pass


admin.site.register(Customer)
