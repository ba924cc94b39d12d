"""A line that leads nowhere, or to a field of another kind: the hint says what to write, and that mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.db import models
from django.test.utils import isolate_apps

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner
from scim_provisioning.adapters import ENTERPRISE
from scim_provisioning.adapters.remedies import fitting
from scim_provisioning.checks import faults
from tests.checks.mending import Host

if TYPE_CHECKING:
    from pytest_django import Settings

OWN = "urn:example:lms:2.0:User"
LEARNERS = {"learner": scim.RelatedRow(Learner, within={"organization_id": 1})}


@pytest.fixture
def host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(settings, monkeypatch, rows=LEARNERS)


# -- a target that is not there


@pytest.mark.parametrize(
    ("target", "right"),
    [
        ("learner.job_rol", "learner.job_role"),
        ("lerner.job_role", "learner.job_role"),
        ("frist_name", "first_name"),
        ("job_role", "learner.job_role"),
        ("learner.first_name", "first_name"),
    ],
)
def test_a_misspelt_or_misplaced_field_is_named_as_it_should_be(target: str, right: str, host: Host) -> None:
    assert host.mended(scim.Text("title", target)).target == right


def test_a_field_that_is_like_none_is_answered_with_those_that_there_are(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("title", "learner.xyz")])
    assert message.id == faults.MAPPED_FIELD_MISSING.id
    assert message.hint == (
        "Name one of the fields of lms.Learner: user, organization, job_role, company, business_unit, team, manager."
    )


def test_a_row_that_is_like_none_is_answered_with_how_one_is_declared(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("title", "contract.role")])
    assert "'contract' is no relation of auth.User" in message.msg
    assert 'rows = {"contract": scim.RelatedRow("app_label.ModelName", user_field="user")}' in str(
        message.hint
    )


def test_lines_that_one_declaration_mends_are_one_message(host: Host) -> None:
    lines = [scim.Text(path, "contract.role") for path in ("title", "nickName", "userType")]
    (message,) = host.messages(mapping=lines)
    assert message.msg == (
        "The mapping of 'title' names a field that is not there: 'contract' is no relation of auth.User "
        "(so it is with 'nickName', 'userType')."
    )


# -- a path that is none


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("titel", "title"),
        ("jobTitel", "title"),
        ("name.givenNme", "name.givenName"),
        ("nme.givenName", "name.givenName"),
        (f"{ENTERPRISE}:departmnt", f"{ENTERPRISE}:department"),
        ('emails[type eq "work"].valu', 'emails[type eq "work"].value'),
        ('phoneNumber[type eq "work"].value', 'phoneNumbers[type eq "work"].value'),
        ("externalID.", ""),
        ("name.", ""),
        ('emails[typ eq "work"].value', ""),
    ],
)
def test_a_misspelt_path_is_named_as_it_should_be(path: str, right: str, host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text(path, "first_name")])
    assert message.id == faults.BAD_PATH.id
    assert message.hint == (
        f"Write {right!r} as the path."
        if right
        else f"Correct the line of '{path}' in the adapter's mapping, or remove it."
    )
    assert not right or host.messages(mapping=[scim.Text(right, "first_name")]) == []


def test_a_path_that_is_like_none_is_answered_with_one_of_the_hosts_own(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("shoeSize", "first_name")])
    own = "urn:ietf:params:scim:schemas:extension:acme:2.0:User:shoeSize"
    assert message.hint == (
        f"Name an attribute of SCIM, or one of your own under a URN of your own, such as '{own}'."
    )
    assert host.messages(mapping=[scim.Text(own, "first_name")]) == []


@pytest.mark.parametrize("kind", [scim.Text, scim.Json])
def test_nothing_stands_behind_a_plain_field_and_nobody_is_told_to_declare_it(kind: Any, host: Host) -> None:
    better = host.mended(kind("nickName", "first_name.formal"))
    assert (type(better), better.target) == (scim.Text, "first_name")


def test_a_key_of_a_field_that_is_no_json_is_one_message(host: Host) -> None:
    better = host.mended(scim.Json("nickName", "learner.job_role.formal"))
    assert (type(better), better.target) == (scim.Text, "learner.job_role")


def test_a_field_of_a_row_that_a_foreign_key_names_is_a_reference_by_it(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text(f"{ENTERPRISE}:department", "learner.team.name")])
    assert message.hint == f"Write scim.Reference('{ENTERPRISE}:department', 'learner.team', by=\"name\")."


def test_what_decides_who_may_do_what_is_forbidden_behind_a_dot_too(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("title", "groups.name")])
    assert message.id == faults.FORBIDDEN_TARGET.id


# -- a field of another kind


def test_a_foreign_key_to_a_person_is_the_manager(host: Host) -> None:
    assert type(host.mended(scim.Text("title", "learner.manager"))) is scim.Manager


def test_a_moment_is_written_as_one(host: Host) -> None:
    assert type(host.mended(scim.Text(f"{OWN}:since", "date_joined"))) is scim.DateTime


def test_a_field_that_fills_itself_is_left_alone(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.DateTime(f"{OWN}:since", "learner.joined_at")])
    assert message.id == faults.MAPPED_FIELD_UNWRITABLE.id
    assert message.hint == f"Map '{OWN}:since' to another field, or make that one editable."
    assert host.messages(mapping=[scim.DateTime(f"{OWN}:since", "date_joined")]) == []


def test_the_row_itself_is_no_value(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("title", "learner")])
    assert str(message.hint).startswith("Name a field of that row: learner.user, learner.organization, ")
    assert host.messages(mapping=[scim.Text("title", "learner.job_role")]) == []


class Seconds(scim.MappedAttribute):
    field_types: ClassVar[tuple[type[Any], ...]] = (models.DurationField,)


def test_a_kind_of_the_hosts_own_on_a_field_that_it_does_not_take(host: Host) -> None:
    (message,) = host.messages(mapping=[Seconds("nickName", "first_name")])
    assert "Seconds needs a DurationField, 'first_name' is a CharField" in message.msg
    assert type(host.mended(Seconds("nickName", "first_name"))) is scim.Text


def test_a_relation_that_no_kind_can_follow() -> None:
    with isolate_apps("example_project.lms", "django.contrib.contenttypes"):

        class Note(models.Model):  # noqa: DJ008
            about = GenericForeignKey()
            notes = GenericRelation("lms.Note")
            content_type = models.ForeignKey("contenttypes.ContentType", models.CASCADE)
            object_id = models.IntegerField()

            class Meta:
                app_label = "lms"

    for name in ("about", "notes"):
        hint = fitting("title", f"note.{name}", Note._meta.get_field(name))
        assert hint.startswith("Map 'title' to another field, or write a kind of your own for a Generic")


# -- active


@pytest.mark.parametrize("line", [scim.Text("active", "is_active"), scim.Integer("Active", "is_active")])
def test_active_on_a_flag_but_not_as_one(line: scim.MappedAttribute, host: Host) -> None:
    assert repr(host.mended(line)) == "Boolean('active', 'is_active')"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (
            scim.Text("active", "first_name"),
            "Write scim.Switch('first_name', on=…, off=…) with two of the values",
        ),
        (scim.DateTime("active", "date_joined"), "Write scim.OffSince('date_joined')."),
        (scim.Manager("learner.manager", path="active"), "Map active with scim.Boolean, scim.Switch or "),
    ],
)
def test_active_on_a_kind_that_cannot_switch(line: scim.MappedAttribute, hint: str, host: Host) -> None:
    (message,) = host.messages(mapping=[line])
    assert message.id == faults.ACTIVE_CANNOT_SWITCH.id
    assert f"{type(line).__name__} cannot switch access off" in message.msg
    assert str(message.hint).startswith(hint)


def test_accounts_that_nothing_switches_off(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a user model of the host's own may be: ``AbstractBaseUser`` has no column ``is_active``."""
    monkeypatch.setattr(get_user_model()._meta.get_field("is_active"), "name", "enabled")
    lines = [scim.Text("name.givenName", "first_name")]
    (message,) = host.messages(mapping=lines)
    assert message.id == faults.ACTIVE_CANNOT_SWITCH.id
    assert "no line maps it, and auth.User has no field is_active" in message.msg
    assert message.hint == (
        "Map active with scim.Boolean, scim.Switch or scim.OffSince to the column that says who may come in."
    )
    assert host.messages(mapping=[*lines, scim.Switch("last_name", on="in", off="out")]) == []
    assert host.messages(mapping=lines, set_active=lambda self, active: None) == []


