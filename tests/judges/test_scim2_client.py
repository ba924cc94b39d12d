"""scim2-client, a client that nobody here wrote, drives every verb; what it did is looked up in the LMS.

The client checks each answer against the schemas that the server published, so an answer that is not valid
SCIM fails here too.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import (
    BulkOperation,
    BulkRequest,
    PatchOp,
    PatchOperation,
    ResponseParameters,
    SCIMException,
    SearchRequest,
)

from example_project.lms.models import Learner, Organization
from scim_provisioning.models import ProvisionedUser, ProvisioningEvent
from tests.judges.conftest import ClientOf

pytestmark = pytest.mark.django_db(transaction=True)

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.fixture
def client(client_of: ClientOf) -> SyncSCIMClient:
    """A client that knows of the server what the server says of itself."""
    client = client_of(None)
    client.discover()
    return client


@pytest.fixture
def User(client: SyncSCIMClient) -> Any:
    """The model that the client built from the published schemas."""
    return client.get_resource_model("User")


def make(User: Any, name: str, **more: Any) -> Any:
    return User(
        user_name=f"{name}@harborline.example",
        name={"givenName": name.title(), "familyName": "Okafor"},
        emails=[{"type": "work", "value": f"{name}@harborline.example", "primary": True}],
        active=True,
        **more,
    )


def patch(User: Any, *operations: dict[str, Any]) -> Any:
    return PatchOp[User](operations=[PatchOperation[User](**operation) for operation in operations])


def learner(name: str) -> Learner:
    return Learner.objects.get(user__username=f"{name}@harborline.example")


def test_create_makes_a_learner_and_query_reads_it(
    client: SyncSCIMClient, User: Any, organization: Organization
) -> None:
    made = client.create(make(User, "ines", title="Lead"))
    read = client.query(User, made.id)

    assert (read.user_name, read.title, read.active) == ("ines@harborline.example", "Lead", True)
    assert read.meta.version == made.meta.version
    account = learner("ines").user
    assert (account.first_name, account.last_name, account.email) == (
        "Ines",
        "Okafor",
        "ines@harborline.example",
    )
    assert (learner("ines").job_role, learner("ines").organization) == ("Lead", organization)


def test_a_second_person_of_the_same_name_is_refused_as_the_rfc_says(
    client: SyncSCIMClient, User: Any
) -> None:
    client.create(make(User, "ines"))
    with pytest.raises(SCIMException) as refused:
        client.create(make(User, "INES"))

    assert refused.value.scim_type == "uniqueness"
    assert get_user_model().objects.count() == 1


def test_queries_filter_sort_and_page(client: SyncSCIMClient, User: Any) -> None:
    for name in ("ines", "rui", "ana"):
        client.create(make(User, name, title="Lead" if name != "rui" else "Clerk"))

    request = SearchRequest[User](filter='title eq "lead"', sort_by="userName", start_index=2, count=1)
    page = client.query(User, query_parameters=request)

    assert (page.total_results, page.start_index, page.items_per_page) == (2, 2, 1)
    assert [user.user_name for user in page.resources] == ["ines@harborline.example"]


def test_queries_return_only_what_was_asked_for(client: SyncSCIMClient, User: Any) -> None:
    made = client.create(make(User, "ines", title="Lead"))
    read = client.query(User, made.id, query_parameters=ResponseParameters[User](attributes=["title"]))

    assert (read.id, read.title, read.user_name, read.name) == (made.id, "Lead", None, None)


def test_cursors_walk_the_whole_directory(client: SyncSCIMClient, User: Any) -> None:
    names = [f"person{number}" for number in range(5)]
    for name in names:
        client.create(make(User, name))

    met: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.query(User, query_parameters=SearchRequest[User](cursor=cursor, count=2))
        met += [user.user_name.partition("@")[0] for user in page.resources]
        cursor = page.next_cursor

    assert met == names


def test_replace_clears_what_it_leaves_out(client: SyncSCIMClient, User: Any) -> None:
    made = client.create(make(User, "ines", title="Lead", nick_name="Nan"))
    made.title, made.nick_name, made.name.family_name = None, None, "Bell"
    replaced = client.replace(made)

    assert (replaced.title, replaced.nick_name, replaced.name.family_name) == (None, None, "Bell")
    assert (learner("ines").job_role, learner("ines").user.last_name) == ("", "Bell")


def test_modify_applies_every_operation(client: SyncSCIMClient, User: Any) -> None:
    made = client.create(make(User, "ines", title="Lead"))
    operations = patch(
        User,
        {"op": "replace", "path": "name.familyName", "value": "Bell"},
        {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Cloud Security"},
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "active", "value": False},
    )
    modified = client.modify(User, made.id, operations)

    assert (modified.name.family_name, modified.title, modified.active) == ("Bell", None, False)
    row = learner("ines")
    assert (row.user.last_name, row.team.name, row.job_role) == ("Bell", "Cloud Security", "")  # type: ignore[union-attr]
    assert row.user.is_active is False


def test_delete_switches_the_learner_off_and_keeps_them(client: SyncSCIMClient, User: Any) -> None:
    made = client.create(make(User, "ines"))
    client.delete(User, made.id)

    assert learner("ines").user.is_active is False
    gone = client.query(User, made.id, raise_scim_errors=False)
    assert gone.status == 404  # type: ignore[union-attr]


def test_a_stale_version_is_refused(client: SyncSCIMClient, User: Any) -> None:
    made = client.create(make(User, "ines"))
    stale = client.query(User, made.id)
    assert client.query(stale) is stale  # 304
    client.modify(User, made.id, patch(User, {"op": "replace", "path": "title", "value": "Lead"}))
    with pytest.raises(SCIMException) as refused:
        client.delete(stale)

    assert refused.value.status == 412
    assert learner("ines").user.is_active is True


@pytest.mark.parametrize("everywhere", [True, False], ids=["/.search", "/Users/.search"])
def test_search_finds_people_with_the_filter_in_the_body(
    client: SyncSCIMClient, User: Any, everywhere: bool
) -> None:
    for name in ("ines", "rui"):
        client.create(make(User, name))
    request = SearchRequest[User](filter='emails[type eq "work" and value sw "RUI"]', attributes=["userName"])
    found = client.search(None if everywhere else User, search_request=request)

    assert [user.user_name for user in found.resources] == ["rui@harborline.example"]
    assert found.resources[0].name is None


def test_bulk_creates_people_who_refer_to_each_other(client: SyncSCIMClient, User: Any) -> None:
    report = make(User, "rui")
    report[ENTERPRISE] = report.get_extension_models()[ENTERPRISE](manager={"value": "bulkId:boss"})
    operations = [
        BulkOperation[User](method="POST", path="/Users", bulk_id="report", data=report),
        BulkOperation[User](method="POST", path="/Users", bulk_id="boss", data=make(User, "ines")),
    ]
    answer = client.bulk(BulkRequest[User](operations=operations))

    assert [operation.status for operation in answer.operations] == [201, 201]
    assert learner("rui").manager == learner("ines")
    assert ProvisionedUser.objects.count() == 2
    assert ProvisioningEvent.objects.filter(outcome="applied").count() == 2
