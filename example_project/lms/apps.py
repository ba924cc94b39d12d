from __future__ import annotations

from django.apps import AppConfig


class LMSConfig(AppConfig):
    name = "example_project.lms"
    label = "lms"
    verbose_name = "Learning"
    default_auto_field = "django.db.models.BigAutoField"
