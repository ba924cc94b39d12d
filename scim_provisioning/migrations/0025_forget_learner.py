from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0024_reconciliation"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="provisioneduser",
            options={
                "permissions": (("forget_learner", "Can have people forgotten: erase what is kept of them"),),
                "verbose_name": "provisioned user",
                "verbose_name_plural": "provisioned users",
            },
        ),
    ]
