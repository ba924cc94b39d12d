from __future__ import annotations

from typing import Any

import pytest

from scim_provisioning.protocol.constants import LIST_RESPONSE, SEARCH_REQUEST
from scim_provisioning.protocol.errors import InvalidFilter, InvalidSyntax, InvalidValue
from scim_provisioning.protocol.messages import SearchRequest, cursor_response, list_response


def test_an_empty_list_is_what_entras_connection_test_expects() -> None:
    assert list_response([], 0) == {
        "schemas": [LIST_RESPONSE],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }


def test_items_per_page_is_what_the_page_holds() -> None:
    answer = list_response([{"id": "1"}], 11, 11)
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (11, 11, 1)


def test_a_cursor_answer_names_the_neighbours_there_are() -> None:
    assert cursor_response([{"id": "1"}], 3, "next") == {
        "schemas": [LIST_RESPONSE],
        "totalResults": 3,
        "itemsPerPage": 1,
        "nextCursor": "next",
        "Resources": [{"id": "1"}],
    }
    last = cursor_response([], 3, None, "previous")
    assert "nextCursor" not in last
    assert last["previousCursor"] == "previous"


@pytest.mark.parametrize(
    ("params", "start_index", "count"),
    [
        ({}, 1, 100),
        ({"startIndex": "0", "count": "2"}, 1, 2),
        ({"startIndex": "-7", "count": "-4"}, 1, 0),
        ({"startindex": "11", "COUNT": "5"}, 11, 5),
        ({"count": "0"}, 1, 0),
        ({"count": "100000"}, 1, 200),
        ({"startIndex": "999999999999999999"}, 2**31 - 1, 100),
        ({"startIndex": "9" * 30, "count": "9" * 5000}, 2**31 - 1, 200),
        ({"startIndex": 10**30, "count": 10**30}, 2**31 - 1, 200),
        ({"startIndex": f"-{'9' * 30}", "count": f"-{'9' * 30}"}, 1, 0),
        ({"startIndex": "", "count": ""}, 1, 100),
        ({"startIndex": 3, "count": 4}, 3, 4),
        ({"aadOptscim062020": ""}, 1, 100),
    ],
)
def test_paging_is_clamped_as_the_rfc_says(params: dict[str, Any], start_index: int, count: int) -> None:
    request = SearchRequest.from_query(params)
    assert (request.start_index, request.count) == (start_index, count)


@pytest.mark.parametrize("value", ["abc", "1.5", "1e3", "٣", "+", "9" * 30 + "x", "0x1", True, 1.0, [1]])
def test_what_is_no_number_is_refused_by_name(value: object) -> None:
    for name in ("startIndex", "count"):
        with pytest.raises(InvalidValue, match=f"{name} must be a whole number"):
            SearchRequest.from_query({name: value})


def test_the_hosts_page_sizes_are_given_in() -> None:
    assert SearchRequest.from_query({}, default_count=20, max_count=50).count == 20
    assert SearchRequest.from_query({"count": "80"}, default_count=20, max_count=50).count == 50


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_filter_does_not_mean_everybody(text: str) -> None:
    with pytest.raises(InvalidFilter, match="The filter is empty"):
        SearchRequest.from_query({"filter": text})


def test_a_query_is_read_completely() -> None:
    request = SearchRequest.from_query(
        {
            "filter": 'userName eq "x"',
            "sortBy": "name.familyName",
            "sortOrder": "Descending",
            "attributes": "userName,emails",
            "excludedAttributes": "meta",
            "cursor": "",
        }
    )
    assert request.filter == 'userName eq "x"'
    assert request.sort_by == "name.familyName"
    assert request.descending
    assert request.attributes == "userName,emails"
    assert request.excluded_attributes == "meta"
    assert request.cursor == "", "the first cursor page, not index paging"


def test_a_search_body_is_read_like_a_query() -> None:
    body = {"Schemas": [SEARCH_REQUEST], "attributes": ["userName"], "startIndex": 2, "Count": 3}
    request = SearchRequest.from_body(body)
    assert (request.start_index, request.count, request.attributes) == (2, 3, ["userName"])
    assert request.cursor is None
    assert not request.descending


@pytest.mark.parametrize("body", [None, [], {}, {"schemas": "x"}, {"schemas": [LIST_RESPONSE]}])
def test_a_body_that_is_no_search_is_refused(body: object) -> None:
    with pytest.raises(InvalidSyntax):
        SearchRequest.from_body(body)


@pytest.mark.parametrize(
    ("member", "value"),
    [("filter", 5), ("sortBy", ["a"]), ("sortOrder", "upwards"), ("attributes", 5), ("cursor", {})],
)
def test_members_of_the_wrong_type_are_refused_by_name(member: str, value: object) -> None:
    with pytest.raises(InvalidValue, match=f"{member} must be"):
        SearchRequest.from_body({"schemas": [SEARCH_REQUEST], member: value})
