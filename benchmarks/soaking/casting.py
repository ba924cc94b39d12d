"""The customers of the soak, and who provisions their people."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.soaking.chance import draws
from benchmarks.soaking.journal import Journal, Sender
from benchmarks.soaking.players import Player
from example_project.lms.models import Organization, SSOSettings
from scim_provisioning import tokens
from scim_provisioning.models import SCIMConnection
from scim_provisioning.testing.simulators import (
    DEFAULT_MAPPING,
    LEARNING_ROWS,
    EntraSimulator,
    OktaSimulator,
)

#: Customer, and the dialect of each job that provisions their people.
_CUSTOMERS = {
    "harborline": ("entra", "entra"),
    "northwind": ("flagged",),
    "lakeside": ("okta",),
    "hillcrest": ("catalogue",),
}
#: Whose leavers are held soon, until an administrator lets them go; nobody decides for the others.
_HOLDING = "hillcrest"
_NEVER_HELD = 1


@dataclass(frozen=True, slots=True)
class Cast:
    """Each customer's connection with its players."""

    customers: list[tuple[SCIMConnection, list[Player]]]

    @property
    def players(self) -> list[Player]:
        return [player for _tenant, players in self.customers for player in players]

    @property
    def tenants(self) -> list[SCIMConnection]:
        return [tenant for tenant, _players in self.customers]

    @property
    def holding(self) -> list[SCIMConnection]:
        """Those that hold leavers."""
        return [tenant for tenant in self.tenants if tenant.name == _HOLDING]

    def prepare(self) -> None:
        """Bosses for each customer of Entra's: its first player's people, to whom the others' report too."""
        for _tenant, (first, *others) in self.customers:
            if first.is_entra:
                first.hire_bosses()
            for other in others:
                other.report_to(first)


def cast(journal: Journal, url: str, seed: int) -> Cast:
    """Customers, connections and tokens, in the database; nobody is provisioned yet."""
    customers = []
    for name, dialects in _CUSTOMERS.items():
        organization = Organization.objects.create(name=name)
        sso = SSOSettings.objects.create(
            organization=organization, name=name, entity_id=name, sign_in_url=url
        )
        limits = (
            {"leavers_at_least": _NEVER_HELD, "leavers_percent": 1}
            if name == _HOLDING
            else {"leavers_percent": 100}
        )
        tenant = SCIMConnection.objects.create(name=name, sso_key=str(sso.pk), policies=limits)
        _token, plaintext = tokens.issue(tenant, label="Soak")
        players = []
        for number, dialect in enumerate(dialects):
            who = f"{name}{number}"
            sender = Sender(journal)
            simulator = _simulator(dialect, url, plaintext, sender)
            player = Player(who, f"{name}.example", simulator, sender, draws(seed, who))
            players.append(player)
        customers.append((tenant, players))
    return Cast(customers)


def _simulator(dialect: str, url: str, token: str, sender: Sender) -> EntraSimulator | OktaSimulator:
    if dialect in ("okta", "catalogue"):
        return OktaSimulator(url, token, sender, catalogue=dialect == "catalogue")
    return EntraSimulator(
        url, token, sender, flag=dialect == "flagged", mapping=(*DEFAULT_MAPPING, *LEARNING_ROWS)
    )
