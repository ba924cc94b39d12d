"""Two customers in one database: whatever one of them sends, the other's people are not there for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from example_project.lms.models import Company, Learner, Organization, SSOSettings, Team
from scim_provisioning.administration import keeping
from scim_provisioning.models import (
    FormerIdentifier,
    ProvisionedUser,
    ProvisioningEvent,
    SCIMConnection,
    SCIMToken,
    SharedAccount,
)
from scim_provisioning.testing.factories import ConnectionFactory, TokenFactory
from tests.client import ScimClient
from tests.leavers import OFF, ON, established, let_go_at_most
from tests.lms_factories import OrganizationFactory, SSOSettingsFactory
from tests.people import ENTERPRISE, person

pytestmark = pytest.mark.django_db

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

#: The same people, user names and external ids at both customers: nothing but the tenant tells them apart.
PEOPLE = ("ines.okafor", "rui.sousa", "gone.away")


@dataclass(frozen=True)
class Tenant:
    """A customer with an identity provider and three people, the third of whom was deleted."""

    organization: Organization
    sso: SSOSettings
    connection: SCIMConnection
    client: ScimClient
    ids: list[str]

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is this customer's, in every table."""
        ours = self.organization
        links = ProvisionedUser.objects.filter(connection=self.connection)
        tables = {
            "links": links,
            "events": ProvisioningEvent.objects.filter(connection=self.connection),
            "former": FormerIdentifier.objects.filter(link__in=links.values("pk")),
            "accounts": User.objects.filter(learner__organization=ours),
            "learners": Learner.objects.filter(organization=ours),
            "teams": Team.objects.filter(organization=ours),
            "companies": Company.objects.filter(organization=ours),
        }
        return {name: list(rows.order_by("pk").values_list()) for name, rows in tables.items()}


def tenant(name: str, organization: Organization, people: Sequence[str] = PEOPLE) -> Tenant:
    sso = SSOSettingsFactory(organization=organization)
    connection = ConnectionFactory(name=name, sso_key=str(sso.pk))
    client = ScimClient(TokenFactory(connection=connection).plaintext)
    ids = []
    for who in people:
        more = {"department": "Locks", "organization": "Quayside"}
        if ids:
            more["manager"] = {"value": ids[0]}  # type: ignore[assignment]
        answer = client.post("/Users", person(who, nickName="Same", **{ENTERPRISE: more}))
        ids.append(answer.json()["id"])
    client.delete(f"/Users/{ids[2]}")
    return Tenant(organization, sso, connection, client, ids)


@pytest.fixture
def ours(db: None) -> Tenant:
    return tenant("Ours", OrganizationFactory(name="Ours"))


@pytest.fixture
def theirs(db: None) -> Tenant:
    return tenant("Theirs", OrganizationFactory(name="Theirs"))


@pytest.fixture
def beside(ours: Tenant) -> Tenant:
    """A second identity provider of our own customer: in the host's rows nothing tells its people from ours."""
    return tenant("Beside", ours.organization, ("ana.lima", "bo.lind", "left.long-ago"))


# --- everything a client can send, with an id that is not its own


