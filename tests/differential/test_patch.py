"""Our PATCH against scim2-models': the same resource, or both refuse with the same scimType.

Where the two differ on purpose, nothing is generated. docs/deviations.md says why; these are all such places:

* **Spellings.** ``""`` and ``{}`` are no value, as null is; an add of null clears; "True" is true; text stands
  for ``{"value": text}``; one object stands for a list of it; a remove may list values; empty Operations.
* **Elements.** The same type and value again is the same element. An element with nothing but ``type`` and
  ``primary`` is none, and takes ``primary`` from nobody. A lone element without a type is the work one. Of
  several that claim to be primary the last one is (there: invalidValue).
* **Filtered paths.** A replace of a whole element replaces it (there it merges). The ``eq`` terms of any
  ``and`` say what to create, and a value may contradict them: Entra sets ``type`` through a filter on it.
  A filter on ``manager``, which is one value, is understood.
* **A part of a multi-valued attribute without a filter** (``emails.type``) is the primary element's.
* **Refusals.** Emptying userName by replace is invalidValue (there: mutability); an unknown ``op`` is
  invalidSyntax (there: invalidValue); read-only members inside a value are passed over (there: mutability);
  ``schemas`` and ``groups`` are read only.
"""

from __future__ import annotations

import copy
from itertools import count
from typing import Any

from hypothesis import given
from pydantic import ValidationError
from scim2_models import Context, Error, PatchOp, SCIMException, ScimPolicy

from scim_provisioning.protocol import documents, patch
from scim_provisioning.protocol.errors import SCIMError
from scim_provisioning.protocol.schema import USER_SCHEMA
from tests.differential.models import COMPARED_AS_HERE, Model
from tests.differential.patches import OPERATIONS, USERS, WITH_A_FAULT, Json, message, numbered
from tests.differential.profile import examples

#: Settings of scim2-models that its authors made for Entra, as the behaviours here were.
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
    comparison_key=COMPARED_AS_HERE.comparison_key,
)


def ours(user: Json, operations: list[Json]) -> Any:
    """The document after the patch, or the scimType of the refusal."""
    before = copy.deepcopy(user)
    try:
        parsed = patch.parse(message(operations), USER_SCHEMA)
        return patch.apply(user, parsed, USER_SCHEMA).document
    except SCIMError as error:
        return error.scim_type
    finally:
        assert user == before


def theirs(user: Json, operations: list[Json]) -> Any:
    with POLICY:
        resource = Model.model_validate({"schemas": list(USER_SCHEMA.urns), **copy.deepcopy(user)})
        try:
            request = PatchOp[Model].model_validate(
                copy.deepcopy(message(operations)), scim_ctx=Context.RESOURCE_PATCH_REQUEST
            )
            request.patch(resource)
        except ValidationError as errors:
            return Error.from_validation_errors(errors)[0].scim_type
        except SCIMException as error:
            return error.scim_type
        return documents.normalise(resource.model_dump(), USER_SCHEMA).document


@examples(600)
@given(USERS, OPERATIONS)
def test_both_make_the_same_resource(user: Json, operations: list[Json]) -> None:
    numbers = count()
    user = documents.normalise(numbered(user, numbers), USER_SCHEMA).document
    operations = numbered(operations, numbers)
    assert ours(user, operations) == theirs(user, operations)


@examples(300)
@given(USERS, WITH_A_FAULT)
def test_both_refuse_with_the_same_type(user: Json, operations: list[Json]) -> None:
    numbers = count()
    user = documents.normalise(numbered(user, numbers), USER_SCHEMA).document
    operations = numbered(operations, numbers)
    assert ours(user, operations) == theirs(user, operations)
