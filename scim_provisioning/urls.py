"""The SCIM endpoints. A host writes ``path("", include("scim_provisioning.urls"))``.

With and without a slash at the end, and with two for one (a Tenant URL pasted with its slash, Keycloak), never by a
redirect: clients drop the header or the body on one.
Microsoft's own collection also writes ``/users``. ``/scim`` itself and all below it is ours, so that every
wrong path gets a SCIM answer, be there a line break in it.
"""

from __future__ import annotations

from django.urls import path, re_path

from scim_provisioning.http import bulk, discovery, groups, healthz, other, users

app_name = "scim_provisioning"

urlpatterns = [
    re_path(r"^scim/v2/+[Uu]sers/*\Z", users.UsersView.as_view()),
    re_path(r"^scim/v2/+(?:[Uu]sers/+)?\.search/*\Z", users.SearchView.as_view()),
    re_path(r"^scim/v2/+[Uu]sers/+(?P<scim_id>[^/]+)/*\Z", users.UserView.as_view()),
    re_path(r"^scim/v2/+[Gg]roups/*\Z", groups.GroupView.as_view()),
    re_path(r"^scim/v2/+[Gg]roups/+(?P<group_id>[^/]+)/*\Z", groups.GroupView.as_view()),
    re_path(r"^scim/v2/+[Bb]ulk/*\Z", bulk.BulkView.as_view()),
    re_path(r"^scim/v2/+[Mm]e/*\Z", other.MeView.as_view()),
    re_path(r"^scim/v2/+[Ss]erviceProviderConfig/*\Z", discovery.ServiceProviderConfigView.as_view()),
    re_path(r"^scim/v2/+[Rr]esourceTypes(?:/+(?P<name>[^/]+))?/*\Z", discovery.ResourceTypesView.as_view()),
    re_path(r"^scim/v2/+[Ss]chemas(?:/+(?P<urn>[^/]+))?/*\Z", discovery.SchemasView.as_view()),
    # The Tenant URL itself: named, so that conf.tenant_url() knows where the host put us.
    path("scim/v2", other.UnknownPathView.as_view(), name="root"),
    re_path(r"^scim/healthz/*\Z", healthz.healthz, name="healthz"),
    re_path(r"^scim(?:/[\s\S]*)?\Z", other.UnknownPathView.as_view()),
]
