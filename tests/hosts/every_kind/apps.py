from django.apps import AppConfig


class EveryKindConfig(AppConfig):
    name = "tests.hosts.every_kind"
    label = "every_kind"
    default_auto_field = "django.db.models.BigAutoField"
