"""What must be right before any request can succeed: adapter, customer, server, and the way in."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _

from scim_provisioning import databases, rules
from scim_provisioning.adapters import LearnerAdapter
from scim_provisioning.adapters.loading import get_adapter_class
from scim_provisioning.adapters.rows import resolve_scope
from scim_provisioning.administration import catalogue, disconnection, doctor, entra_rows, seats
from scim_provisioning.administration.report import Line, Result, failed, passed, warned
from scim_provisioning.administration.selftest.sending import get
from scim_provisioning.conf import app_settings, tenant_url
from scim_provisioning.models import SCIMConnection, SCIMToken
from scim_provisioning.protocol.constants import MEDIA_TYPE
from scim_provisioning.protocol.errors import SCIMError


def of_the_adapter(connection: SCIMConnection) -> list[Line]:
    """Adapter, mapping, customer, and whether requests are served at all. A failure ends the self-test early."""
    what = _("The adapter loads")
    try:
        adapter_class = get_adapter_class()
    except Exception as error:
        # Whatever an import of the host's module may raise.
        found = f"{type(error).__name__}: {error}"
        return [failed(what, found, _("Correct ADAPTER in SCIM_PROVISIONING, or the module that it names."))]
    lines = [passed(what, app_settings.adapter)]
    lines += _mapping(adapter_class, connection)
    lines.append(_tenant(adapter_class, connection))
    lines.append(_served(adapter_class, connection))
    return lines


def _mapping(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> list[Line]:
    what = _("The mapping is complete")
    mend = _("Ask the developers of this application to correct the line in the adapter's mapping.")
    try:
        problems = adapter_class.compiled(connection).problems
    except Exception as error:
        # mapping_for() and kinds of the host's own may raise anything.
        return [failed(what, f"{type(error).__name__}: {error}", mend)]
    if not problems:
        return [passed(what)]
    return [failed(what, f"{p.path} → {p.target}: {p.message}", mend) for p in problems]


def _tenant(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> Line:
    what = _("The customer is found")
    mend = _("Open the connection from the customer's SSO settings, or ask the developers about “within”.")
    try:
        compiled = adapter_class.compiled(connection)
        scopes = [source.within for source in compiled.sources.values()]
        scopes += [getattr(entry.declaration, "within", {}) for entry in compiled.entries]
        values = [value for scope in scopes for value in resolve_scope(scope, connection).values()]
    except Exception as error:
        # A host's callable reads its own tables and may raise anything.
        return failed(what, f"{type(error).__name__}: {error}", mend)
    if any(value is None for value in values):
        return failed(what, _("The adapter finds no customer for this connection."), mend)
    return passed(what, str(connection.sso or connection))


def _served(adapter_class: type[LearnerAdapter], connection: SCIMConnection) -> Line:
    what = _("Requests are served")
    if connection.is_archived:
        return failed(what, _("The connection is archived."), _("Restore it, or set up SCIM again."))
    try:
        with databases.rehearsed():
            # A copy: admit() archives a connection whose SSO settings are gone, which is not ours to do.
            rules.admit(SCIMConnection.objects.get(pk=connection.pk), adapter_class)
    except SCIMError as refusal:
        with_words = catalogue.explain(refusal.code, refusal.params)
        if refusal.code == "conn.paused":
            return warned(what, with_words.title, with_words.todo)
        return failed(what, with_words.title, with_words.todo)
    except Exception as error:
        mend = _("Ask the developers of this application to correct tenant_enabled() of the adapter.")
        return failed(what, f"{type(error).__name__}: {error}", mend)
    return passed(what)


def of_the_people(connection: SCIMConnection) -> list[Line]:
    """Whether every attribute of the mapping has arrived of somebody, once there are people enough to tell."""
    what = _("Every mapped attribute arrives")
    missing = entra_rows.never_arrived(connection)
    arrival = [warned(what, row.target, entra_rows.sentence(row)) for row in missing] or [passed(what)]
    return [*arrival, *_seats(connection)]


def _seats(connection: SCIMConnection) -> list[Line]:
    """How many licences are taken; no line where the host counts none."""
    what = _("There are seats for newcomers")
    if not get_adapter_class().overrides("seats"):
        return []
    try:
        with databases.atomic():
            found = seats.counted(connection)
    except Exception as error:
        # Whatever the host's own code may raise.
        mend = _("Ask the developers of this application to correct seats() of the adapter.")
        return [failed(what, f"{type(error).__name__}: {error}", mend)]
    if found is None:
        return []
    if found.is_full:
        return [warned(what, found.sentence, catalogue.explain("user.seats", {}).todo)]
    return [passed(what, found.sentence)]


def of_the_server(connection: SCIMConnection) -> list[Line]:
    """What the doctor says, whom of this connection is told, and whether the proxy hands the token on."""
    left = doctor.left_disconnections(disconnection.left().filter(connection=connection))
    return [*doctor.examine(), *doctor.contacts([connection]), *left, _authorization()]


def _authorization() -> Line:
    what = _("The proxy hands the token on")
    if SCIMToken.objects.filter(connection__isnull=False, last_used_at__isnull=False).exists():
        return passed(what, _("A token has arrived before."))
    mend = _(
        "Press Test Connection in the identity provider. If the token is refused although it is right, let the "
        "web server pass the header Authorization (Apache with mod_wsgi: WSGIPassAuthorization On)."
    )
    return Line(what, Result.UNKNOWN, _("No token has arrived here yet."), mend)


def of_the_tenant_url() -> list[Line]:
    """One request over the network, without a token: it must be refused as SCIM, and not redirected."""
    what = _("The Tenant URL can be reached from this server")
    try:
        url = tenant_url()
    except (ImproperlyConfigured, NoReverseMatch) as error:
        return [failed(what, str(error), _("Run “manage.py check” and mend what it names."))]
    lines = [_encrypted(url)]
    answer = get(f"{url}/ServiceProviderConfig")
    if answer.status == 0:
        mend = _(
            "Check SITE_URL and the name server. Behind a firewall this may be so although Entra gets in."
        )
        lines.append(warned(what, answer.body.decode(errors="replace"), mend))
    elif answer.status == 401 and answer.media_type == MEDIA_TYPE:
        lines.append(passed(what, url))
    else:
        found = _("It answered %(status)s %(media)s instead of a SCIM error 401.") % {
            "status": answer.status,
            "media": answer.media_type,
        }
        mend = _("Something before this application answers: a redirect, a login page, or another site.")
        lines.append(failed(what, found, mend))
    return lines


def _encrypted(url: str) -> Line:
    what = _("The Tenant URL is encrypted")
    parts = urlsplit(url)
    if parts.scheme == "https":
        return passed(what, url)
    mend = _("Set SITE_URL to the https address: Entra ID accepts no other.")
    # A developer's own machine has no certificate, and no identity provider calls it.
    is_at_home = settings.DEBUG or parts.hostname in ("localhost", "127.0.0.1", "::1")
    return warned(what, url, mend) if is_at_home else failed(what, url, mend)
