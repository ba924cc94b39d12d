from django.db import migrations, models

from scim_provisioning.migrations._operations import AddIndexBesideWriters


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("scim_provisioning", "0013_asks_document_index"),
    ]

    operations = [
        AddIndexBesideWriters(
            model_name="provisioningevent",
            index=models.Index(fields=["connection", "action", "-id"], name="scim_event_action"),
        ),
        AddIndexBesideWriters(
            model_name="provisioningevent",
            index=models.Index(fields=["connection", "error_code", "-id"], name="scim_event_error_code"),
        ),
    ]
