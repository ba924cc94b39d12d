from django.apps import AppConfig


class MembershipConfig(AppConfig):
    name = "tests.hosts.membership"
    label = "membership"
    default_auto_field = "django.db.models.BigAutoField"
