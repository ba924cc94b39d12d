"""Commands that read an export of a directory and write a report for a spreadsheet."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from scim_provisioning.administration import adoption
from scim_provisioning.administration.spreadsheets import lines
from scim_provisioning.models import SCIMConnection


def add_arguments(parser: ArgumentParser, *, without: str) -> None:
    """Declare the arguments of such a command; ``without``: who is meant where no file is named."""
    parser.add_argument("--connection", required=True, metavar="NAME", help="name or SSO key of it")
    parser.add_argument(
        "--from",
        dest="file",
        metavar="CSV",
        help=f"Entra's export: Users > Download users; without it, {without}",
    )
    parser.add_argument(
        "--user-name",
        default="userPrincipalName",
        metavar="COLUMN",
        help="the column that is mapped to userName (userPrincipalName)",
    )
    parser.add_argument(
        "--external-id", default="", metavar="COLUMN", help="the column that is mapped to externalId"
    )
    parser.add_argument("--report", metavar="FILE", help="write everybody into this CSV file")


def directory(connection: SCIMConnection, options: dict[str, Any]) -> adoption.Directory | None:
    """The people of the file that was named; None where none was. Raises ``CommandError`` for one that cannot be opened
    and ``ConnectionRefused`` for what is no export."""
    if not options["file"]:
        return None
    try:
        raw = Path(options["file"]).read_bytes()
    except OSError as error:
        raise CommandError(f"{options['file']}: {error.strerror}") from None
    return adoption.from_csv(
        connection, raw, user_name=options["user_name"], external_id=options["external_id"]
    )


def write(file: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write the report; returns what to say of it."""
    try:
        with Path(file).open("w", encoding="utf-8", newline="") as target:
            target.writelines(lines(header, rows))
    except OSError as error:
        raise CommandError(f"{file}: {error.strerror}") from None
    return f"The report is in {file}."
