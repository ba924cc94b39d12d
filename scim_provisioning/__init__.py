"""SCIM 2.0 user provisioning for a Django LMS: the identity provider pushes, learners change."""

from __future__ import annotations

__version__ = "0.1.0"
