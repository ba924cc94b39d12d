"""Options that every command of Django's takes."""

from __future__ import annotations

from argparse import SUPPRESS

from django.core.management.base import BaseCommand, CommandParser


def base_options() -> CommandParser:
    """A parent for sub-commands: Django's own options (``--skip-checks``, ``--settings``, ``-v`` ...) may stand
    behind the sub-command too, where one looks for them. What is left out there stays as it was said before it."""
    parser = BaseCommand().create_parser("manage.py", "", add_help=False)
    for action in parser._actions:
        action.default = SUPPRESS
    return parser
