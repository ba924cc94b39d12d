"""Where the request went, how it was written, and how much it asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration.catalogue.entry import Entry

_LIMITS = _("Send less in one request. If the request is legitimate, raise the limit in LIMITS.")
_ASK = _("Remove the mapping row in the identity provider, or ask the developers of this application.")
_CLIENT = _(
    "Entra ID and Okta do not send such requests. Correct the client, or ask its maker about SCIM 2.0."
)

ENTRIES: Final[Mapping[str, Entry]] = {
    # where the request went
    "path.unknown": Entry(
        _("The URL is wrong."),
        (_("There is nothing at the address that the identity provider called."),),
        _("Copy the Tenant URL from the connection's page and paste it into the identity provider again."),
    ),
    "me.unsupported": Entry(
        _("/Me was asked for."),
        (_("A provisioning token is not a person, so there is no “me”."),),
        _CLIENT,
    ),
    "group.unsupported": Entry(
        _("The identity provider is also sending groups."),
        (_("Groups are not supported; users go on being provisioned."),),
        _("Switch group provisioning off in the identity provider's mappings."),
    ),
    "discovery.filter": Entry(
        _("A filter was sent to a discovery page."),
        (_("Schemas, resource types and the service provider's configuration cannot be filtered."),),
        _CLIENT,
    ),
    "request.method": Entry(
        _("The HTTP method is not allowed there."),
        (_("The client used a method that SCIM does not define for this address."),),
        _CLIENT,
    ),
    "request.accept": Entry(
        _("Another format than JSON was asked for."),
        (_("The client accepts neither application/scim+json nor application/json."),),
        _CLIENT,
    ),
    "request.media_type": Entry(
        _("The body is not SCIM JSON."),
        (_("The client sent another content type than application/scim+json, or compressed the body."),),
        _CLIENT,
    ),
    "request.sensitive": Entry(
        _("Sensitive values stood in a URL."),
        (_("The client put values into the URL that must travel in a body."),),
        _CLIENT,
    ),
    "request.forbidden": Entry(
        _("The host application refused the request."),
        (_("A rule of the host application forbids this change."),),
        _("Ask the developers of this application, and give them the request id."),
    ),
    "request.unsupported": Entry(
        _("Not supported."),
        (_("The client asked for something optional in SCIM that is not offered here."),),
        _CLIENT,
    ),
    "rate": Entry(
        _("Too many requests."),
        (_("The connection sent more requests a second than it may."),),
        _("Nothing: the identity provider comes back by itself. The operator can change THROTTLE."),
    ),
    # PATCH, filters, pages
    "patch.path": Entry(
        _("A path in a PATCH is not valid."),
        (
            _(
                "The identity provider wrote %(attribute)s, which SCIM does not allow as the name of an attribute."
            ),
            _("The identity provider named an attribute in a way that SCIM does not allow."),
        ),
        _ASK,
    ),
    "patch.unknown_attribute": Entry(
        _("A path names an unknown attribute."),
        (
            _("%(attribute)s is not part of the schema that this application serves."),
            _("The attribute is not part of the schema that this application serves."),
        ),
        _ASK,
    ),
    "patch.no_target": Entry(
        _("A PATCH points to nothing."),
        (
            _("%(attribute)s selects no value that could be changed or removed."),
            _("The path selects no value that could be changed or removed."),
        ),
        _ASK,
    ),
    "filter.unsupported": Entry(
        _("The filter is not supported."),
        (
            _("People cannot be looked up by %(attribute)s with %(operator)s."),
            _("The filter is malformed, or asks for something that cannot be answered exactly."),
        ),
        _("Use userName or externalId as the matching attribute in the identity provider."),
    ),
    "filter.unknown_attribute": Entry(
        _("The filter names an unknown attribute."),
        (_("The attribute in the filter is not part of the schema that this application serves."),),
        _("Use userName or externalId as the matching attribute in the identity provider."),
    ),
    "filter.too_many": Entry(
        _("The filter finds too many people."),
        (_("The answer would be larger than this application gives."),),
        _("Narrow the filter, or read page by page."),
    ),
    "filter.scans": Entry(
        _("The filter compares too much."),
        (
            _("It compares everybody with %(count)s values; %(limit)s are allowed."),
            _("It compares everybody with more values than LIMITS allows."),
        ),
        _("Use userName or externalId as the matching attribute in the identity provider."),
    ),
    "search.timeout": Entry(
        _("The search took too long."),
        (_("The database was stopped after the time that LIMITS allows for a search."),),
        _("Use userName or externalId as the matching attribute in the identity provider."),
    ),
    "bulk.at_once": Entry(
        _("The connection has a bulk request running already."),
        (_("A bulk request holds a worker for as long as its operations take."),),
        _("Nothing: the client comes back by itself. The operator can change bulks_at_once in LIMITS."),
    ),
    "bulk.time": Entry(
        _("The bulk request took too long."),
        (
            _("After %(limit)s seconds no further operation was begun; those before it were done."),
            _("After the time that LIMITS allows no further operation was begun; those before it were done."),
        ),
        _("Nothing: the client sends the operation again. Let it send smaller bulk requests."),
    ),
    "search.at_once": Entry(
        _("The connection is searching already."),
        (
            _(
                "A search that no index serves compares every learner and holds a worker meanwhile; the connection has "
                "as many running as it may."
            ),
        ),
        _(
            "Nothing: the client asks again. Look-ups by userName, externalId or id never wait. The operator can "
            "change searches_at_once in LIMITS."
        ),
    ),
    "sort.unsupported": Entry(
        _("Sorting by that attribute is not supported."),
        (_("The list was to be sorted by an attribute that has no order here."),),
        _CLIENT,
    ),
    "cursor.invalid": Entry(
        _("The cursor is not valid."),
        (_("The client sent a page marker that this application did not give, or changed the request."),),
        _("Nothing: the client starts again from the first page."),
    ),
    "cursor.expired": Entry(
        _("The cursor has expired."),
        (_("The client waited too long before it read the next page."),),
        _("Nothing: the client starts again from the first page."),
    ),
    "cursor.count": Entry(
        _("The page size changed between two pages."),
        (_("One cursor goes with one page size."),),
        _CLIENT,
    ),
    "request.length": Entry(
        _("The body came without its length."),
        (_("The client sent the body in chunks, and the web server here does not take them apart."),),
        _("Have the client send Content-Length, or run this application on gunicorn or waitress."),
    ),
    "version.mismatch": Entry(
        _("The person changed in the meantime."),
        (_("The client wanted to change a version that is no longer the current one."),),
        _("Nothing: the client reads the person again and repeats the change."),
    ),
    # bodies and limits
    "body.syntax": Entry(
        _("The request's body is not valid."),
        (
            _("%(attribute)s was sent twice, and either could be meant."),
            _("The body is not JSON, or not the SCIM message that belongs to this address."),
        ),
        _CLIENT,
    ),
    "bulk.reference": Entry(
        _("A bulk operation refers to nobody."),
        (_("It names a bulkId that is not in the request, or whose operation failed."),),
        _("Look at the other operations of the same request; the first failure is the cause."),
    ),
    "limits.body": Entry(
        _("The request is too large."),
        (_("The body is larger than LIMITS allows."),),
        _LIMITS,
    ),
    "limits.depth": Entry(
        _("The request is nested too deeply."),
        (_("Objects and lists stand inside one another more often than LIMITS allows."),),
        _LIMITS,
    ),
    "limits.keys": Entry(
        _("The request has too many keys."),
        (_("The body names more members than LIMITS allows."),),
        _LIMITS,
    ),
    "limits.values": Entry(
        _("The request has too many values."),
        (_("The body holds more members and list items than LIMITS allows."),),
        _LIMITS,
    ),
    "limits.list": Entry(
        _("A list in the request is too long."),
        (
            _("The list %(attribute)s holds more than %(limit)s items, which is what LIMITS allows."),
            _("The body holds a list of more items than LIMITS allows."),
        ),
        _LIMITS,
    ),
    "limits.elements": Entry(
        _("A list of the person would become too long."),
        (
            _("%(attribute)s would hold more than %(limit)s elements, which is what is kept of one person."),
            _("An attribute would hold more elements than are kept of one person."),
        ),
        _("Remove the mapping row that fills the list, or raise “elements” in LIMITS."),
    ),
    "limits.document": Entry(
        _("The person would become too large."),
        (
            _("The resource would hold %(size)s bytes; at most %(limit)s are kept of one person."),
            _("The resource would hold more bytes than are kept of one person."),
        ),
        _("Remove the mapping rows that send long values, or raise “document_bytes” in LIMITS."),
    ),
    "limits.terms": Entry(
        _("The request has too many filters."),
        (_("The paths or the attributes of one request hold more comparisons than LIMITS allows."),),
        _LIMITS,
    ),
    "limits.parameters": Entry(
        _("The URL has too many parameters."),
        (_("The URL holds more parameters than Django's DATA_UPLOAD_MAX_NUMBER_FIELDS allows."),),
        _CLIENT,
    ),
    "limits.ops": Entry(
        _("The request has too many operations."),
        (_("One PATCH holds more operations than LIMITS allows."),),
        _LIMITS,
    ),
    "limits.bulk": Entry(
        _("The bulk request is too large."),
        (_("It holds more operations or more bytes than /ServiceProviderConfig advertises."),),
        _LIMITS,
    ),
}
