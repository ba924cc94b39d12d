from django.db import migrations, models

from scim_provisioning.migrations._operations import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("scim_provisioning", "0017_units"),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name="referencekey",
            index=models.Index(fields=["scope", "heard_at"], name="scim_reference_scope"),
        ),
    ]