def test_active_on_a_text_is_mended_by_two_states(host: Host) -> None:
    assert host.messages(mapping=[scim.Switch("first_name", on="in", off="out")]) == []


def test_off_since_on_a_moment_that_is_always_there(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (message,) = host.messages(mapping=[scim.OffSince("date_joined")])
    assert message.id == faults.ACTIVE_CANNOT_SWITCH.id
    assert str(message.hint).startswith("Declare the field date_joined with null=True")
    monkeypatch.setattr(get_user_model()._meta.get_field("date_joined"), "null", True)
    assert host.messages(mapping=[scim.OffSince("date_joined")]) == []


@pytest.mark.parametrize("options", [{"on": "a", "off": "a"}, {"on": "a", "off": "b", "never_from": ("a",)}])
def test_a_switch_whose_states_contradict_each_other(options: dict[str, Any], host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Switch("first_name", **options)])
    assert message.id == faults.ACTIVE_CANNOT_SWITCH.id
    assert message.hint == "Write scim.Switch('first_name', on=…, off=…) with two states."


# -- two lines, or none, for one column


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (scim.Text("userName", "username"), scim.Text("nickName", "username")),
        (scim.Text("userName", "email"), scim.Email("emails", "email")),
        (scim.Boolean("active", "is_active"), scim.Boolean(f"{OWN}:on", "is_active")),
    ],
)
def test_an_attribute_of_scims_own_and_another_that_write_one_column(
    first: scim.MappedAttribute, second: scim.MappedAttribute, host: Host
) -> None:
    name = scim.Text("displayName", "username")
    others = [name] if first.target == "email" else []
    (message,) = host.messages(mapping=[*others, first, second])
    assert message.id == faults.COLUMN_WRITTEN_TWICE.id
    assert f"{first.path} and {second.path} both write it" in message.msg
    assert str(message.hint).startswith(f"Remove the line of {second.path}")
    assert host.messages(mapping=[*others, first]) == []


