"""The app's tables as first released."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import scim_provisioning.models.event
import scim_provisioning.models.fields
import scim_provisioning.models.former_identifier
import scim_provisioning.models.provisioned_user


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SCIMConnection",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                (
                    "sso_key",
                    scim_provisioning.models.fields.ExactCharField(
                        blank=True, max_length=255, null=True, unique=True, verbose_name="SSO settings key"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                ("paused_at", models.DateTimeField(blank=True, null=True, verbose_name="paused at")),
                (
                    "pause_reason",
                    models.CharField(blank=True, max_length=200, verbose_name="reason of the pause"),
                ),
                (
                    "archived_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archived at"),
                ),
                (
                    "disconnected_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="disconnected at"
                    ),
                ),
                (
                    "policies",
                    models.JSONField(blank=True, default=dict, editable=False, verbose_name="policies"),
                ),
                (
                    "disconnected_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="disconnected by",
                    ),
                ),
                (
                    "paused_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="paused by",
                    ),
                ),
            ],
            options={
                "verbose_name": "SCIM connection",
                "verbose_name_plural": "SCIM connections",
                "ordering": ("name", "id"),
                "permissions": (
                    ("manage_policy", "Can change provisioning policies"),
                    ("approve_held", "Can approve held changes"),
                ),
            },
        ),
        migrations.CreateModel(
            name="ProvisionedUser",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "scim_id",
                    scim_provisioning.models.fields.ExactCharField(
                        default=scim_provisioning.models.provisioned_user.new_scim_id,
                        editable=False,
                        max_length=36,
                        unique=True,
                        verbose_name="SCIM id",
                    ),
                ),
                ("user_name", models.CharField(max_length=320, verbose_name="userName")),
                (
                    "user_name_key",
                    scim_provisioning.models.fields.ExactCharField(
                        blank=True, editable=False, max_length=640, null=True
                    ),
                ),
                (
                    "user_name_tombstone_key",
                    scim_provisioning.models.fields.ExactCharField(
                        blank=True, editable=False, max_length=640, null=True
                    ),
                ),
                (
                    "external_id",
                    scim_provisioning.models.fields.ExactCharField(
                        blank=True, max_length=320, null=True, verbose_name="externalId"
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="active")),
                ("owns_profile", models.BooleanField(default=True, verbose_name="owns the profile")),
                ("document", models.JSONField(blank=True, default=dict, verbose_name="SCIM document")),
                ("search", models.JSONField(blank=True, default=dict, editable=False)),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                (
                    "modified_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="modified at"
                    ),
                ),
                (
                    "deleted_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="deleted at"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="scim_links",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "provisioned user",
                "verbose_name_plural": "provisioned users",
            },
        ),
        migrations.CreateModel(
            name="FormerIdentifier",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("user_name", "userName"), ("email", "e-mail"), ("name", "name")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("value", models.CharField(max_length=320, verbose_name="value")),
                (
                    "key",
                    scim_provisioning.models.former_identifier.PrefixCharField(
                        editable=False, max_length=640
                    ),
                ),
                (
                    "noted_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="until"
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_identifiers",
                        to="scim_provisioning.provisioneduser",
                        verbose_name="learner",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "former identifier",
                "verbose_name_plural": "former identifiers",
            },
        ),
        migrations.CreateModel(
            name="SCIMToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("label", models.CharField(max_length=100, verbose_name="label")),
                (
                    "prefix",
                    scim_provisioning.models.fields.ExactCharField(
                        editable=False, max_length=8, unique=True, verbose_name="public part"
                    ),
                ),
                (
                    "digest",
                    models.CharField(editable=False, max_length=64, unique=True, verbose_name="digest"),
                ),
                (
                    "pepper_fingerprint",
                    models.CharField(blank=True, default="", editable=False, max_length=12),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created at"
                    ),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires at")),
                (
                    "revoked_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked at"),
                ),
                (
                    "allowed_networks",
                    models.JSONField(blank=True, default=list, verbose_name="allowed networks"),
                ),
                ("nonce_digest", models.CharField(editable=False, max_length=64, null=True, unique=True)),
                (
                    "last_used_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last used at"),
                ),
                (
                    "last_used_ip",
                    models.GenericIPAddressField(
                        blank=True, editable=False, null=True, verbose_name="last used from"
                    ),
                ),
                (
                    "last_used_agent",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="last used by"),
                ),
                (
                    "first_used_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first used"),
                ),
                (
                    "first_query_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first query"),
                ),
                (
                    "first_create_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first create"),
                ),
                (
                    "first_update_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="first update"),
                ),
                (
                    "first_deactivate_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="first deactivation"
                    ),
                ),
                (
                    "first_group_at",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="first group request"
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tokens",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="created by",
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="replaced_by",
                        to="scim_provisioning.scimtoken",
                        verbose_name="replaces",
                    ),
                ),
                (
                    "revoked_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="revoked by",
                    ),
                ),
            ],
            options={
                "verbose_name": "SCIM token",
                "verbose_name_plural": "SCIM tokens",
                "ordering": ("-created_at", "-id"),
                "permissions": (
                    ("generate_token", "Can generate SCIM tokens"),
                    ("revoke_token", "Can revoke SCIM tokens"),
                ),
            },
        ),
        migrations.CreateModel(
            name="ProvisioningEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("token_prefix", models.CharField(blank=True, max_length=8, verbose_name="token prefix")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="time")),
                (
                    "operation",
                    models.CharField(
                        choices=scim_provisioning.models.event.operation_choices,
                        max_length=20,
                        verbose_name="operation",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=scim_provisioning.models.event.action_choices,
                        max_length=20,
                        verbose_name="action",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[("applied", "Applied"), ("refused", "Refused")],
                        max_length=10,
                        verbose_name="result",
                    ),
                ),
                (
                    "status",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="HTTP status"),
                ),
                ("error_code", models.CharField(blank=True, max_length=40, verbose_name="error code")),
                ("detail", models.CharField(blank=True, max_length=500, verbose_name="detail")),
                ("cause", models.JSONField(blank=True, default=dict, verbose_name="cause")),
                ("changes", models.JSONField(blank=True, default=dict, verbose_name="changes")),
                ("ignored", models.JSONField(blank=True, default=list, verbose_name="ignored attributes")),
                ("user_name", models.CharField(blank=True, max_length=320, verbose_name="userName")),
                (
                    "user_name_key",
                    scim_provisioning.models.former_identifier.PrefixCharField(
                        blank=True, editable=False, max_length=640
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=320, verbose_name="externalId")),
                ("scim_id", models.CharField(blank=True, max_length=36, verbose_name="SCIM id")),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="request id")),
                ("method", models.CharField(blank=True, max_length=10, verbose_name="HTTP method")),
                ("path", models.CharField(blank=True, max_length=500, verbose_name="path")),
                ("address", models.CharField(blank=True, max_length=45, verbose_name="address")),
                ("client", models.CharField(blank=True, max_length=200, verbose_name="client")),
                (
                    "duration_ms",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="duration (ms)"),
                ),
                (
                    "actor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="administrator",
                    ),
                ),
                (
                    "link",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="events",
                        to="scim_provisioning.provisioneduser",
                        verbose_name="learner",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
                (
                    "token",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="events",
                        to="scim_provisioning.scimtoken",
                        verbose_name="token",
                    ),
                ),
            ],
            options={
                "verbose_name": "provisioning event",
                "verbose_name_plural": "provisioning log",
                "ordering": ("-id",),
                "permissions": (("export_log", "Can export the provisioning log"),),
            },
        ),
        migrations.CreateModel(
            name="SentNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=20, verbose_name="kind")),
                (
                    "key",
                    scim_provisioning.models.fields.ExactCharField(max_length=100, verbose_name="occasion"),
                ),
                (
                    "sent_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="sent at"
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sent_notices",
                        to="scim_provisioning.scimconnection",
                        verbose_name="connection",
                    ),
                ),
            ],
            options={
                "verbose_name": "sent notice",
                "verbose_name_plural": "sent notices",
            },
        ),
        migrations.CreateModel(
            name="ProvisioningPayload",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("request", models.TextField(blank=True, verbose_name="request")),
                ("response", models.TextField(blank=True, verbose_name="response")),
                ("request_truncated", models.BooleanField(default=False)),
                ("response_truncated", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="time")),
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="payload",
                        to="scim_provisioning.provisioningevent",
                        verbose_name="event",
                    ),
                ),
            ],
            options={
                "verbose_name": "provisioning payload",
                "verbose_name_plural": "provisioning payloads",
                "permissions": (("view_payload", "Can view values and messages in the provisioning log"),),
                "indexes": [models.Index(fields=["created_at"], name="scim_payload_created_at")],
            },
        ),
        migrations.AddIndex(
            model_name="provisioneduser",
            index=models.Index(fields=["connection", "deleted_at", "id"], name="scim_link_listing"),
        ),
        migrations.AddIndex(
            model_name="provisioneduser",
            index=models.Index(fields=["connection", "external_id"], name="scim_link_external_id"),
        ),
        migrations.AddIndex(
            model_name="provisioneduser",
            index=models.Index(fields=["connection", "user_name_tombstone_key"], name="scim_link_tombstone"),
        ),
        migrations.AddConstraint(
            model_name="provisioneduser",
            constraint=models.UniqueConstraint(
                fields=("connection", "user_name_key"), name="scim_link_user_name_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="formeridentifier",
            index=models.Index(fields=["connection", "key"], name="scim_former_identifier_key"),
        ),
        migrations.AddConstraint(
            model_name="formeridentifier",
            constraint=models.UniqueConstraint(
                fields=("link", "kind", "key"), name="scim_former_identifier_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["connection", "-id"], name="scim_event_connection"),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["connection", "link", "-id"], name="scim_event_link"),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["connection", "outcome", "-id"], name="scim_event_outcome"),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["request_id"], name="scim_event_request_id"),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["connection", "user_name_key"], name="scim_event_user_name_key"),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["external_id"], name="scim_event_external_id"),
        ),
        migrations.AddIndex(
            model_name="provisioningevent",
            index=models.Index(fields=["created_at"], name="scim_event_created_at"),
        ),
        migrations.AddConstraint(
            model_name="sentnotice",
            constraint=models.UniqueConstraint(
                fields=("connection", "kind", "key"), name="scim_sent_notice_unique"
            ),
        ),
    ]
