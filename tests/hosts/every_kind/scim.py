from __future__ import annotations

import scim_provisioning.adapters as scim
from example_project.lms.scim import tenant
from scim_provisioning.adapters import ENTERPRISE

from .models import Dossier

OWN = "urn:ietf:params:scim:schemas:extension:dossier:2.0:User"
WITHIN = {"organization_id": tenant}


class LearnerAdapter(scim.LearnerAdapter):
    rows = {"dossier": scim.RelatedRow(Dossier, within=WITHIN)}

    mapping = [
        scim.Text("userName", "username"),
        scim.Switch("dossier.status", on="active", off="suspended", never_from=("invited",)),
        scim.Email("emails", "email"),
        # The column must not be NULL, and another line of the new row stands before it.
        scim.Integer(f"{ENTERPRISE}:employeeNumber", "dossier.number"),
        scim.Reference(
            "title",
            "dossier.main_topic",
            within=WITHIN,
            defaults={"colour": lambda connection: "blue"},
            required=True,
        ),
        scim.Decimal(f"{OWN}:share", "dossier.share"),
        scim.Decimal(f"{OWN}:score", "dossier.score"),
        scim.Date(f"{OWN}:hired", "dossier.hired"),
        scim.DateTime(f"{OWN}:seen", "dossier.seen"),
        scim.Choice("userType", "dossier.level", values={"Junior": "J", "Senior": "S"}),
        scim.Choice(f"{OWN}:shift", "dossier.shift", values={"Day": 1, "Night": 2}, unknown=0),
        scim.Text("nickName", "dossier.badge"),
        scim.Text(f"{OWN}:place", "dossier.place"),
        scim.Boolean(f"{OWN}:remote", "dossier.remote"),
        scim.References(f"{OWN}:topics", "dossier.topics", within=WITHIN, others="remove"),
        scim.References(f"{ENTERPRISE}:department", "dossier.clubs", within=WITHIN),
        scim.Json(f"{ENTERPRISE}:costCenter", "dossier.data.cost.centre"),
        scim.Json(f"{OWN}:desk", "dossier.data.desk", type="integer"),
        scim.Json(f"{OWN}:vegan", "dossier.data.vegan", type="boolean"),
        # An extension may call its attributes as SCIM calls its own.
        scim.Text(f"{OWN}:active", "first_name"),
        scim.Text(f"{OWN}:userName", "last_name"),
    ]
