"""What the academy tells scim_provisioning."""

from __future__ import annotations

from typing import Any

from django.db import models

import scim_provisioning.adapters as scim
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.models import SCIMConnection

from .models import User

ACADEMY = "urn:ietf:params:scim:schemas:extension:academy:2.0:User"


def tenant(connection: SCIMConnection) -> int:
    customer_id: int = connection.sso.customer_id
    return customer_id


class LearnerAdapter(scim.LearnerAdapter):
    # People sign in with the address by which their directory names them.
    user_name_is_sso_subject = True

    # Whose an account is stands in its own row.
    rows = {"": scim.RelatedRow(User, within={"customer_id": tenant})}

    mapping = [
        scim.Text("userName", "email"),
        scim.Text("name.givenName", "given_name"),
        scim.Text("name.familyName", "family_name"),
        scim.Text("title", "job_title"),
        scim.Text(f"{ENTERPRISE}:organization", "company"),
        scim.Text(f"{ENTERPRISE}:division", "business_unit"),
        # Directories that know all of somebody's teams send the academy's own attribute, the others one department.
        scim.References(f"{ACADEMY}:teams", "teams", within={"customer_id": tenant}, others="keep"),
        scim.References(f"{ENTERPRISE}:department", "teams", within={"customer_id": tenant}, others="keep"),
        scim.Manager("manager"),
        scim.Integer(f"{ENTERPRISE}:employeeNumber", "employee_number"),
        scim.Date(f"{ACADEMY}:hireDate", "hired_on"),
        scim.Choice(f"{ACADEMY}:level", "level", values={"Junior": "J", "Senior": "S", "Lead": "L"}),
        scim.Json(f"{ENTERPRISE}:costCenter", "preferences.cost_centre"),
    ]

    def new_account(self) -> models.Model:
        account = super().new_account()
        account.customer_id = tenant(self.connection)  # type: ignore[attr-defined]
        return account

    @classmethod
    def tenant_users(cls, connection: SCIMConnection) -> models.QuerySet[User]:
        return User.everybody.filter(customer_id=tenant(connection))

    def delete(self) -> None:
        """A DELETE hides somebody, as the academy's own pages do."""
        super().delete()
        self.obj.soft_delete()

    def restore(self, account: Any) -> None:
        account.deleted_at = None
        account.save(update_fields=["deleted_at"])

    def step_aside(self, account: Any) -> None:
        account.email = f"{account.pk}@left.invalid"
        account.save(update_fields=["email"])
