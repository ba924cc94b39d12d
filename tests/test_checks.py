"""`manage.py check`: each fault has its id, and a hint that is the fix."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.urls import include, path

import scim_provisioning.adapters as scim
from example_project.lms.models import Learner, SSOSettings
from scim_provisioning.checks import TAG, faults

if TYPE_CHECKING:
    from pytest_django import Settings

ALL_FAULTS = [value for value in vars(faults).values() if isinstance(value, faults.Fault)]
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


def configure(settings: Settings, **keys: object) -> None:
    settings.SCIM_PROVISIONING = {**settings.SCIM_PROVISIONING, **keys}


def use(adapter: type, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("host_of_a_check")
    module.Adapter = adapter  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "host_of_a_check", module)
    configure(settings, ADAPTER="host_of_a_check.Adapter")


def found() -> list[CheckMessage]:
    return run_checks(tags=[TAG])


@pytest.fixture(autouse=True)
def _https(settings: Settings) -> None:
    """The example runs on a developer's machine; these tests run as in production."""
    settings.DEBUG = False
    configure(settings, SITE_URL="https://lms.example")


def test_the_example_project_has_no_fault() -> None:
    assert found() == []


def test_manage_check_runs_them(settings: Settings) -> None:
    configure(settings, ADAPTER="")
    with pytest.raises(SystemCheckError, match=r"scim_provisioning\.E004"):
        call_command("check")


def test_every_id_is_used_once_and_every_hint_is_a_sentence() -> None:
    ids = [fault.id for fault in ALL_FAULTS]
    assert len(set(ids)) == len(ids) >= 25
    for fault in ALL_FAULTS:
        assert fault.hint == "{advice}" or fault.hint.endswith((".", "}."))


# -- the dict ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [None, [], "text"])
def test_a_setting_that_is_no_dict(value: object, settings: Settings) -> None:
    settings.SCIM_PROVISIONING = value
    assert faults.SETTING_IS_NO_DICT.at() in found()


def test_a_missing_setting(settings: Settings) -> None:
    del settings.SCIM_PROVISIONING
    assert {message.id for message in found()} == {"scim_provisioning.E001", "scim_provisioning.E004"}


