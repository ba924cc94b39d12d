"""SCIM 2.0 on plain Python data: schemas, filters, paths, PATCH, messages. It never imports Django."""

from __future__ import annotations