def attacks(mine: list[str], foreign: str) -> st.SearchStrategy[tuple[str, str, Any]]:
    """A request that names somebody else's id wherever an id can stand."""
    own = st.sampled_from(mine[:2])
    operation = st.sampled_from(
        [
            {"op": "replace", "path": "title", "value": "Stolen"},
            {"op": "replace", "path": "active", "value": False},
            {"op": "remove", "path": "emails"},
            {"op": "add", "path": f"{ENTERPRISE}:manager", "value": foreign},
            {"op": "replace", "path": f"{ENTERPRISE}:manager.value", "value": foreign},
            {"op": "replace", "value": {f"{ENTERPRISE}:manager": {"value": foreign}}},
            {"op": "remove", "path": f'{ENTERPRISE}:manager[value eq "{foreign}"]'},
            {"op": "replace", "value": {"id": foreign, "title": "Mine"}},
        ]
    )
    message = st.lists(operation, max_size=3).map(lambda ops: {"schemas": [PATCH_OP], "Operations": ops})
    user = st.sampled_from(
        [
            person("stolen.name", id=foreign, **{ENTERPRISE: {"manager": {"value": foreign}}}),
            person("ines.okafor", id=foreign, meta={"location": f"/Users/{foreign}"}),
            person("gone.away", externalId="goneaway", id=foreign),
        ]
    )
    methods = st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST", "HEAD", "OPTIONS"])
    bulk = st.lists(
        st.one_of(
            st.tuples(st.just("DELETE"), st.just(f"/Users/{foreign}"), st.none()),
            st.tuples(st.just("PATCH"), st.just(f"/Users/{foreign}"), message),
            st.tuples(st.just("PUT"), st.just(f"/Users/{foreign}"), user),
            st.tuples(st.just("POST"), st.just("/Users"), user),
        ),
        min_size=1,
        max_size=3,
    ).map(
        lambda ops: {
            "schemas": [BULK],
            "Operations": [
                {"method": method, "path": path, "data": data, "bulkId": str(n)}
                for n, (method, path, data) in enumerate(ops)
            ],
        }
    )
    return st.one_of(
        st.tuples(methods, st.just(f"/Users/{foreign}"), st.one_of(message, user)),
        st.tuples(methods, st.just(f"/Groups/{foreign}"), message),
        st.tuples(st.just("POST"), st.just("/Users"), user),
        st.tuples(st.just("PUT"), own.map("/Users/{}".format), user),
        st.tuples(st.just("PATCH"), own.map("/Users/{}".format), message),
        st.tuples(st.just("POST"), st.just("/Bulk"), bulk),
        st.tuples(
            st.just("GET"), filters(foreign).map(lambda text: f"/Users?filter={quote(text)}"), st.none()
        ),
        st.tuples(
            st.just("POST"),
            st.sampled_from(["/.search", "/Users/.search"]),
            filters(foreign).map(lambda text: {"schemas": [SEARCH], "filter": text, "count": 50}),
        ),
    )


def filters(foreign: str) -> st.SearchStrategy[str]:
    """Filters that would find the other customer's people, were it not for the tenant."""
    term = st.sampled_from(
        [
            f'id eq "{foreign}"',
            f'manager eq "{foreign}"',
            f'{ENTERPRISE}:manager.value eq "{foreign}"',
            f'meta.location ew "{foreign}"',
            'userName eq "ines.okafor@harborline.example"',
            'userName sw "gone"',
            'externalId eq "inesokafor"',
            'emails[type eq "work" and value co "harborline"]',
            f'{ENTERPRISE}:department eq "Locks"',
            f'{ENTERPRISE}:organization eq "Quayside"',
            'nickName eq "Same"',
            "active eq true",
            'meta.created gt "2000-01-01T00:00:00Z"',
            "id pr",
        ]
    )
    return st.recursive(
        term,
        lambda inner: st.one_of(
            inner.map("not ({})".format),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda t: f"({t[0]}) {t[1]} ({t[2]})"
            ),
        ),
        max_leaves=4,
    )


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is rolled back: every example starts from the same two customers."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@given(data=st.data())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.long
def test_whatever_is_sent_the_other_customer_stays_as_it_was_and_is_never_shown(
    ours: Tenant, theirs: Tenant, data: st.DataObject
) -> None:
    before = theirs.rows()
    foreign = data.draw(st.sampled_from(theirs.ids))
    with undone():
        for method, path, body in data.draw(st.lists(attacks(ours.ids, foreign), min_size=1, max_size=4)):
            answer = ours.client.request(method, path, body)
            assert answer.status_code < 500 or answer.status_code == 501, (method, path, answer.content)
            if path.startswith(f"/Users/{foreign}"):
                # 400: the body was no message of that verb, which is seen before anybody is looked for.
                assert answer.status_code in ({204} if method == "OPTIONS" else {400, 404, 405})
            elif path == "/Bulk":
                for sent, result in zip(
                    body["Operations"], answer.json().get("Operations", []), strict=False
                ):
                    assert sent["path"] == "/Users" or result["status"] in ("400", "404")
            assert_only_ours(answer, ours)
        assert theirs.rows() == before
        assert not Learner.objects.filter(
            organization=ours.organization, manager__organization=theirs.organization
        ).exists()
        listed = ours.client.get("/Users?count=200").json()
        assert_ids_are_of(listed["Resources"], ours)


def assert_only_ours(answer: Any, ours: Tenant) -> None:
    """Every resource that was returned is one of our own links."""
    if answer.headers.get("Content-Type", "").startswith("application/scim+json") and answer.content:
        body = answer.json()
        resources = body.get("Resources", [body] if "userName" in body else [])
        assert_ids_are_of(resources, ours)


