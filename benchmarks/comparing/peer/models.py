"""django-scim2's columns on the account itself, as it wants them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Token(models.Model):
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.digest[:8]


class Group(AbstractSCIMGroupMixin):
    name = models.CharField(max_length=150)

    def __str__(self) -> str:
        return self.name


class User(AbstractSCIMUserMixin, AbstractUser):
    title = models.CharField(max_length=150)
    scim_groups = models.ManyToManyField(Group, related_name="user_set")
