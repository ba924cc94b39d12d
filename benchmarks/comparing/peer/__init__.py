"""A peer to compare with: django-scim2 as its documentation sets it up, in an environment of its own."""