def assert_ids_are_of(resources: list[dict[str, Any]], ours: Tenant) -> None:
    known = set(ProvisionedUser.objects.filter(connection=ours.connection).values_list("scim_id", flat=True))
    assert {resource["id"] for resource in resources} <= known


# --- the single rules, by name


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("which", [0, 2], ids=["living", "tombstone"])
@pytest.mark.parametrize("whose", ["theirs", "beside"])
def test_foreign_id_is_answered_exactly_as_an_unknown_one(
    ours: Tenant, whose: str, method: str, which: int, request: pytest.FixtureRequest
) -> None:
    theirs: Tenant = request.getfixturevalue(whose)
    before = theirs.rows()
    body = {"PUT": person(), "PATCH": {"schemas": [PATCH_OP], "Operations": []}}.get(method)
    foreign = ours.client.request(method, f"/Users/{theirs.ids[which]}", body)
    unknown = ours.client.request(method, "/Users/00000000-0000-4000-8000-000000000000", body)
    assert (foreign.status_code, foreign.content) == (404, unknown.content)
    assert theirs.rows() == before


@pytest.mark.parametrize(("whose", "who"), [("theirs", "ines.okafor"), ("beside", "ana.lima")])
def test_foreign_manager_is_kept_as_text_and_never_linked(
    ours: Tenant, whose: str, who: str, request: pytest.FixtureRequest
) -> None:
    theirs: Tenant = request.getfixturevalue(whose)
    operation = {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": theirs.ids[0]}
    answer = ours.client.patch(f"/Users/{ours.ids[1]}", [operation])
    assert answer.json()[ENTERPRISE]["manager"]["value"] == theirs.ids[0]
    learner = Learner.objects.get(user__scim_links__scim_id=ours.ids[1])
    assert learner.manager is None
    # Nor when the other one's person comes and goes.
    theirs.client.delete(f"/Users/{theirs.ids[0]}")
    assert theirs.client.post("/Users", person(who)).status_code == 201
    learner.refresh_from_db()
    assert learner.manager is None


def test_teams_and_companies_of_one_name_are_two(ours: Tenant, theirs: Tenant) -> None:
    for model in (Team, Company):
        owners = model.objects.values_list("organization", flat=True)
        assert sorted(owners) == sorted([ours.organization.pk, theirs.organization.pk])


def test_person_deleted_by_the_other_customer_does_not_come_back_to_us(ours: Tenant, theirs: Tenant) -> None:
    User.objects.filter(scim_links__scim_id=ours.ids[2]).delete()
    ProvisionedUser.objects.filter(connection=ours.connection, scim_id=ours.ids[2]).delete()
    answer = ours.client.post("/Users", person("gone.away"))
    assert answer.status_code == 201
    assert answer.json()["id"] not in theirs.ids


def test_cursor_of_the_other_customer_is_invalid(ours: Tenant, theirs: Tenant) -> None:
    cursor = theirs.client.get("/Users?cursor&count=1").json()["nextCursor"]
    assert theirs.client.get(f"/Users?cursor={cursor}&count=1").status_code == 200
    answer = ours.client.get(f"/Users?cursor={cursor}&count=1")
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidCursor")


def test_version_of_the_other_customer_tells_nothing(ours: Tenant, theirs: Tenant) -> None:
    version = theirs.client.get(f"/Users/{theirs.ids[0]}").headers["ETag"]
    for headers in ({"if_match": version}, {"if_none_match": version}, {"if_match": "*"}):
        assert ours.client.get(f"/Users/{theirs.ids[0]}", **headers).status_code == 404


def test_account_that_both_customers_hold_stays_on_while_one_of_them_keeps_it(
    ours: Tenant, theirs: Tenant
) -> None:
    shared = ProvisionedUser.objects.get(scim_id=theirs.ids[0]).user
    # As an administrator lets a second customer use an account.
    SharedAccount.objects.create(connection=ours.connection, user=shared)
    ProvisionedUser.objects.filter(scim_id=ours.ids[0]).update(user=shared, owns_profile=False)
    assert ours.client.delete(f"/Users/{ours.ids[0]}").status_code == 204
    assert User.objects.get(pk=shared.pk).is_active  # type: ignore[union-attr]
    assert theirs.client.get(f"/Users/{theirs.ids[0]}").json()["active"] is True


# --- the statements themselves

#: Every table of ours whose rows are one connection's. A token is found by its digest, and tells whose the request is.
TABLES = {
    model._meta.db_table
    for model in apps.get_app_config("scim_provisioning").get_models()
    if model is not SCIMToken and any(field.name == "connection" for field in model._meta.get_fields())
}


@contextmanager
def tenant_statements() -> Iterator[list[tuple[str, str]]]:
    """The SELECT, UPDATE and DELETE statements that touch a table whose rows are one connection's, each with one such
    table and the condition, without what an UPDATE sets."""
    found: list[tuple[str, str]] = []
    with CaptureQueriesContext(database) as captured:
        yield found
    for query in captured:
        sql = query["sql"].replace("`", '"')
        # MariaDB is told with the statement how long it may take.
        sql = re.sub(r"^SET STATEMENT \S+ FOR ", "", sql)
        if sql.split(None, 1)[0] in ("SELECT", "UPDATE", "DELETE"):
            condition = sql.partition(" WHERE ")[2] if sql.startswith("UPDATE") else sql
            found.extend((table, condition) for table in sorted(TABLES) if f'"{table}"' in sql)


def test_every_statement_on_a_customers_rows_names_the_tenant(ours: Tenant, theirs: Tenant) -> None:
    client, ids = ours.client, ours.ids
    ines = ProvisionedUser.objects.get(scim_id=ids[0])
    keeping.lock(ines, keeping.attribute(ines, "title"), reason="Agreed", actor=None)
    let_go_at_most(ours.connection, 1)
    established()
    cursor = client.get("/Users?cursor&count=1&sortBy=title").json()["nextCursor"]
    operations = [
        {"op": "replace", "path": "title", "value": "New"},
        {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": ids[1]},
        {"op": "replace", "path": "userName", "value": "new.name@harborline.example"},
    ]
    bulk = {
        "schemas": [BULK],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "b", "data": person("bulk.one")},
            {
                "method": "POST",
                "path": "/Users",
                "bulkId": "c",
                "data": person("bulk.two", **{ENTERPRISE: {"manager": {"value": "bulkId:b"}}}),
            },
        ],
    }
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/Users", None),
        ("GET", "/Users?count=1", None),
        ("GET", f"/Users?sortBy=title&cursor={cursor}&count=1", None),
        ("GET", "/Users?sortBy=manager.value", None),
        ("GET", f"/Users?filter={quote(f'manager eq {chr(34)}{ids[0]}{chr(34)} or nickName pr')}", None),
        ("POST", "/.search", {"schemas": [SEARCH], "filter": 'emails.value co "a"'}),
        ("GET", f"/Users/{ids[1]}", None),
        ("GET", f"/Users/{theirs.ids[1]}", None),
        ("POST", "/Users", person("some.body")),
        ("POST", "/Users", person("ines.okafor")),
        ("POST", "/Users", person("gone.away")),
        ("PUT", f"/Users/{ids[0]}", person("ines.okafor", title="Put")),
        ("PATCH", f"/Users/{ids[0]}", {"schemas": [PATCH_OP], "Operations": operations}),
        ("PATCH", f"/Users/{theirs.ids[0]}", {"schemas": [PATCH_OP], "Operations": operations}),
        ("POST", "/Bulk", bulk),
        ("DELETE", f"/Users/{ids[1]}", None),
        # One may go within an hour: held, held still, and back.
        ("PATCH", f"/Users/{ids[0]}", {"schemas": [PATCH_OP], "Operations": OFF}),
        ("PATCH", f"/Users/{ids[0]}", {"schemas": [PATCH_OP], "Operations": OFF}),
        ("PATCH", f"/Users/{ids[0]}", {"schemas": [PATCH_OP], "Operations": ON}),
    ]
    # By the connection's key, also where others are asked whether they know an account too, or by that of one of its
    # people, who was found by it. One table may stand in a statement under several names; each must be bound so.
    links = ProvisionedUser.objects.filter(connection=ours.connection).values_list("pk", flat=True)
    own = "|".join(map(str, links))
    names_tenant = re.compile(rf'"connection_id" = {ours.connection.pk}\b|"link_id" = (?:{own})\b')
    met: set[str] = set()
    for method, path, body in requests:
        with tenant_statements() as statements:
            client.request(method, path, body)
        assert statements, path
        for table, condition in statements:
            assert names_tenant.search(condition), (method, path, table, condition)
            assert f'"connection_id" = {theirs.connection.pk}' not in condition
            met.add(table)
    assert met >= {f"scim_provisioning_{name}" for name in ("provisioneduser", "heldleaver", "leaverbrake")}
