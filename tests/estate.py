"""A customer who has one of everything that an address can name, and an LMS with an administrator for each customer.

Tests of who may do what open every address with the keys of such a customer's rows, their own or another one's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.test import Client, override_settings
from django.utils import timezone

from example_project.lms.models import Organization, SSOSettings
from example_project.lms.scim import LearnerAdapter
from scim_provisioning.administration import connections, keeping, ownership
from scim_provisioning.models import (
    Disconnection,
    HeldLeaver,
    IdentityQuestion,
    ProvisionedUser,
    ProvisioningEvent,
    ReferenceKey,
    SCIMConnection,
    SCIMToken,
    SharedAccount,
)
from scim_provisioning.testing.factories import ConnectionFactory, ProvisionedUserFactory, TokenFactory
from tests.client import ScimClient
from tests.leavers import OFF, established
from tests.lms_factories import LearnerFactory, OrganizationFactory, SSOSettingsFactory, TeamFactory
from tests.people import CORE, ENTERPRISE, Body
from tests.sharing import rolled_back

PASSWORD = "correct horse battery"


class OneCustomer(LearnerAdapter):
    """A host that gives each customer administrators of their own: ``harborline`` and ``harborline.anybody`` see the
    connections whose name begins so, in whatever case."""

    user_name_is_sso_subject = True

    @classmethod
    def connections_for(cls, user: Any) -> QuerySet[SCIMConnection]:
        everything = SCIMConnection.objects.all()
        customer = user.username.partition(".")[0]
        return everything if user.is_superuser else everything.filter(name__istartswith=customer)


def one_customer_each(settings: dict[str, Any]) -> dict[str, Any]:
    """The app's settings in such an LMS."""
    return {**settings, "ADAPTER": "tests.estate.OneCustomer"}


def somebody(name: str, *codenames: str, is_staff: bool = True, is_superuser: bool = False) -> User:
    """An account with `PASSWORD` and these permissions: of the app, and of the host's SSO settings."""
    user = User.objects.create_user(name, password=PASSWORD, is_staff=is_staff, is_superuser=is_superuser)
    of_models = Q(content_type__app_label="scim_provisioning") | Q(content_type__model="ssosettings")
    user.user_permissions.set(Permission.objects.filter(of_models, codename__in=codenames))
    return user


