"""The cycle that `manage.py demo` plays, and the look into the LMS's own tables afterwards.

Entra's side only ever talks HTTP; what it achieved is read from Learner, User and Progress.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib.auth.models import User

from scim_provisioning.models import ProvisionedUser, SCIMConnection
from scim_provisioning.testing.simulators import (
    DEFAULT_MAPPING,
    LEARNING_ROWS,
    EntraSimulator,
    Person,
    Step,
)

from . import entra_people as entra
from .models import Learner, Organization, Progress
from .seeds import study

Say = Callable[[str], None]
Standing = dict[tuple[int, int], int]
"""(learner, course) -> percent."""


@dataclass(slots=True)
class Demonstration:
    """One cycle against one Tenant URL.

    `stories` collects what became of whom by objectId; `faults` are sentences about what went wrong.
    """

    connection: SCIMConnection
    organization: Organization
    tenant_url: str
    token: str
    say: Say
    flag: bool = False
    """Speak the dialect of aadOptscim062020."""
    stories: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    entra: EntraSimulator = field(init=False)

    def __post_init__(self) -> None:
        self.entra = EntraSimulator(
            self.tenant_url,
            self.token,
            flag=self.flag,
            mapping=(*DEFAULT_MAPPING, *LEARNING_ROWS),
            on_step=self._report,
        )

    def play(self) -> None:
        """Play the whole cycle; afterwards `faults` is empty or says why not."""
        others = self._others()
        known = set(ProvisionedUser.objects.values_list("scim_id", flat=True))
        self.say("Test Connection")
        self.entra.test_connection()
        scope = self._in_scope()
        self.say(f"Initial cycle: {len(scope)} people, managers in a second pass")
        self.entra.initial_cycle(scope)
        self.stories = {
            key: "known already" if anchor in known else "created"
            for key, anchor in self.entra.anchors.items()
        }
        for number, learner in enumerate(self._learners().values()):
            study(learner, percent=25 + 15 * (number % 5))
        before = self._standing()
        self._play_changes()
        self._play_leaver_and_returner()
        self.say("Look into the LMS's tables")
        after = self._standing()
        if lost := [key for key, percent in before.items() if after.get(key) != percent]:
            self.faults.append(f"progress lost or changed in {len(lost)} of {len(before)} courses")
        if others != self._others():
            self.faults.append("a learner whom SCIM does not manage was changed")
        self.faults += self._differences()

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table of what became of whom: one row a person, from the LMS's own tables."""
        learners = self._learners()
        return [_row(learners[key], self.stories[key]) for key in self.entra.directory if key in learners]

    def _report(self, step: Step) -> None:
        if not step.ok:
            self.say(f"  {step.method:6} {step.status}  {step.what}: {step.detail}")
            self.faults.append(f"{step.what}: {step.detail}")
        elif step.method != "GET":
            self.say(f"  {step.method:6} {step.status}  {step.what}")

    def _in_scope(self) -> list[Person]:
        """Entra's directory; on a second run, somebody who married in the first is married already."""
        married = entra.MARRIAGE.changes["userPrincipalName"]
        links = ProvisionedUser.objects.living().filter(connection=self.connection)
        done = links.filter(user_name=married).exists()
        return [
            entra.MARRIAGE.told_of(person) if done and person.objectId == entra.MARRIAGE.object_id else person
            for person in entra.people()
        ]

    def _play_changes(self) -> None:
        self.say("Incremental cycle: a promotion, a marriage, a team move, a transfer, a newcomer")
        directory = self.entra.directory
        changed = [story.told_of(directory[story.object_id]) for story in entra.CHANGES]
        self.entra.incremental([*changed, entra.JOINER])
        self.stories.update({story.object_id: story.words for story in entra.CHANGES})
        self.stories[entra.JOINER.objectId] = "joined later"

    def _play_leaver_and_returner(self) -> None:
        self.say("Two people leave")
        for key in (entra.LEAVER, entra.RETURNER):
            self.entra.disable(self.entra.directory[key])
        for key in (entra.LEAVER, entra.RETURNER):
            learner = self._learners().get(key)
            if learner is None or learner.user.is_active:
                self.faults.append(f"{self.entra.directory[key].displayName} left and can still sign in")
        self.say("One of them comes back")
        self.entra.restore(self.entra.directory[entra.RETURNER])
        self.stories |= {entra.LEAVER: "left: deactivated", entra.RETURNER: "left and came back"}

    def _learners(self) -> dict[str, Learner]:
        """The provisioned learners by Entra's objectId, from the tables of the LMS."""
        users = dict(
            ProvisionedUser.objects.filter(connection=self.connection, user__isnull=False).values_list(
                "scim_id", "user_id"
            )
        )
        learners = {
            learner.user_id: learner
            for learner in Learner.objects.filter(
                user_id__in=users.values(), organization=self.organization
            ).select_related("user", "company", "business_unit", "team", "manager__user")
        }
        return {
            key: learners[users[anchor]]
            for key, anchor in self.entra.anchors.items()
            if anchor in users and users[anchor] in learners
        }

    def _standing(self) -> Standing:
        rows = Progress.objects.values_list("learner_id", "course_id", "percent")
        return {(learner, course): percent for learner, course, percent in rows}

    def _others(self) -> list[tuple[object, ...]]:
        """Everybody whom the connection does not manage, as they are now."""
        managed = ProvisionedUser.objects.filter(connection=self.connection, user__isnull=False)
        users = User.objects.exclude(pk__in=managed.values("user")).order_by("pk")
        return list(
            users.values_list(
                "username", "first_name", "last_name", "email", "is_active", "learner__job_role"
            )
        )

    def _differences(self) -> list[str]:
        """Compare every learner with the person in Entra, field by field."""
        learners = self._learners()
        faults = []
        for key, person in self.entra.directory.items():
            learner = learners.get(key)
            if learner is None:
                faults.append(f"{person.displayName} is not in the LMS")
                continue
            boss = learners.get(person.manager or "")
            wanted = (
                person.givenName, person.surname, person.mail or person.userPrincipalName, person.jobTitle,
                person.companyName, person.division, person.department, boss, person.active,
            )  # fmt: skip
            user = learner.user
            held = (
                user.first_name, user.last_name, user.email, learner.job_role, _name(learner.company),
                _name(learner.business_unit), _name(learner.team), learner.manager, user.is_active,
            )  # fmt: skip
            faults += [
                f"{person.displayName}: the LMS has {have!r}, Entra {want!r}"
                for want, have in zip(wanted, held, strict=True)
                if want != have
            ]
        return faults


def _name(unit: object | None) -> str | None:
    return None if unit is None else str(unit)


def _row(learner: Learner, story: str) -> tuple[str, ...]:
    progress = list(learner.progress.values_list("percent", flat=True))
    average = f"{sum(progress) // len(progress)} %" if progress else "-"
    return (
        str(learner),
        learner.user.email,
        learner.job_role,
        _name(learner.company) or "-",
        _name(learner.business_unit) or "-",
        _name(learner.team) or "-",
        _name(learner.manager) or "-",
        "yes" if learner.user.is_active else "no",
        average,
        story,
    )
