"""Who may not see values cannot read them by any other road: address, search, details, paths, exports, API."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from scim_provisioning.admin import pages
from scim_provisioning.admin.scoped import ConnectionScopedAdmin
from scim_provisioning.administration import log_words
from scim_provisioning.models import (
    Action,
    Operation,
    Outcome,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
)
from tests.admin.conftest import Administrator
from tests.admin.pages import text, url
from tests.api.staff import url as api_url
from tests.client import ScimClient
from tests.people import person

pytestmark = pytest.mark.django_db

LOG = "/admin/scim_provisioning/provisioningevent/"
CONNECTIONS = "/admin/scim_provisioning/scimconnection/"
READER = ("view_provisioningevent", "view_scimconnection", "export_log")
MAIL = "ines.okafor@private.example"
GIVEN = "Inesita"


@pytest.fixture
def reader(administrator: Administrator) -> Client:
    """Somebody who reads the log, without values."""
    return administrator(*READER, name="rea")


@pytest.fixture
def ines(scim: ScimClient) -> ProvisionedUser:
    body = person(userName="io-20417", externalId="x-1", displayName=f"{GIVEN} Okafor")
    body |= {
        "name": {"givenName": GIVEN, "familyName": "Okafor"},
        "emails": [{"type": "work", "value": MAIL}],
    }
    scim_id = scim.post("/Users", body).json()["id"]
    scim.patch(f"/Users/{scim_id}", [{"op": "replace", "path": "title", "value": "Head of Keys"}])
    return ProvisionedUser.objects.get(scim_id=scim_id)


# --- conditions in the address


@pytest.mark.parametrize(
    "condition",
    [
        "changes__title__1__startswith=H",
        "changes__title__1__startswith=X",
        "changes__icontains=Head",
        "cause__database__startswith=K",
        "detail__startswith=u",
        "path__contains=@",
        "payload__request__contains=Head",
        "link__document__title=Head+of+Keys",
        "link__search__contains=head",
        "link__user__email__startswith=i",
        "link__former_identifiers__value__startswith=i",
        "token__digest__startswith=a",
        "actor__password__startswith=md5",
        "connection__tokens__digest__startswith=a",
        "connection__name__startswith=E",
        "user_name__startswith=i",
        "created_at__regex=.",
        "outcome__regex=(",
        "id__lt=99",
        "nonsense=1",
    ],
)
@pytest.mark.parametrize("page", ["", "export/"])
def test_no_condition_but_those_of_the_filters_is_asked_of_the_log(
    reader: Client, ines: ProvisionedUser, condition: str, page: str
) -> None:
    assert reader.get(f"{LOG}{page}?{condition}").status_code == 400
    assert reader.get(f"{LOG}{page}?{condition}&_facets=True&o=1&e=1").status_code == 400


@pytest.mark.parametrize(
    "condition",
    [
        "tokens__digest__startswith=a",
        "tokens__prefix=a",
        "events__changes__icontains=Head",
        "sso_key__startswith=1",
    ]
    + [
        "provisioned_users__document__icontains=Head",
        "paused_by__password__startswith=m",
        "contacts__icontains=it",
    ],
)
def test_no_condition_but_those_of_the_filters_is_asked_of_connections(
    reader: Client, ines: ProvisionedUser, condition: str
) -> None:
    assert reader.get(f"{CONNECTIONS}?{condition}").status_code == 400


def test_filters_and_links_of_ours_still_work(
    reader: Client, ines: ProvisionedUser, connection: SCIMConnection
) -> None:
    links = [
        pages.log_url("admin", connection),
        f"{LOG}?connection={connection.pk}&problems=only&lookups=show&action=created&error=user.taken&token=1",
        f"{LOG}?learner={ines.pk}&outcome__exact=applied&created_at__gte=2020-01-01+00:00%2B00:00&created_at__lt=2099-01-01+00:00%2B00:00",
        f"{LOG}?outcome__isnull=False&p=1&q=ines",
        f"{CONNECTIONS}?health=healthy&provider=entra&tokens=expiring&state=current&q=Entra&o=-1",
    ]
    assert [reader.get(link).status_code for link in links] == [200] * len(links)


@pytest.mark.parametrize("value", ["changes", "detail", "user_name", "digest"])
def test_a_row_is_addressed_by_nothing_but_its_key(
    reader: Client, ines: ProvisionedUser, connection: SCIMConnection, value: str
) -> None:
    assert reader.get(f"{CONNECTIONS}{connection.pk}/change/?_to_field={value}").status_code == 400
    assert reader.get(f"{LOG}?_to_field={value}&_popup=1").status_code in (200, 400)
    shown = reader.get(f"{LOG}?_to_field={value}&_popup=1").content.decode()
    assert "Head of Keys" not in shown


def test_the_list_is_sorted_by_nothing_that_is_masked(reader: Client, ines: ProvisionedUser) -> None:
    for number in range(12):
        sorted_by = reader.get(f"{LOG}?o={number}.-{number}").context["cl"].queryset.query.order_by
        assert set(sorted_by) == {"-id"}


def test_autocompletes_offer_rows_of_visible_connections_by_what_is_shown(
    reader: Client, ines: ProvisionedUser
) -> None:
    for model, field in [
        ("provisioningpayload", "event"), ("provisioningevent", "link"), ("provisioningevent", "token"),
        ("formeridentifier", "link"), ("scimtoken", "connection"),
    ]:  # fmt: skip
        query = {
            "app_label": "scim_provisioning",
            "model_name": model,
            "field_name": field,
            "term": "Head of",
        }
        answer = reader.get(reverse("admin:autocomplete"), query)
        assert answer.status_code == 403 or answer.json()["results"] == []


# --- searching


def found(client: Client, term: str) -> int:
    return len(client.get(LOG, {"q": term}).context["cl"].result_list)


def asked(client: Client, connection: SCIMConnection, term: str) -> int:
    answer = client.get(api_url("events", connection.pk), {"q": term})
    return len(answer.json()["results"])


@pytest.mark.parametrize("road", ["admin", "api"])
def test_names_and_addresses_cannot_be_spelled_out_by_searching(
    administrator: Administrator,
    reader: Client,
    ines: ProvisionedUser,
    connection: SCIMConnection,
    scim: ScimClient,
    settings: Settings,
    road: str,
) -> None:
    scim.patch(
        f"/Users/{ines.scim_id}",
        [{"op": "replace", "path": 'emails[type eq "work"].value', "value": "now@private.example"}],
    )
    seeing = administrator(*READER, "view_payload", name="sue")
    if road == "api":
        settings.ROOT_URLCONF = "tests.api.urls"

    def hits(client: Client, term: str) -> bool:
        return bool(found(client, term) if road == "admin" else asked(client, connection, term))

    # The address now, the one before, and a name.
    for begins, whole in (("now@priv", "now@private.example"), (MAIL[:6], MAIL), (GIVEN[:4], GIVEN)):
        assert hits(seeing, begins)
        assert not hits(reader, begins)
        assert hits(reader, whole)
    # What the list shows to everybody is found by its beginning.
    assert hits(reader, "io-2")


# --- refusals, paths, names that a client makes up


@pytest.fixture
def refusal(connection: SCIMConnection) -> ProvisioningEvent:
    row: ProvisioningEvent = ProvisioningEvent.objects.create(
        connection=connection,
        operation=Operation.CREATE,
        action=Action.REFUSED,
        outcome=Outcome.REFUSED,
        status=409,
        error_code="attr.unique",
        detail=f"{MAIL} is taken by {GIVEN}.",
        cause={
            "attribute": f'emails[value eq "{MAIL}"].value',
            "database": f"Key ({MAIL}) exists",
            "who": GIVEN,
        },
        ignored=[
            MAIL,
            f"{GIVEN} Okafor",
            f'x[y eq "{MAIL}"].z',
            "favouriteColour",
            f"open[{MAIL}",
            f'o["{MAIL}',
        ],
        method="POST",
        path=f"/scim/v2/Users/{MAIL}",
    )
    return row


def texts(client: Client, row: ProvisioningEvent, connection: SCIMConnection) -> dict[str, str]:
    """What somebody is told of an operation, by page, by file and by the API."""
    told = {
        "page": client.get(f"{LOG}{row.pk}/change/").content.decode(),
        "list": client.get(LOG).content.decode(),
        "file": b"".join(client.get(f"{LOG}export/").streaming_content).decode(),
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("django.conf.settings.ROOT_URLCONF", "tests.api.urls")
        told["api list"] = client.get(api_url("events", connection.pk)).content.decode()
        told["api"] = client.get(api_url("event", connection.pk, row.pk)).content.decode()
    return told


def test_a_refusal_is_told_without_values(
    reader: Client, refusal: ProvisioningEvent, connection: SCIMConnection
) -> None:
    for where, told in texts(reader, refusal, connection).items():
        assert MAIL not in told, where
        assert GIVEN not in told, where
    shown = text(reader.get(f"{LOG}{refusal.pk}/change/"))
    assert "favouriteColour" in shown
    assert f"The identity provider was told: {log_words.MASK}" in shown


def test_who_may_see_values_is_told_all_of_it(
    administrator: Administrator, refusal: ProvisioningEvent, connection: SCIMConnection
) -> None:
    told = texts(administrator(*READER, "view_payload", name="sue"), refusal, connection)
    assert all(MAIL in told[where] for where in ("page", "file", "api"))


def test_what_an_administrator_noted_is_nobodys_value(reader: Client, connection: SCIMConnection) -> None:
    row = ProvisioningEvent.objects.create(
        connection=connection, operation=Operation.ADMIN, action=Action.PAUSED, outcome=Outcome.APPLIED,
        detail="Paused provisioning: audit",
    )  # fmt: skip
    assert "Paused provisioning: audit" in text(reader.get(f"{LOG}{row.pk}/change/"))


def test_the_mapping_page_names_paths_without_values(
    administrator: Administrator, reader: Client, scim: ScimClient, connection: SCIMConnection
) -> None:
    phones = [{"value": f"+44 131 {number}"} for number in (111, 222)]
    scim.post("/Users", {**person(phoneNumbers=phones), MAIL: 1})
    masked = reader.get(url("mapping", connection))
    clear = administrator(*READER, "view_payload", name="sue").get(url("mapping", connection))
    for value in ("+44 131", MAIL, "Secure Coding Lead"):
        assert value in clear.content.decode()
        assert value not in masked.content.decode()
    paths = [item["path"] for item in masked.context["unused"]]
    assert len(paths) == len(set(paths))
    assert {item["path"]: item["seen"] for item in masked.context["unused"]}[
        'phoneNumbers[value eq "…"].value'
    ] == 2


# --- the same people as the API


@pytest.mark.parametrize(
    "held", [("view_provisioningevent",), ("change_provisioningevent", "export_log"), ()]
)
def test_the_log_opens_for_those_for_whom_the_api_opens(
    administrator: Administrator,
    refusal: ProvisioningEvent,
    connection: SCIMConnection,
    settings: Settings,
    held: tuple[str, ...],
) -> None:
    client = administrator(*held, "view_logentry", name="nat")
    for page in ("", f"{refusal.pk}/change/", "export/"):
        assert client.get(LOG + page).status_code == 403
    assert "provisioningevent" not in client.get("/admin/").content.decode()
    settings.ROOT_URLCONF = "tests.api.urls"
    assert client.get(api_url("events", connection.pk)).status_code == 403


def test_a_custom_filter_of_a_host_is_asked_too() -> None:
    class Own(ConnectionScopedAdmin):
        list_filter = ("status", ("token", object))

    allowed: Callable[..., bool] = Own.lookup_allowed
    own = Own.__new__(Own)
    asks = [
        "status",
        "status__exact",
        "status__gte",
        "token__id__exact",
        "status__regex",
        "token__digest",
        "changes",
    ]
    assert [allowed(own, ask, "1") for ask in asks] == [True, True, True, True, False, False, False]
