import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("scim_provisioning", "0014_log_indexes"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyFigure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("action", models.CharField(max_length=20, verbose_name="action")),
                ("error_code", models.CharField(blank=True, max_length=40, verbose_name="error code")),
                ("times", models.PositiveIntegerField(verbose_name="times")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_figures",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "daily figure",
                "verbose_name_plural": "daily figures",
                "indexes": [models.Index(fields=["day"], name="scim_daily_figure_day")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("connection", "day", "action", "error_code"),
                        name="scim_daily_figure_unique",
                    )
                ],
            },
        ),
    ]
