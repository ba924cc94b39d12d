"""The adapter: it can be imported, and its mapping fits the host's models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.contrib.auth import get_user_model

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner
from example_project.lms.scim import tenant
from scim_provisioning.checks import faults
from tests.checks.project import configure, found, use

if TYPE_CHECKING:
    from pytest_django import Settings

ENTERPRISE_DEPARTMENT = f"{scim.ENTERPRISE}:department"


class Adapter(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text("name.givenName", "first_name")]


class MissingField(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text("title", "learner.titel")]


class MissingRow(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text("title", "profile.job_role")]


class UnwritableField(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text("title", "id")]


class WrongKindOfField(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text(ENTERPRISE_DEPARTMENT, "learner.team")]


class BadPath(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text("name.", "first_name")]


class UnknownPath(scim.LearnerAdapter):
    mapping: ClassVar[list[Any]] = [scim.Text("jobTitel", "learner.job_role")]


class NoAdapter:
    """Not derived from anything."""


def forbidding(target: str) -> type[scim.LearnerAdapter]:
    return type("Forbidden", (scim.LearnerAdapter,), {"mapping": [scim.Text("title", target)]})


def overriding(method: str) -> type[scim.LearnerAdapter]:
    return type("Overriding", (Adapter,), {method: lambda self, *args: None})


def test_a_missing_adapter(settings: Settings) -> None:
    configure(settings, ADAPTER="")
    assert found() == [faults.ADAPTER_MISSING.at()]


@pytest.mark.parametrize("dotted", ["nowhere.Adapter", "example_project.lms.scim.NoSuchClass", "nodots"])
def test_an_adapter_that_cannot_be_imported(dotted: str, settings: Settings) -> None:
    configure(settings, ADAPTER=dotted)
    (message,) = found()
    assert message.id == faults.ADAPTER_NOT_IMPORTABLE.id
    assert f"'{dotted}' cannot be imported: " in message.msg
    assert "Error: " in message.msg


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (
            f'scim.Manager("{scim.ENTERPRISE}:manager", "learner.manager")',
            "scim.Manager(target, *, path=…, required=…, when_empty=…)",
        ),
        (
            'scim.Switch("active", "learner.job_role", on="a", off="b")',
            "scim.Switch(target, *, on=…, off=…, never_from=…)",
        ),
        ('scim.Switch("learner.job_role")', "scim.Switch(target, *, on=…, off=…, never_from=…)"),
        ('scim.OffSince("active", "last_login")', "scim.OffSince(target)"),
        ('scim.Text("title")', "scim.Text(path, target, *, required=…, when_empty=…)"),
        (
            'scim.Text("title", "first_name", requird=True)',
            "scim.Text(path, target, *, required=…, when_empty=…)",
        ),
        (
            'scim.Choice("title", "first_name", choices={})',
            "scim.Choice(path, target, *, values=…, unknown=…, required=…, when_empty=…)",
        ),
        (
            'scim.RelatedRow("lms.Learner", "user")',
            "scim.RelatedRow(model, *, user_field=…, within=…, defaults=…)",
        ),
    ],
)
def test_a_line_with_the_wrong_arguments_is_named_with_how_it_is_written(
    line: str, written: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = f"host_of_line_{abs(hash(line))}"
    source = f"import scim_provisioning.adapters as scim\n\nadapter = (\n    {line},\n)\n"
    (tmp_path / f"{module}.py").write_text(source, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    configure(settings, ADAPTER=f"{module}.Adapter")
    (message,) = found()
    assert message.id == faults.ADAPTER_NOT_IMPORTABLE.id
    assert "TypeError: " in message.msg
    assert message.msg.endswith(f" ({module}.py:4)")
    order = ": what stands before the * in that order, the rest by name" if "*" in written else ""
    assert message.hint == f"Write {written}{order}."


@pytest.mark.parametrize("adapter", [NoAdapter, scim.Text, found])
def test_an_adapter_that_is_none(adapter: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(adapter, settings, monkeypatch)
    assert found() == [faults.ADAPTER_IS_NO_ADAPTER.at(path="host_of_a_check.Adapter")]


def test_a_good_adapter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use(Adapter, settings, monkeypatch)
    assert found() == []


@pytest.mark.parametrize(
    ("adapter", "fault", "words"),
    [
        (MissingField, faults.MAPPED_FIELD_MISSING, "field 'titel' does not exist on Learner"),
        (MissingRow, faults.MAPPED_FIELD_MISSING, "profile"),
        (UnwritableField, faults.MAPPED_FIELD_UNWRITABLE, "'id'"),
        (WrongKindOfField, faults.MAPPED_FIELD_UNWRITABLE, "ForeignKey"),
        (BadPath, faults.BAD_PATH, "name."),
        (UnknownPath, faults.BAD_PATH, "jobTitel"),
    ],
)
def test_a_mapping_that_does_not_fit_the_models(
    adapter: type, fault: faults.Fault, words: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(adapter, settings, monkeypatch)
    (message,) = found()
    assert (message.id, message.obj) == (fault.id, adapter)
    assert words in message.msg
    assert message.hint


@pytest.mark.parametrize(
    "target", ["password", "is_staff", "is_superuser", "groups", "user_permissions", "last_login"]
)
def test_a_target_that_decides_who_may_do_what(
    target: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(forbidding(target), settings, monkeypatch)
    (message,) = found()
    assert message.id == faults.FORBIDDEN_TARGET.id
    assert target in message.msg
    assert message.hint is not None
    assert message.hint.startswith("Remove the line")


@pytest.mark.parametrize("method", ["handle_add", "handle_remove", "handle_replace", "handle_operations"])
def test_a_patch_handler_that_would_never_be_called(
    method: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(overriding(method), settings, monkeypatch)
    (message,) = found()
    assert message.id == faults.HANDLER_OVERRIDDEN.id
    assert f"{method}()" in message.msg
    assert message.hint is not None
    assert message.hint.startswith(f"Remove {method}() and ")
    assert "mapping" in message.hint or "on_updated" in message.hint


def referring(**options: Any) -> type[scim.LearnerAdapter]:
    """An adapter of the example with one reference, and the customer of new learners given."""
    return type(
        "Referring",
        (scim.LearnerAdapter,),
        {
            "rows": {"learner": scim.RelatedRow(Learner, within={"organization_id": 1})},
            "mapping": [scim.Reference(ENTERPRISE_DEPARTMENT, "learner.team", **options)],
        },
    )


@pytest.mark.parametrize(
    "options", [{"within": {"organization": 1}}, {"within": {"organization_id": 1}}, {"create": "never"}]
)
def test_a_reference_whose_new_rows_can_be_saved(
    options: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(referring(**options), settings, monkeypatch)
    assert found() == []


def test_a_reference_whose_new_rows_would_lack_their_customer(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(referring(), settings, monkeypatch)
    (message,) = found()
    assert message.id == faults.ROW_CANNOT_BE_SAVED.id
    assert "a new lms.Team has no organization" in message.msg
    assert 'within={"organization_id": …}' in str(message.hint)


def test_a_reference_within_a_field_that_is_not_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(referring(within={"organization_id": 1, "tenant": 1}), settings, monkeypatch)
    (message,) = found()
    assert message.id == faults.SCOPE_UNKNOWN.id
    assert "'tenant', which is not a field of lms.Team" in message.msg


@pytest.mark.parametrize("name", ["organization", "organization_id"])
@pytest.mark.parametrize(
    "options", [{"within": "text"}, {"defaults": ["text"]}, {"within": "text", "create": "never"}]
)
def test_a_reference_within_a_constant_that_is_no_key(
    name: str, options: dict[str, Any], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (option, constant), *others = options.items()
    use(referring(**{option: {name: constant}}, **dict(others)), settings, monkeypatch)
    (message,) = found()
    assert message.id == faults.SCOPE_UNKNOWN.id
    assert (
        f"{option} gives {constant!r} to '{name}', where the key of a lms.Organization belongs" in message.msg
    )
    assert f'Write {option}={{"{name}": tenant}} with a function' in str(message.hint)
    use(referring(**{option: {name: lambda connection: 1}}, **dict(others)), settings, monkeypatch)
    assert found() == []


@pytest.mark.parametrize(
    ("name", "constant"), [("organization", "text"), ("joined_at", "in May"), ("joined_at", 5)]
)
def test_a_row_within_a_constant_that_its_field_cannot_hold(
    name: str, constant: object, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = [scim.Text("title", "learner.job_role")]
    for within in ({"organization_id": 1, name: constant}, {"organization_id": "1"}):
        rows = {"learner": scim.RelatedRow(Learner, within=within)}
        use(type("A", (scim.LearnerAdapter,), {"mapping": mapping, "rows": rows}), settings, monkeypatch)
        wrong = constant in within.values()
        assert [message.id for message in found()] == [faults.SCOPE_UNKNOWN.id] * wrong


def test_a_profile_that_would_lack_its_customer(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = type("A", (scim.LearnerAdapter,), {"mapping": [scim.Text("title", "learner.job_role")]})
    use(adapter, settings, monkeypatch)
    (message,) = found()
    assert message.id == faults.ROW_CANNOT_BE_SAVED.id
    assert "rows['learner']" in message.msg


@pytest.mark.parametrize("own", [False, True])
def test_an_account_that_would_lack_what_it_needs(
    own: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_user_model()._meta.get_field("last_login"), "null", False)
    use(type("A", (Adapter,), {"new_account": None} if own else {}), settings, monkeypatch)
    messages = found()
    assert [message.id for message in messages] == ([] if own else [faults.ROW_CANNOT_BE_SAVED.id])
    assert own or "Override new_account() and set last_login there" in str(messages[0].hint)


@pytest.mark.parametrize(
    ("members", "limited"),
    [
        ({}, False),
        ({"tenant_users": classmethod(lambda cls, connection: None)}, True),
        ({"rows": {"learner": scim.RelatedRow(Learner, within={"organization_id": 1})}}, False),
        ({"rows": {"learner": scim.RelatedRow(Learner, within={"organization_id": tenant})}}, True),
    ],
    ids=["nothing", "a method", "constants", "the connection"],
)
def test_adoption_by_name_says_whose_accounts_may_be_adopted(
    members: dict[str, Any], limited: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {"user_name_is_sso_subject": True, **members}
    adapter = type("Adopting", (Adapter,), members)
    use(adapter, settings, monkeypatch)
    assert found() == ([] if limited else [faults.EVERYBODY_IS_ADOPTABLE.at(obj=adapter)])


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("on_deactivate", "on_deactivated"),
        ("restores", "restore"),
        ("tenant_user", "tenant_users"),
        ("extension", "extensions"),
        ("bring_profile_back", ""),
        ("_on_updated", ""),
        ("door_system", ""),
    ],
)
def test_a_name_that_nothing_asks_for_and_that_is_nearly_another(
    name: str, near: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = type("Nearly", (Adapter,), {name: lambda self, *args: None})
    use(adapter, settings, monkeypatch)
    assert found() == ([faults.NAME_IS_NEARLY.at(obj=adapter, name=name, near=near)] if near else [])
    if near == "on_deactivated":
        both = type("Both", (adapter,), {near: lambda self, *args: None})
        use(both, settings, monkeypatch)
        assert found() == [], "who has written the one is believed to mean the other"


@pytest.mark.parametrize(
    ("urn", "is_nearly"),
    [
        ("urn:ietf:params:scim:schemas:extension:enterprse:2.0:User", True),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:Users", True),
        ("urn:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:user", False),
        ("urn:ietf:params:scim:schemas:extension:acme:2.0:User", False),
        ("urn:example:enterprise:2.0:User", False),
    ],
)
def test_a_schema_that_is_nearly_one_of_scims_own(
    urn: str, is_nearly: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = scim.Text(f"{urn}:costCenter", "last_name")
    use(type("Nearly", (Adapter,), {"mapping": [line]}), settings, monkeypatch)
    messages = found()
    assert [message.id for message in messages] == [faults.SCHEMA_IS_NEARLY.id] * is_nearly
    if is_nearly:
        assert f"Write '{scim.ENTERPRISE}:costCenter' as the path." in str(messages[0].hint)


@pytest.mark.parametrize("create", ["never", "always", "review"])
def test_a_reference_within_a_column_of_another_row(
    create: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose a row is that stays on a learner whom the LMS has moved, its own columns tell: nobody would ask others."""
    within = {"organization_id": 1, "organization__name": "Harborline"}
    use(referring(within=within, create=create), settings, monkeypatch)
    messages = found()
    assert {message.id for message in messages} == {faults.SCOPE_UNKNOWN.id}
    assert "'organization__name', which is not a field of lms.Team" in messages[0].msg
