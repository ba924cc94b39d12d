"""``manage.py scim_token``: make, list and revoke tokens from a terminal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from scim_provisioning import tokens
from scim_provisioning.administration import rotation, token_rules
from scim_provisioning.conf import tenant_url_or_empty
from scim_provisioning.management import tables
from scim_provisioning.management.base import ScimCommand
from scim_provisioning.management.finding import find_connection
from scim_provisioning.management.options import base_options
from scim_provisioning.models import SCIMToken
from scim_provisioning.models.token import PUBLIC_LENGTH, TOKEN_PREFIX, display

# The shortest piece of a public part that `revoke` takes: what lists and logs show of it.
_SHOWN = PUBLIC_LENGTH // 2


class Command(ScimCommand):
    """``create`` prints the plaintext alone on standard output, ready to be piped into a secret store."""

    help = "Create, list and revoke SCIM tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the three sub-commands."""
        base = [base_options()]
        commands = parser.add_subparsers(dest="command", required=True, metavar="{create,list,revoke}")
        create = commands.add_parser("create", parents=base, help="Make a token and print it, once.")
        create.add_argument("--connection", required=True, metavar="NAME", help="name or SSO key of it")
        create.add_argument("--label", metavar="L", help="what to call it; “Entra ID” unless given")
        create.add_argument(
            "--expires-in-days", type=int, metavar="N", help="its life; TOKEN_DEFAULT_DAYS unless given"
        )
        listing = commands.add_parser("list", parents=base, help="Show every token, without its secret.")
        listing.add_argument("--connection", metavar="NAME", help="only those of this connection")
        revoke = commands.add_parser("revoke", parents=base, help="Revoke a token for good.")
        revoke.add_argument("prefix", metavar="PREFIX", help="its first characters, as `list` shows them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run one sub-command."""
        if options["command"] == "create":
            self._create(options["connection"], options["label"], options["expires_in_days"])
        elif options["command"] == "list":
            self._list(options["connection"])
        else:
            self._revoke(options["prefix"])

    def _create(self, name: str, label: str | None, days: int | None) -> None:
        connection = find_connection(name)
        life = tokens.DEFAULT if days is None else days
        label = token_rules.free_label(connection, "Entra ID") if label is None else label
        token, secret = rotation.generate(connection, actor=None, label=label, expires_in_days=life)
        self.stdout.write(secret.reveal())
        self._say(f"Token “{token.label}” ({token.display_prefix}) of connection “{connection.name}”.")
        self._say(f"Expires: {tables.day(token.expires_at) or 'never'}.")
        url = tenant_url_or_empty()
        self._say(f"Tenant URL: {url}" if url else "The Tenant URL is not known yet: run `manage.py check`.")
        self._say("Copy the token now. It will not be shown again; only a fingerprint is kept.")

    def _list(self, name: str | None) -> None:
        rows = SCIMToken.objects.select_related("connection").order_by(
            "connection__name", "connection_id", "id"
        )
        if name is not None:
            rows = rows.filter(connection=find_connection(name))
        table = [("TOKEN", "CONNECTION", "LABEL", "STATE", "EXPIRES", "LAST USED")]
        table += [
            (
                TOKEN_PREFIX + token.prefix,
                token.connection.name,
                token.label,
                "archived" if token.connection.is_archived and not token.is_revoked else token.state,
                tables.day(token.expires_at, "never"),
                tables.day(token.last_used_at, "never"),
            )
            for token in rows
        ]
        if len(table) == 1:
            self._say("There are no tokens.")
            return
        for line in tables.lines(table):
            self.stdout.write(line)

    def _revoke(self, prefix: str) -> None:
        token = _token(prefix)
        if rotation.revoke(token, actor=None):
            self._say(f"Revoked “{token.label}” ({token.display_prefix}). Requests with it now fail.")
        else:
            self._say(
                f"“{token.label}” ({token.display_prefix}) was revoked on {tables.day(token.revoked_at)}."
            )

    def _say(self, sentence: str) -> None:
        # Standard error, and not in the red of an error: standard output belongs to the token.
        self.stderr.write(sentence, style_func=str)


def _token(prefix: str) -> SCIMToken:
    """The one token whose public part begins so, written as `list` or the log shows it, or whole."""
    wanted = prefix.strip().removeprefix(TOKEN_PREFIX).rstrip("….")[:PUBLIC_LENGTH]
    if len(wanted) < _SHOWN:
        raise CommandError(
            f"Give at least {_SHOWN} characters after “{TOKEN_PREFIX}”, as `scim_token list` shows."
        )
    rows = SCIMToken.objects.select_related("connection").filter(prefix__startswith=wanted).order_by("prefix")
    # SQLite's LIKE takes "R8FE" for "r8fe"; tokens differ by case.
    found = [token for token in rows if token.prefix.startswith(wanted)]
    if not found:
        raise CommandError(f"No token begins with “{display(wanted)}”. See `scim_token list`.")
    if len(found) > 1:
        names = ", ".join(TOKEN_PREFIX + token.prefix for token in found)
        raise CommandError(f"{len(found)} tokens begin so: {names}. Give more characters.")
    return found[0]
