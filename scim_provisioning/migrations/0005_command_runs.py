"""When the commands that cron should run were last done is remembered."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0004_counted_refusals"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommandRun",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50, unique=True, verbose_name="command")),
                (
                    "last_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="last run"
                    ),
                ),
            ],
            options={
                "verbose_name": "command run",
                "verbose_name_plural": "command runs",
            },
        ),
    ]
