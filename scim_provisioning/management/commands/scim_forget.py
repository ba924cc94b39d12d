"""``manage.py scim_forget``: erase what is kept of a person on a connection. Shows what that would be without
``--apply``."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import translation

from scim_provisioning.administration import erasure
from scim_provisioning.administration.erasure import Forgotten, Person
from scim_provisioning.administration.people.answer import Answer
from scim_provisioning.management import tables
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_among
from scim_provisioning.models import SCIMConnection


class Command(ScimCommand):
    """A dry run unless ``--apply`` is said. Exit codes: 0, done or shown; 1, it could not be done."""

    help = (
        "Erase the names, addresses and numbers that are kept of one person on a connection, archived ones included; "
        "a keyed hash stands in their place. Changes nothing without --apply. What the application itself holds is "
        "not touched without --erase."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--connection", required=True, metavar="NAME", help="name or SSO key of it")
        parser.add_argument(
            "person",
            metavar="PERSON",
            help="a userName, address, number, externalId, SCIM id or part of a name",
        )
        parser.add_argument("--apply", action="store_true", help="do it")
        parser.add_argument(
            "--even-if-active",
            action="store_true",
            help="also somebody who is an active learner: the account stays, and nobody manages it",
        )
        parser.add_argument(
            "--erase",
            action="store_true",
            help="call the adapter's erase too: the application erases the learner",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find the person, and forget them or say what that would be."""
        nothing = "There is no SCIM connection."
        connection = find_among(SCIMConnection.objects.all(), options["connection"], nothing)
        # As every command: English, whoever reads it.
        with translation.override("en"):
            self._forget(self._person(connection, options["person"]), options)

    def _person(self, connection: SCIMConnection, term: str) -> Person:
        found = erasure.find(connection, term)
        if not found:
            raise CommandError(f"Nobody on “{connection}” is, or was, called so.")
        if len(found) > 1:
            lines = tables.lines([_named(answer) for answer in found])
            shown = "\n".join(f"  {line}" for line in lines)
            raise CommandError(
                f"{len(found)} people may be meant. Name one by the SCIM id, or the userName:\n{shown}"
            )
        return erasure.person_of(found[0])

    def _forget(self, person: Person, options: dict[str, Any]) -> None:
        even_if_active, erase = options["even_if_active"], options["erase"]
        if options["apply"]:
            done = erasure.forget(person, actor=None, even_if_active=even_if_active, erase=erase)
            self.stdout.write(f"Erased what was kept of somebody who is “{done.name}” now:")
        else:
            done = erasure.preview(person)
            self.stdout.write(f"Would erase of “{person.name}”, who would be “{done.name}”:")
        self._say(done)
        if options["apply"]:
            return
        if person.link is not None and person.link.keeps_profile:
            self.stdout.write(
                "That the account keeps its profile is forgotten too: link it anew if they are sent again."
            )
        if not even_if_active and erasure.is_active(person):
            self.stdout.write("An active learner: it takes --even-if-active.")
        if erase and not erasure.can_be_erased(person):
            self.stdout.write("The application cannot be asked to erase this person.")
        self.stdout.write("Nothing was changed. Say --apply to do it.")

    def _say(self, done: Forgotten) -> None:
        counted = [
            (str(model._meta.verbose_name_plural), f"{changed} changed", f"{gone} deleted")
            for model, changed, gone in done.tally.tables
        ]
        if done.tally.changed_in_history:
            counted.append(
                ("history of the connection", f"{done.tally.changed_in_history} changed", "0 deleted")
            )
        for line in tables.lines(counted or [("nothing",)]):
            self.stdout.write(f"  {line}")
        if done.tally.is_least:
            self.stdout.write(
                "At least: only the latest of the log was looked at. --apply looks at all of it."
            )


def _named(answer: Answer) -> tuple[str, ...]:
    scim_id = "" if answer.link is None else answer.link.scim_id
    return answer.user_name or answer.name, scim_id, str(answer.label)
