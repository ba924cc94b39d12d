from django.db import migrations

import scim_provisioning.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0018_units_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="sharedaccount",
            name="customer",
            field=scim_provisioning.models.fields.ExactCharField(
                blank=True, db_default="", default="", editable=False, max_length=200, verbose_name="customer"
            ),
        ),
    ]
