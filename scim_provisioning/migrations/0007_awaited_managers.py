from django.db import migrations, models

import scim_provisioning.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0006_disconnection"),
    ]

    operations = [
        migrations.AddField(
            model_name="provisioneduser",
            name="awaited_manager",
            field=scim_provisioning.models.fields.ExactCharField(
                blank=True, editable=False, max_length=36, null=True
            ),
        ),
        migrations.AddIndex(
            model_name="provisioneduser",
            index=models.Index(fields=["connection", "awaited_manager"], name="scim_link_awaited_manager"),
        ),
    ]
