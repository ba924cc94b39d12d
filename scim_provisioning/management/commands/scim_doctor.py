"""``manage.py scim_doctor``: what has not been set up on this server, each with the fix."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any, Final

from django.core.management.base import CommandError
from django.utils import translation

from scim_provisioning.administration import disconnection, doctor
from scim_provisioning.administration.report import Line, Result
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.models import SCIMConnection

_MARKS: Final = {Result.PASSED: "ok", Result.WARNING: "WARN", Result.FAILED: "FAIL", Result.UNKNOWN: "?"}
#: Exit codes as monitoring has them (Nagios and its kin): 1 is a warning, 2 is critical.
_CODES: Final = {Result.WARNING: 1, Result.FAILED: 2}


class Command(ScimCommand):
    """Changes nothing. Ends with 0 when all is well, 1 for warnings, 2 when something must be mended."""

    only_reads = True
    refused_code = _CODES[Result.FAILED]
    help = "Say what has not been set up on this server for SCIM provisioning, each with the fix."
    # It says itself what they say.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--json", action="store_true", help="a list of objects, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look. Raises ``CommandError`` where there is something to mend."""
        # As every command: English, whoever reads it.
        with translation.override("en"):
            lines = doctor.examine()
            if doctor.worst(lines) is not Result.FAILED:
                lines += doctor.contacts(list(SCIMConnection.objects.current()))
                lines += doctor.left_disconnections(disconnection.left())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(line) for line in lines], indent=2))
        else:
            for line in lines:
                self._print(line)
        worst = doctor.worst(lines)
        if code := _CODES.get(worst):
            count = sum(line.result in _CODES for line in lines)
            raise CommandError(f"{count} of {len(lines)} lines are to be looked at.", returncode=code)

    def _print(self, line: Line) -> None:
        found = f" ({line.found})" if line.found else ""
        self.stdout.write(f"{_MARKS[line.result]:4}  {line.what}{found}")
        if line.mend:
            self.stdout.write(f"      {line.mend}")
