from __future__ import annotations

import pytest
from django_scim.exceptions import SCIMException

from scim_provisioning.protocol import errors
from scim_provisioning.protocol.constants import ERROR

CLASSES = [
    item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, errors.SCIMError)
]


def test_an_error_body_has_the_status_as_text_and_no_facts_for_administrators() -> None:
    error = errors.InvalidValue("title: expected text.", params={"learner": 7}, headers={"X": "y"})
    assert error.to_dict() == {
        "schemas": [ERROR],
        "status": "400",
        "scimType": "invalidValue",
        "detail": "title: expected text.",
    }
    assert error.params == {"learner": 7}
    assert error.headers == {"X": "y"}


def test_scim_type_is_left_out_where_the_rfc_has_none() -> None:
    assert "scimType" not in errors.NotFound().to_dict()


def test_an_instance_may_name_a_more_precise_catalogue_code() -> None:
    assert errors.Uniqueness().code == "user.username_taken"
    assert errors.Uniqueness(code="user.exists_unmanaged").code == "user.exists_unmanaged"


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda item: item.__name__)
def test_every_error_says_something_without_being_told(error_class: type[errors.SCIMError]) -> None:
    error = error_class()
    assert error.detail
    assert error.code
    assert error.status >= 400
    assert isinstance(error, SCIMException)


def test_an_unknown_attribute_is_an_invalid_path() -> None:
    assert issubclass(errors.UnknownAttribute, errors.InvalidPath)
