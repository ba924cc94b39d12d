"""A JSON API for hosts whose settings page is their own front end. Off unless its URLs are included::

    path("api/scim/", include("scim_provisioning.api.urls")),

The caller is a signed-in member of staff (Django's session, with its CSRF token), with the same permissions and
the same view of connections as in Django admin, which must be installed. Every policy of the REST framework is
named on the base view, so that no setting of the host's leaks in; only its schema class is the host's choice:
with drf-spectacular the OpenAPI document has these paths.
"""