def test_a_mapping_that_gives_new_accounts_no_name(host: Host) -> None:
    lost = scim.Text("userName", "learner.job_role")
    (message,) = host.messages(mapping=[lost])
    assert message.id == faults.ACCOUNT_WITHOUT_NAME.id
    assert "no line writes 'username', by which accounts sign in" in message.msg
    assert "scim.Text('userName', 'username')" in str(message.hint)
    assert host.messages(mapping=[scim.Text("userName", "username")]) == []
    assert host.messages(mapping=[lost, scim.Text("externalId", "username")]) == []
    assert host.messages(mapping=[lost], new_account=lambda self: None) == []


def test_a_line_of_the_account_name_that_cannot_be_used_is_one_message(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Text("userNme", "username")])
    assert message.id == faults.BAD_PATH.id


# -- references


@pytest.mark.parametrize("by", ["nme", "title", "organization"])
def test_a_reference_by_a_field_that_holds_no_name(by: str, host: Host) -> None:
    options: dict[str, Any] = {"within": {"organization_id": 1}}
    (message,) = host.messages(mapping=[scim.Reference("title", "learner.team", by=by, **options)])
    assert message.id == faults.REFERENCE_BY_NOTHING.id
    assert message.hint == 'Write by="name": the field of lms.Team that holds its name.'
    assert host.messages(mapping=[scim.Reference("title", "learner.team", by="name", **options)]) == []


@pytest.mark.parametrize("option", ["within", "defaults"])
def test_a_scope_that_names_a_field_wrongly(option: str, host: Host) -> None:
    def line(name: str) -> scim.Reference:
        return scim.Reference("title", "learner.team", create="auto", **{option: {name: 1}})

    (message, _unsaved) = host.messages(mapping=[line("organisation_id")])
    assert message.id == faults.SCOPE_UNKNOWN.id
    assert f"{option} names 'organisation_id'" in message.msg
    assert message.hint == f'Write {option}={{"organization_id": …}}.'
    assert host.messages(mapping=[line("organization_id")]) == []


def test_what_names_the_customer_belongs_into_within(host: Host) -> None:
    (message,) = host.messages(mapping=[scim.Reference("title", "learner.team")])
    assert str(message.hint).startswith('Add within={"organization_id": …}')


def test_where_it_cannot_be_known_who_the_customer_is_defaults_come_first(
    host: Host, settings: Settings
) -> None:
    sso = ("SSO_MODEL", "SSO_ENABLED", "SSO_KEY_FIELD")
    settings.SCIM_PROVISIONING = {k: v for k, v in settings.SCIM_PROVISIONING.items() if k not in sso}
    messages = host.messages(mapping=[scim.Reference("title", "learner.team")])
    (hint,) = [str(message.hint) for message in messages if message.id == faults.ROW_CANNOT_BE_SAVED.id]
    assert hint.startswith('Add defaults={"organization_id": …}')
    assert "Only what names the customer belongs into within" in hint
