"""A host whose profile has a field of every kind that can be mapped."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models


class Topic(models.Model):
    name = models.CharField(max_length=80)
    organization = models.ForeignKey("lms.Organization", models.CASCADE)
    colour = models.CharField(max_length=10, default="grey")

    def __str__(self) -> str:
        return self.name


class Dossier(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="dossier")
    organization = models.ForeignKey("lms.Organization", models.CASCADE)
    number = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(99_999)])
    share = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    hired = models.DateField(null=True, blank=True)
    seen = models.DateTimeField(null=True, blank=True)
    level = models.CharField(
        max_length=1, default="J", choices=[("J", "Junior"), ("S", "Senior"), ("L", "Lead")]
    )
    shift = models.PositiveSmallIntegerField(default=0, choices=[(0, "none"), (1, "day"), (2, "night")])
    badge = models.CharField(max_length=20, blank=True, validators=[RegexValidator(r"^B-\d+$")])
    remote = models.BooleanField(default=False)
    status = models.CharField(
        max_length=10,
        default="invited",
        choices=[("invited", "Invited"), ("active", "Active"), ("suspended", "Suspended")],
    )
    main_topic = models.ForeignKey(Topic, models.PROTECT, related_name="+")
    topics = models.ManyToManyField(Topic, related_name="readers")
    clubs = models.ManyToManyField("lms.Team", related_name="dossiers")
    data = models.JSONField(default=dict, blank=True)
    note = models.CharField(max_length=20, default="as hired", editable=False)
    place = models.CharField(max_length=20, default="Leith")

    def __str__(self) -> str:
        return str(self.user)