def browser(name: str, *codenames: str, **flags: bool) -> Client:
    """Somebody like that, signed in."""
    client = Client()
    client.force_login(somebody(name, *codenames, **flags))
    return client


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@dataclass(frozen=True)
class Estate:
    """The rows of a customer; whatever is written in them has ``word`` in it."""

    word: str
    connection: SCIMConnection
    #: Of the same customer: one that is paused, one whose learners are being handed back, one whose settings are gone.
    second: SCIMConnection
    ended: SCIMConnection
    orphan: SCIMConnection
    sso: SSOSettings
    #: Settings without SCIM.
    new_sso: SSOSettings
    #: The second token is to replace the first.
    old_token: SCIMToken
    token: SCIMToken
    #: The only one of ``second``.
    only_token: SCIMToken
    #: Made by the identity provider; here before it, and linked; owned by ``second``, and shared.
    learner: ProvisionedUser
    adopted: ProvisionedUser
    guest: ProvisionedUser
    share: SharedAccount
    #: Refused: because an account may be theirs; because ``second`` owns the account.
    refusal: ProvisioningEvent
    candidate: User
    owned: ProvisioningEvent
    held: HeldLeaver
    departed: ProvisionedUser
    departure: ProvisioningEvent
    question: IdentityQuestion
    unit: ReferenceKey
    #: Nobody's yet; the learner may be the same person.
    double: User

    #: A value of ``learner`` that is locked, and one that is not.
    LOCKED = "title"
    UNLOCKED = "name.givenName"

    @property
    def connections(self) -> tuple[SCIMConnection, ...]:
        """All four."""
        return self.connection, self.second, self.ended, self.orphan

    def belongings(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of this customer's, in every table that says whose a row is."""
        word, found = self.word, {}
        for model in apps.get_models():
            named = {field.name: field.related_model for field in model._meta.fields}
            if model is SCIMConnection:
                rows = model.objects.filter(name__istartswith=word)
            elif model is User:
                rows = model.objects.filter(username__endswith=f"@{word}.example")
            elif named.get("connection") is SCIMConnection:
                rows = model._default_manager.filter(connection__in=self.connections)
            elif "organization" in named:
                rows = model._default_manager.filter(organization=self.sso.organization)
            else:
                continue
            found[model._meta.label] = list(rows.order_by("pk").values())
        return found


@contextmanager
def two_customers() -> Iterator[tuple[Estate, Estate]]:
    """Harborline and Brightwater, both with everything, for all tests that run inside."""
    chosen = one_customer_each(settings.SCIM_PROVISIONING)
    with rolled_back(), override_settings(SCIM_PROVISIONING=chosen):
        yield _Builder("harborline").estate(), _Builder("brightwater").estate()


class _Builder:
    """Makes the rows by requests of the customer's identity provider, wherever such a request makes them."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.organization: Organization = OrganizationFactory(name=word.title())
        self.sso = self._sso()
        self.connection = self._connection("", self.sso)
        self.old_token = TokenFactory(connection=self.connection, label=f"{word} old")
        self.token = TokenFactory(connection=self.connection, label=f"{word} new", replaces=self.old_token)
        self.scim = ScimClient(self.token.plaintext)
        self.second = self._connection(" second")
        self.only_token = TokenFactory(connection=self.second, label=f"{word} only")
        self.beside = ScimClient(self.only_token.plaintext)
        TeamFactory(organization=self.organization, name=f"Crew {word}")

    def estate(self) -> Estate:
        """All of it."""
        ended, orphan = self._ended(), self._orphan()
        learner, double = self._learner()
        adopted = self._adopted()
        guest, share = self._guest()
        refusal, candidate = self._refusal()
        owned = self._owned()
        question = self._question()
        held, departed, departure = self._leavers()
        connections.pause(self.second, reason=f"{self.word} moves house", actor=None)
        return Estate(
            word=self.word,
            connection=self.connection,
            second=self.second,
            ended=ended,
            orphan=orphan,
            sso=self.sso,
            new_sso=self._sso(),
            old_token=self.old_token,
            token=self.token,
            only_token=self.only_token,
            learner=learner,
            adopted=adopted,
            guest=guest,
            share=share,
            refusal=refusal,
            candidate=candidate,
            owned=owned,
            held=held,
            departed=departed,
            departure=departure,
            question=question,
            unit=ReferenceKey.objects.get(name=f"Team {self.word}"),
            double=double,
        )

    def _sso(self) -> SSOSettings:
        sso: SSOSettings = SSOSettingsFactory(organization=self.organization, name=f"{self.word} directory")
        return sso

    def _connection(self, name: str, sso: SSOSettings | None = None) -> SCIMConnection:
        sso = sso or self._sso()
        return ConnectionFactory(name=f"{self.word.title()}{name}", sso_key=str(sso.pk))

    def _body(self, name: str, **changes: Any) -> Body:
        address = f"{name}@{self.word}.example"
        body: Body = {
            "schemas": [CORE, ENTERPRISE],
            "externalId": f"{self.word}-{name}",
            "userName": address,
            "active": True,
            "title": f"Pilot of {self.word}",
            "preferredLanguage": "en-GB",
            "name": {"givenName": name.title(), "familyName": self.word.title()},
            "emails": [{"primary": True, "type": "work", "value": address}],
            ENTERPRISE: {"department": f"Team {self.word}"},
        }
        return body | changes

    def _sent(self, name: str, scim: ScimClient | None = None, **changes: Any) -> ProvisionedUser:
        answer = (scim or self.scim).post("/Users", self._body(name, **changes))
        assert answer.status_code == 201, answer.content
        return ProvisionedUser.objects.select_related("user").get(scim_id=answer.json()["id"])

    def _refused(self, name: str, code: str) -> ProvisioningEvent:
        answer = self.scim.post("/Users", self._body(name))
        assert answer.status_code == 409, answer.content
        event = ProvisioningEvent.objects.latest("pk")
        assert (event.connection_id, event.error_code) == (self.connection.pk, code)
        return event

    def _here(self, name: str, **fields: Any) -> User:
        """Somebody of the LMS's own."""
        learner = LearnerFactory(
            organization=self.organization,
            job_role=f"Sailor of {self.word}",
            user__username=f"{name}@{self.word}.example",
            **{f"user__{field}": value for field, value in fields.items()},
        )
        user: User = learner.user
        return user

    def _ended(self) -> SCIMConnection:
        connection = self._connection(" ended")
        for name in ("ended.one", "ended.two"):
            address = f"{name}@{self.word}.example"
            ProvisionedUserFactory(connection=connection, user_name=address)
        now = timezone.now()
        SCIMConnection.objects.filter(pk=connection.pk).update(archived_at=now, disconnected_at=now)
        Disconnection.objects.create(connection=connection, learners="keep", managed=2)
        connection.refresh_from_db()
        return connection

    def _orphan(self) -> SCIMConnection:
        sso = self._sso()
        connection = self._connection(" orphan", sso)
        scim = ScimClient(TokenFactory(connection=connection, label=f"{self.word} orphan").plaintext)
        self._sent("orphan", scim)
        sso.delete()
        connection.refresh_from_db()
        assert connection.is_archived
        return connection

    def _learner(self) -> tuple[ProvisionedUser, User]:
        """Somebody with a locked value, and an account of the same name that may be theirs."""
        double = self._here("ann.double", first_name="Ann", last_name=self.word.title())
        link = self._sent("ann", manager={"value": "nobody"})
        assert keeping.lock(link, Estate.LOCKED, reason=f"As {self.word} wants it", actor=None)
        return link, double

    def _adopted(self) -> ProvisionedUser:
        account = self._here("ben")
        link = self._sent("ben")
        assert link.user == account
        return link

    def _guest(self) -> tuple[ProvisionedUser, SharedAccount]:
        owner = self._sent("cleo", self.beside)
        assert ownership.allow_share(self.connection, owner.user, actor=None, name=owner.user_name)
        return self._sent("cleo"), SharedAccount.objects.get(connection=self.connection)

    def _owned(self) -> ProvisioningEvent:
        self._sent("dora", self.beside)
        return self._refused("dora", "user.owned_elsewhere")

    def _refusal(self) -> tuple[ProvisioningEvent, User]:
        candidate = self._here("emil")
        self.connection.policies = {"existing_learners": "refuse"}
        self.connection.save()
        event = self._refused("emil", "user.exists_unmanaged")
        self.connection.policies = {}
        self.connection.save()
        return event, candidate

    def _question(self) -> IdentityQuestion:
        self.scim.delete(f"/Users/{self._sent('fay').scim_id}")
        newcomer = self._sent("fay", externalId=f"{self.word}-another")
        return IdentityQuestion.objects.get(newcomer=newcomer)

    def _leavers(self) -> tuple[HeldLeaver, ProvisionedUser, ProvisioningEvent]:
        links = [self._sent(f"leaver{n}") for n in range(3)]
        established()
        self.connection.policies = {"leavers_at_least": 1, "leavers_percent": 1}
        self.connection.save()
        answers = [self.scim.patch(f"/Users/{link.scim_id}", OFF) for link in links]
        assert [answer.status_code for answer in answers] == [200, 503, 503]
        departure = ProvisioningEvent.objects.filter(link=links[0]).latest("pk")
        return HeldLeaver.objects.get(link=links[1]), links[0], departure