@pytest.mark.parametrize(
    ("keys", "shown", "advice"),
    [
        ({"TOKEN_DEFAULT_DAY": 30}, "'TOKEN_DEFAULT_DAY'", "Did you mean 'TOKEN_DEFAULT_DAYS'?"),
        ({"site_url": "https://x"}, "'site_url'", "Did you mean 'SITE_URL'?"),
        ({"LIMITS": {"dept": 3}}, "LIMITS['dept']", "Did you mean 'depth'?"),
        ({"THROTTLE": {"write": 3}}, "THROTTLE['write']", "Did you mean 'writes'?"),
        ({"THROTTLE": {"x": 3}}, "THROTTLE['x']", "Remove it, or use one of: reads, writes."),
        ({"RETENTION": {"event_day": 3}}, "RETENTION['event_day']", "Did you mean 'event_days'?"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_known_one(
    keys: dict[str, Any], shown: str, advice: str, settings: Settings
) -> None:
    configure(settings, **keys)
    assert found() == [faults.UNKNOWN_KEY.at(key=shown, advice=advice)]


@pytest.mark.parametrize(
    ("key", "value", "shown", "wanted", "said"),
    [
        ("PAGE_SIZE", "100", "PAGE_SIZE", "a whole number", "'100'"),
        ("PAGE_SIZE", True, "PAGE_SIZE", "a whole number", "True"),
        ("REQUIRE_SSO", "no", "REQUIRE_SSO", "True or False", "'no'"),
        ("SSO_ENABLED", ["enabled"], "SSO_ENABLED", "a dict", "['enabled']"),
        ("SSO_MODEL", 5, "SSO_MODEL", "a text", "5"),
        ("ADAPTER", 5, "ADAPTER", "a text", "5"),
        ("TRUSTED_PROXIES", "10.0.0.1", "TRUSTED_PROXIES", "a list", "'10.0.0.1'"),
        ("LIMITS", {"depth": "deep"}, "LIMITS['depth']", "a whole number", "'deep'"),
        ("TOKEN_PEPPERS", [b"secret" * 8], "TOKEN_PEPPERS[…]", "a text", "a bytes"),
    ],
)
def test_a_value_of_the_wrong_kind(
    key: str, value: object, shown: str, wanted: str, said: str, settings: Settings
) -> None:
    configure(settings, **{key: value})
    assert found() == [faults.WRONG_KIND.at(key=shown, wanted=wanted, value=said)]


@pytest.mark.parametrize(
    ("keys", "shown", "value"),
    [
        ({"TOKENS_LIVE_MAX": 0}, "TOKENS_LIVE_MAX", 0),
        ({"TOKENS_LIVE_MAX": 6}, "TOKENS_LIVE_MAX", 6),
        ({"TOKEN_MAX_DAYS": 0}, "TOKEN_MAX_DAYS", 0),
        ({"TOKEN_DEFAULT_DAYS": 731}, "TOKEN_DEFAULT_DAYS", 731),
        ({"PAGE_SIZE_MAX": 0}, "PAGE_SIZE_MAX", 0),
        ({"PAGE_SIZE": 201}, "PAGE_SIZE", 201),
        ({"LIMITS": {"depth": 0}}, "LIMITS['depth']", 0),
        ({"THROTTLE": {"reads": -1}}, "THROTTLE['reads']", -1),
    ],
)
def test_a_number_out_of_range(keys: dict[str, Any], shown: str, value: int, settings: Settings) -> None:
    configure(settings, **keys)
    (message,) = found()
    assert message.id == faults.OUT_OF_RANGE.id
    assert message.msg == f"SCIM_PROVISIONING: {shown} is {value}, which is out of range."
    assert message.hint is not None
    assert message.hint.startswith(f"Set {shown} to ")


def test_a_proxy_that_is_no_network(settings: Settings) -> None:
    configure(settings, TRUSTED_PROXIES=["10.0.0.0/8", "proxy.internal"])
    assert found() == [faults.BAD_NETWORK.at(value="'proxy.internal'")]


@pytest.mark.parametrize("key", ["ADMIN_BASE", "METRICS"])
def test_a_dotted_path_that_leads_nowhere(key: str, settings: Settings) -> None:
    configure(settings, **{key: "nowhere.Class"})
    error = "No module named 'nowhere'"
    assert found() == [faults.PATH_NOT_IMPORTABLE.at(key=key, path="nowhere.Class", error=error)]


def test_weak_peppers_are_named_without_being_shown(settings: Settings) -> None:
    settings.SECRET_KEY = "the-secret-key-of-this-very-project"
    configure(settings, TOKEN_PEPPERS=["short", settings.SECRET_KEY, "l" * 32])
    messages = found()
    assert messages == [faults.SHORT_PEPPER.at(length=5), faults.PEPPER_IS_SECRET_KEY.at()]
    assert "short" not in str(messages)


# -- the Tenant URL ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "debug", "fault"),
    [
        ("", False, faults.SITE_URL_MISSING),
        ("", True, None),
        ("https://lms.example", False, None),
        ("https://lms.example:8443/", False, None),
        ("http://lms.example", True, None),
        ("http://lms.example", False, faults.SITE_URL_WITHOUT_HTTPS),
        ("http://localhost.lms.example", False, faults.SITE_URL_WITHOUT_HTTPS),
        ("http://127.0.0.1:8000", False, None),
        ("https://lms.example/scim/v2", False, faults.SITE_URL_MALFORMED),
        ("https://lms.example?x=1", False, faults.SITE_URL_MALFORMED),
        ("https://user@lms.example", False, faults.SITE_URL_MALFORMED),
        ("lms.example", False, faults.SITE_URL_MALFORMED),
        ("lms.example", True, faults.SITE_URL_MALFORMED),
        ("ftp://lms.example", False, faults.SITE_URL_MALFORMED),
        ("https://", False, faults.SITE_URL_MALFORMED),
        ("https://[bad", False, faults.SITE_URL_MALFORMED),
        ("https://lms.example:port", False, faults.SITE_URL_MALFORMED),
    ],
)
def test_the_site_url_is_https_and_nothing_but_scheme_and_host(
    url: str, debug: bool, fault: faults.Fault | None, settings: Settings
) -> None:
    settings.DEBUG = debug
    configure(settings, SITE_URL=url)
    assert found() == ([] if fault is None else [fault.at(url=url)])


# -- the adapter -------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("limited", [False, True])
def test_adoption_by_name_says_whose_accounts_may_be_adopted(
    limited: bool, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    members: dict[str, Any] = {"user_name_is_sso_subject": True}
    if limited:
        members["tenant_users"] = classmethod(lambda cls, connection: None)
    adapter = type("Adopting", (Adapter,), members)
    use(adapter, settings, monkeypatch)
    assert found() == ([] if limited else [faults.EVERYBODY_IS_ADOPTABLE.at(obj=adapter)])


# -- the SSO settings model --------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["lms.NoSuchModel", "nowhere.SSOSettings", "SSOSettings"])
def test_an_sso_model_that_is_not_installed(model: str, settings: Settings) -> None:
    configure(settings, SSO_MODEL=model)
    assert found() == [faults.SSO_MODEL_MISSING.at(model=model)]


def test_without_an_sso_model_there_is_nothing_to_check(settings: Settings) -> None:
    configure(settings, SSO_MODEL=None, SSO_KEY_FIELD="anything", SSO_ENABLED={"anything": True})
    assert found() == []


def test_an_sso_key_field_that_is_not_there(settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD="entity")
    assert found() == [faults.SSO_KEY_FIELD_MISSING.at(field="entity", model="lms.SSOSettings")]


def test_an_sso_key_field_that_is_not_unique(settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD="name")
    assert found() == [faults.SSO_KEY_FIELD_NOT_UNIQUE.at(field="name", model="lms.SSOSettings")]


def test_an_sso_key_field_that_is_unique_together_with_others_only(settings: Settings) -> None:
    configure(settings, SSO_MODEL="lms.Company", SSO_KEY_FIELD="name", SSO_ENABLED={"id": 1})
    assert faults.SSO_KEY_FIELD_NOT_UNIQUE.at(field="name", model="lms.Company") in found()


@pytest.mark.parametrize("field", ["pk", "id"])
def test_an_sso_key_field_that_is_unique(field: str, settings: Settings) -> None:
    configure(settings, SSO_KEY_FIELD=field)
    assert found() == []


def test_a_switch_that_the_sso_model_does_not_have(settings: Settings) -> None:
    configure(settings, SSO_ENABLED={"enabled": True, "is_on": True})
    assert found() == [faults.SSO_ENABLED_UNKNOWN.at(field="is_on", model="lms.SSOSettings")]


def test_no_switch_at_all_is_a_warning(settings: Settings) -> None:
    configure(settings, SSO_ENABLED={})
    (message,) = found()
    assert message == faults.SSO_ALWAYS_ON.at(model="lms.SSOSettings")
    assert message.is_serious(level=30)
    assert not message.is_serious()
    configure(settings, REQUIRE_SSO=False)
    assert found() == []


def test_an_admin_page_without_the_panel_is_a_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = type("SSOSettingsAdmin", (admin.ModelAdmin,), {})
    monkeypatch.setitem(admin.site._registry, SSOSettings, page(SSOSettings, admin.site))
    (message,) = found()
    assert message.id == faults.NO_PANEL.id
    assert "class SSOSettingsAdmin(SCIMPanelMixin, admin.ModelAdmin)" in str(message.hint)
    monkeypatch.delitem(admin.site._registry, SSOSettings)
    assert found() == []


# -- databases and URLs ------------------------------------------------------------------------------------


class AccountsElsewhere:
    """A router that keeps the accounts in a database of their own."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "people" if model._meta.app_label == "auth" else None


def test_tables_and_accounts_in_different_databases(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [AccountsElsewhere()]
    (message,) = found()
    assert message.id == faults.SEVERAL_DATABASES.id
    assert "auth.User in 'people'" in message.msg
    assert "scim_provisioning.SCIMToken in 'default'" in message.msg


def urlconf(monkeypatch: pytest.MonkeyPatch, settings: Settings, *patterns: Any) -> None:
    module = ModuleType("urls_of_a_check")
    module.urlpatterns = list(patterns)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "urls_of_a_check", module)
    settings.ROOT_URLCONF = "urls_of_a_check"


def ours(prefix: str = "") -> Any:
    return path(prefix, include("scim_provisioning.urls"))


def test_urls_that_are_not_included(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings)
    assert found() == [faults.URLS_NOT_INCLUDED.at(urlconf="urls_of_a_check")]


def test_urls_that_are_included_twice(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings, ours(), path("deep/", include([ours("api/")])))
    assert found() == [faults.URLS_INCLUDED_TWICE.at(count=2)]


def test_urls_that_are_included_once_somewhere_deep(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    urlconf(monkeypatch, settings, path("deep/", include([ours("api/")])))
    assert found() == []


def test_urls_under_a_path_with_a_parameter(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings, ours("<slug:tenant>/"))
    (message,) = found()
    assert message.id == faults.URLS_NOT_REVERSIBLE.id


def test_urls_under_a_namespace_of_the_hosts_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    urlconf(monkeypatch, settings, path("", include("scim_provisioning.urls", namespace="provisioning")))
    assert found() == []


def test_a_project_without_urls_has_none_to_include(settings: Settings) -> None:
    del settings.ROOT_URLCONF
    assert found() == []
