"""``manage.py scim_connection``: set up connections, look at them, pause, resume, choose policies, share accounts,
disconnect."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.utils import translation

from scim_provisioning.administration import (
    connections,
    disconnection,
    disconnection_words,
    health,
    ownership,
    policy_choices,
    setting_up,
    shares,
    takeover,
)
from scim_provisioning.conf import tenant_url_or_empty
from scim_provisioning.management import tables
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_among, find_connection, find_sso, name_for
from scim_provisioning.management.options import base_options
from scim_provisioning.models import OnDisconnect, PolicyNumber, SCIMConnection

_METAVAR: Final = "{create,list,pause,resume,policies,share,unshare,own,disconnect,take-over}"
#: How often it says how far it is.
_SECONDS: Final = 5.0

#: Who owns an account, and who may use it.
_ACCOUNTS: Final = {
    "share": "Let it link an account that another connection owns.",
    "unshare": "Take back that it may use an account that another connection owns.",
    "own": "Let it own the account of one of its learners.",
}


class Command(ScimCommand):
    """What the pages do, for a terminal and for scripts: the same entries in the log, the same mails."""

    help = (
        "Set up, list, pause, resume, end and take over SCIM connections, choose policies, and let two share an "
        "account."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the sub-commands."""
        base = [base_options()]
        commands = parser.add_subparsers(dest="command", required=True, metavar=_METAVAR)
        create = commands.add_parser(
            "create", parents=base, help="Set up SCIM; what is set up already stays as it is."
        )
        begins = create.add_mutually_exclusive_group(required=True)
        begins.add_argument("--sso", metavar="KEY", help="key of the SSO settings that it belongs to")
        begins.add_argument("--name", metavar="NAME", help="its name, where there are no SSO settings")
        listing = commands.add_parser("list", parents=base, help="Show every connection and how it is doing.")
        listing.add_argument("--archived", action="store_true", help="archived ones too")
        pause = commands.add_parser(
            "pause", parents=base, help="Answer every request with “try again later”."
        )
        pause.add_argument("--reason", default="", help="shown to other administrators")
        resume = commands.add_parser("resume", parents=base, help="Serve requests again.")
        policies = commands.add_parser(
            "policies", parents=base, help="Show the policies; with options, choose them."
        )
        about_accounts = [
            commands.add_parser(name, parents=base, help=said) for name, said in _ACCOUNTS.items()
        ]
        for one in about_accounts:
            one.add_argument("--user-name", required=True, metavar="NAME", help="what it calls the person")
        disconnect = commands.add_parser("disconnect", parents=base, help="Revoke its tokens and end it.")
        what = disconnect.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--learners", choices=OnDisconnect.values, help="what becomes of the learners it manages"
        )
        what.add_argument(
            "--resume", action="store_true", help="go on with the learners of one that was ended"
        )
        take_over = commands.add_parser(
            "take-over", parents=base, help="Let new SSO settings go on with a connection whose own are gone."
        )
        take_over.add_argument("--sso", required=True, metavar="KEY", help="key of the new SSO settings")
        for one in (pause, resume, policies, *about_accounts, disconnect, take_over):
            one.add_argument("--connection", required=True, metavar="NAME", help="name or SSO key of it")
        _add_policies(policies)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one sub-command."""
        getattr(self, f"_{options['command'].replace('-', '_')}")(options)

    def _create(self, options: dict[str, Any]) -> None:
        if options["sso"] is not None:
            connection, made = setting_up.set_up(find_sso(options["sso"]), actor=None)
        else:
            connection, made = setting_up.stand_alone(options["name"], actor=None)
        name = shlex.quote(name_for(connection))
        self._say(
            f"Connection “{connection}” is set up."
            if made
            else f"Connection “{connection}” was set up before; nothing was changed."
        )
        url = tenant_url_or_empty()
        self._say(f"Tenant URL: {url}" if url else "The Tenant URL is not known yet: run `manage.py check`.")
        self._say(f"Next: manage.py scim_token create --connection {name}")

    def _list(self, options: dict[str, Any]) -> None:
        rows = SCIMConnection.objects.all() if options["archived"] else SCIMConnection.objects.current()
        found = list(rows)
        if not found:
            self._say("There are no connections. Make one with `manage.py scim_connection create`.")
            return
        judged = health.of_connections(found)
        table = [("NAME", "SSO KEY", "STATE", "LIVE TOKENS", "LEARNERS", "LAST REQUEST")]
        for connection in found:
            state = judged[connection.pk]
            facts = state.facts
            numbers = (str(len(facts.live)), str(facts.managed), tables.day(facts.last_request_at, "never"))
            table.append((connection.name, connection.sso_key or "", state.badge, *numbers))
        for line in tables.lines(table):
            self._say(line)

    def _pause(self, options: dict[str, Any]) -> None:
        connection = find_connection(options["connection"])
        if connections.pause(connection, actor=None, reason=options["reason"]):
            self._say(f"Connection “{connection}” is paused: every request is answered “try again later”.")
            self._say(
                f"To go on: manage.py scim_connection resume --connection {shlex.quote(name_for(connection))}"
            )
        else:
            reason = f" ({connection.pause_reason})" if connection.pause_reason else ""
            since = tables.day(connection.paused_at)
            self._say(
                f"Connection “{connection}” was paused before, on {since}{reason}; nothing was changed."
            )

    def _resume(self, options: dict[str, Any]) -> None:
        connection = find_connection(options["connection"])
        done = connections.resume(connection, actor=None)
        said = "serves requests again." if done else "was not paused; nothing was changed."
        self._say(f"Connection “{connection}” {said}")

    def _policies(self, options: dict[str, Any]) -> None:
        connection = find_connection(options["connection"])
        choices = [choice.name for choice in SCIMConnection.policy_choices]
        numbers = [number.name for number in SCIMConnection.policy_numbers]
        names = [*choices, *numbers, *policy_choices.LISTS]
        sent = {name: options[name] for name in names if options[name] is not None}
        if sent:
            changed = connections.choose_policies(connection, actor=None, chosen=_checked(sent))
            self._say("The policies were changed." if changed else "Nothing was changed.")
        offered = {
            choice.name: [option.value for option in policy_choices.options(choice)]
            for choice in SCIMConnection.policy_choices
        }
        bounds = {number.name: [_bounds(number)] for number in SCIMConnection.policy_numbers}
        table = [("POLICY", "CHOSEN", "OFFERED")]
        for name, value in connection.chosen_policies().items():
            shown = str(value) if isinstance(value, str | int) else ", ".join(value)
            table.append((_option(name)[2:], shown or "-", ", ".join({**offered, **bounds}.get(name, ()))))
        for line in tables.lines(table):
            self._say(line)

    def _share(self, options: dict[str, Any]) -> None:
        connection, name = find_connection(options["connection"]), options["user_name"]
        account, owner = ownership.owned_account(connection, name)
        if ownership.allow_share(connection, account, actor=None, name=name):
            self._say(
                f"“{connection}” may link the account of “{name}”, which “{owner.connection}” owns: it does so when "
                "its identity provider sends the person the next time."
            )
        else:
            self._say(f"“{connection}” was allowed to before; nothing was changed.")

    def _unshare(self, options: dict[str, Any]) -> None:
        connection, name = find_connection(options["connection"]), options["user_name"]
        shares.withdraw(shares.named(connection, name), actor=None)
        self._say(
            f"“{connection}” may no longer use the account of “{name}”: for its identity provider the person is "
            "deleted."
        )

    def _own(self, options: dict[str, Any]) -> None:
        connection, name = find_connection(options["connection"]), options["user_name"]
        moved = ownership.move_ownership(ownership.living_link(connection, name), actor=None)
        said = "owns the account of" if moved else "owned before, and nothing was changed: the account of"
        self._say(f"“{connection}” {said} “{name}”.")

    def _disconnect(self, options: dict[str, Any]) -> None:
        if options["resume"]:
            ended = SCIMConnection.objects.filter(disconnection__in=disconnection.unfinished())
            nothing = "No disconnection is unfinished; nothing was changed."
            connection = find_among(ended, options["connection"], nothing)
            found = disconnection.go_on(connection, seconds=_SECONDS)
        else:
            connection = find_connection(options["connection"])
            found = connections.disconnect(
                connection, actor=None, learners=options["learners"], seconds=_SECONDS
            )
        self._say(f"Connection “{connection}” is disconnected: its tokens are dead.")
        while not found.is_finished:
            self._say(f"{found.handled} of {max(found.managed, found.handled)} learners …")
            found = disconnection.go_on(connection, seconds=_SECONDS)
        with translation.override("en"):
            done = disconnection_words.sentence(found)
        if found.failed:
            raise CommandError(f"{done} To try again: the same command with --resume.")
        self._say(done)

    def _take_over(self, options: dict[str, Any]) -> None:
        ended = takeover.ended(SCIMConnection.objects.all())
        nothing = "No connection has ended that has learners; nothing was changed."
        found = find_among(ended, options["connection"], nothing)
        connection = takeover.take_over(found, find_sso(options["sso"]), actor=None)
        self._say(
            f"Connection “{connection}” goes on with the SSO settings “{connection.sso}”: the same learners."
        )
        name = shlex.quote(name_for(connection))
        self._say(f"Its old tokens stay dead. Next: manage.py scim_token create --connection {name}")

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)


def _add_policies(parser: ArgumentParser) -> None:
    """An option for each policy."""
    for choice in SCIMConnection.policy_choices:
        offered = "|".join(choice.options.values)
        parser.add_argument(_option(choice.name), dest=choice.name, metavar=offered, help=str(choice.label))
    for number in SCIMConnection.policy_numbers:
        name, words = number.name, str(number.label).replace("%", "%%")
        parser.add_argument(_option(name), dest=name, metavar=_bounds(number), help=words)
    for name in policy_choices.LISTS:
        parser.add_argument(
            _option(name), nargs="*", metavar="TEXT", help="all of them; none: clear the list"
        )


def _bounds(number: PolicyNumber) -> str:
    return f"{number.least}-{number.most}"


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _checked(sent: dict[str, Any]) -> Any:
    try:
        return policy_choices.checked(sent)
    except ValidationError as error:
        wrong = [f"{_option(name)}: {' '.join(said)}" for name, said in error.message_dict.items()]
        raise CommandError(" ".join(wrong)) from None
