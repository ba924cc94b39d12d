"""What may be looked for and replaced: its own attributes, externalId and the title."""

from django_scim.filters import UserFilterQuery


class UserFilter(UserFilterQuery):
    attr_map = {
        **UserFilterQuery.attr_map,
        ("title", None, None): "title",
        ("externalId", None, None): "scim_external_id",
    }
