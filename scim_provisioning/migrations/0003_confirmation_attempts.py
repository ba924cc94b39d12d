"""Wrong answers to the question who is there are counted in the database."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0002_identity_and_access"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConfirmationAttempts",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "subject",
                    models.CharField(editable=False, max_length=64, unique=True, verbose_name="subject"),
                ),
                (
                    "wrong",
                    models.PositiveIntegerField(default=0, editable=False, verbose_name="wrong answers"),
                ),
                (
                    "began_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="began at"
                    ),
                ),
                ("last_at", models.DateTimeField(editable=False, null=True, verbose_name="last at")),
            ],
            options={
                "verbose_name": "unconfirmed identity",
                "verbose_name_plural": "unconfirmed identities",
                "indexes": [models.Index(fields=["began_at"], name="scim_confirmation_began")],
            },
        ),
    ]
