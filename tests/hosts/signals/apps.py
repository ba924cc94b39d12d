from django.apps import AppConfig


class SignalsConfig(AppConfig):
    name = "tests.hosts.signals"
    label = "signals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import receivers  # noqa: F401  # models are loaded only now
