"""Entra's typical sequence on a made-up learner, in both of its dialects, and all of it rolled back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http.request import split_domain_port, validate_host
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from scim_provisioning import databases, tokens
from scim_provisioning.administration import catalogue, rotation
from scim_provisioning.administration.report import Line, failed, passed
from scim_provisioning.administration.selftest import access
from scim_provisioning.administration.selftest.sending import InProcess
from scim_provisioning.conf import tenant_url
from scim_provisioning.models import ProvisioningEvent, SCIMConnection
from scim_provisioning.testing.simulators import (
    DEFAULT_MAPPING,
    LEARNING_ROWS,
    EntraSimulator,
    Person,
    Step,
)


def play(connection: SCIMConnection) -> list[Line]:
    """One line a stage; a failed one names the first request that went wrong, and how to mend it."""
    try:
        url = tenant_url()
    except (ImproperlyConfigured, NoReverseMatch) as error:
        what = _("The Tenant URL is known")
        return [failed(what, str(error), _("Run “manage.py check” and mend what it names."))]
    if not _is_allowed(url):
        mend = _("Add the host of SITE_URL to ALLOWED_HOSTS, or correct SITE_URL.")
        return [failed(_("Django answers at the Tenant URL’s host"), urlsplit(url).netloc, mend)]
    with databases.rehearsed():
        # Paused connections are tested as if they were not: whether they would work is the question.
        SCIMConnection.objects.filter(pk=connection.pk).update(paused_at=None)
        return _with_a_token(connection, url)


def _with_a_token(connection: SCIMConnection, url: str) -> list[Line]:
    """Play the sequence with a token like any other; the rollback takes its entries back and forgets its mails."""
    label = _("Self-test")
    try:
        _row, secret = rotation.generate(
            connection, actor=None, label=label, expires_in_days=1, above_cap=True
        )
    except tokens.TokenRefused as refusal:
        return [failed(_("A token can be made"), "", refusal.message)]
    return _Run(connection, url, secret).lines()


def _is_allowed(url: str) -> bool:
    """Whether Django lets requests for this host in, as ``HttpRequest.get_host`` decides it."""
    at_home = [".localhost", "127.0.0.1", "[::1]"] if settings.DEBUG else []
    domain, _port = split_domain_port(urlsplit(url).netloc)
    return validate_host(domain, settings.ALLOWED_HOSTS or at_home)


def _person() -> Person:
    mark = uuid4().hex[:12]
    # .invalid can belong to nobody (RFC 2606), so no mail of a host's hook arrives anywhere.
    address = f"scim-self-test-{mark}@scim-self-test.invalid"
    return Person(
        userPrincipalName=address,
        mailNickname=f"scim-self-test-{mark}",
        mail=address,
        givenName="Self",
        surname="Test",
        displayName="Self Test",
        jobTitle="Tester",
        department=f"Self-test {mark}",
        companyName=f"Self-test {mark}",
        division=f"Self-test {mark}",
    )


@dataclass(slots=True)
class _Broken:
    """The first request of a stage that went wrong."""

    step: Step
    refusal: ProvisioningEvent | None


class _Run:
    @sensitive_variables("token")
    def __init__(self, connection: SCIMConnection, url: str, secret: rotation.Secret) -> None:
        self._connection = connection
        self._send = InProcess()
        self._broken: _Broken | None = None
        token = secret.reveal()
        mapping = (*DEFAULT_MAPPING, *LEARNING_ROWS)
        self._entra = EntraSimulator(url, token, self._send, mapping=mapping, on_step=self._note)
        self._flagged = EntraSimulator(url, token, self._send, True, mapping=mapping, on_step=self._note)

    def lines(self) -> list[Line]:
        """Play all stages; those after a failed creation have nobody to be played on."""
        entra, flagged, person = self._entra, self._flagged, _person()
        lines = [self._stage(_("Entra's connection test"), entra.test_connection)]
        lines.append(self._stage(_("Create a learner"), lambda: entra.initial_cycle([person])))
        scim_id = entra.anchors.get(person.objectId)
        if scim_id is None:
            return lines
        promoted = replace(person, jobTitle="Lead", department=f"{person.department} 2")
        moved = replace(promoted, mail=f"new-{person.mail}")
        lines.append(self._stage(_("Find the learner by userName"), lambda: flagged.initial_cycle([person])))
        lines.append(
            self._stage(_("Change job role and department by path"), lambda: entra.incremental([promoted]))
        )
        lines.append(self._stage(_("Change the work e-mail address"), lambda: entra.incremental([moved])))
        lines.append(
            self._stage(
                _("Change attributes without a path"),
                lambda: flagged.incremental([replace(moved, jobTitle="Head", surname="Testing")]),
            )
        )
        lines.append(self._stage(_("Deactivate (“False” as text)"), lambda: entra.disable(moved)))
        lines += self._access(
            _("Deactivated: access has ended in the application’s table"), scim_id, wanted=False
        )
        lines.append(self._stage(_("Activate again"), lambda: entra.restore(moved)))
        lines += self._access(_("Activated: access is back in the application’s table"), scim_id, wanted=True)
        lines.append(self._stage(_("Delete: access ends"), lambda: entra.delete(moved)))
        lines += self._access(
            _("Deleted: access has ended in the application’s table"), scim_id, wanted=False
        )
        return lines

    def _access(self, what: str, scim_id: str, *, wanted: bool) -> list[Line]:
        """What became of the learner's row by the last stage; nothing to ask where that was refused."""
        if self._broken is not None and self._broken.refusal is not None:
            return []
        return [access.of_the_learner(what, self._connection, scim_id, wanted=wanted)]

    def _stage(self, what: str, play: Callable[[], object]) -> Line:
        self._broken = None
        play()
        if self._broken is None:
            return passed(what)
        step, refusal = self._broken.step, self._broken.refusal
        found = f"{step.what}: {step.detail}"
        if refusal is None:
            mend = _("Ask the developers of this application: see the detail.")
            return failed(what, found, mend)
        explanation = catalogue.explain(refusal.error_code, refusal.cause)
        if refusal.cause.get("exception"):
            found = f"{found} {explanation.cause}"
        if explanation.database:
            # Whatever value it holds is the made-up learner's.
            found = f"{found} {_('The database said:')} {explanation.database}"
        return failed(what, found, explanation.todo)

    def _note(self, step: Step) -> None:
        if not step.ok and self._broken is None:
            self._broken = _Broken(step, self._send.refusal)
