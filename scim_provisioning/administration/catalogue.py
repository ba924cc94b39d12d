"""The error catalogue: for every code that the package can raise, a sentence, its cause and what to do.

The identity provider is given a short, neutral ``detail``; this is the other half, for the administrator. A
template may name facts as ``%(name)s``; where the facts are not known, the next template serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    Text = str | StrPromise


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written about a code. ``cause`` holds templates, the most telling one first."""

    title: Text
    cause: tuple[Text, ...]
    todo: Text


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry with the facts of one refusal filled in: plain text, to be escaped by whoever shows it.

    ``database`` is the database's own sentence, in its own language, where it was the database that refused.
    """

    title: str
    cause: str
    todo: str
    database: str = ""


def explain(code: str, facts: Mapping[str, object] | None = None) -> Explanation:
    """Title, cause and what to do, in the active language. A code that nobody knows gets honest words."""
    entry = CATALOGUE.get(code, UNKNOWN)
    known = {str(name): _said(value) for name, value in (facts or {}).items() if value not in (None, "", [])}
    cause, database = _first_complete(entry.cause, known), known.get("database", "")
    return Explanation(str(entry.title), cause, str(entry.todo), database)


def title(code: str) -> str:
    """The short sentence that names the failure in lists."""
    return str(CATALOGUE.get(code, UNKNOWN).title)


def _first_complete(templates: tuple[Text, ...], known: Mapping[str, str]) -> str:
    for template in templates:
        try:
            return str(template) % known
        except KeyError:
            continue
    return ""


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


UNKNOWN: Final = Entry(
    _("The request was refused."),
    (_("The host application refused it with a code of its own."),),
    _("Ask the developers of this application, and give them the request id."),
)

_NEW_TOKEN = _(
    "Check that the whole token was pasted into the identity provider. If in doubt, generate a new token and "
    "paste that."
)
_LIMITS = _("Send less in one request. If the request is legitimate, raise the limit in LIMITS.")
_ASK = _("Remove the mapping row in the identity provider, or ask the developers of this application.")
_CLIENT = _(
    "Entra ID and Okta do not send such requests. Correct the client, or ask its maker about SCIM 2.0."
)

CATALOGUE: Final[Mapping[str, Entry]] = {
    # --- who calls ------------------------------------------------------------------------------------------
    "auth.invalid": Entry(
        _("The token is unknown."),
        (_("The request came without one of this application's tokens, or the token was cut or mistyped."),),
        _NEW_TOKEN,
    ),
    "auth.expired": Entry(
        _("The token has expired."),
        (_("Token “%(label)s” expired on %(at)s."), _("The token's time is over.")),
        _("Generate a new token and paste it into the identity provider."),
    ),
    "auth.revoked": Entry(
        _("The token was revoked."),
        (
            _("Token “%(label)s” was revoked on %(at)s, or its connection was archived."),
            _("The connection is archived because its SSO settings are gone; all of its tokens are dead."),
        ),
        _("Generate a new token and paste it into the identity provider."),
    ),
    "auth.ip": Entry(
        _("The token may not be used from this address."),
        (
            _("The request came from %(address)s; the token “%(label)s” allows %(allowed)s."),
            _("The request came from an address outside the token's networks."),
        ),
        _("Generate a token with the right networks, or with none."),
    ),
    "http.insecure": Entry(
        _("The request was not encrypted."),
        (_("The request came over http although the Tenant URL is https."),),
        _(
            "Correct the Tenant URL in the identity provider. If it is right, the proxy hides https from "
            "Django: ask the operator to set SECURE_PROXY_SSL_HEADER."
        ),
    ),
    # --- whether the connection is served ---------------------------------------------------------------------
    "conn.sso_off": Entry(
        _("Single sign-on is switched off."),
        (_("Single sign-on was switched off in the SSO settings that this connection belongs to."),),
        _("Turn single sign-on on again, or pause provisioning in the identity provider."),
    ),
    "conn.disabled": Entry(
        _("The customer is disabled."),
        (_("This application no longer serves the customer that the connection belongs to."),),
        _("Enable the customer again, or pause provisioning in the identity provider."),
    ),
    "conn.paused": Entry(
        _("Provisioning is paused."),
        (_("An administrator paused this connection. The identity provider tries again by itself."),),
        _("Choose Resume on the connection's page."),
    ),
    "conn.held": Entry(
        _("Deactivations are held for approval."),
        (
            _("%(count)s people were about to be deactivated within an hour, more than the limit allows."),
            _("More people were about to be deactivated at once than the connection's limit allows."),
        ),
        _("Look at the held changes: allow them, or correct the identity provider."),
    ),
    # --- where the request went -------------------------------------------------------------------------------
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
    # --- people -----------------------------------------------------------------------------------------------
    "user.username_taken": Entry(
        _("The userName belongs to another learner."),
        (_("A learner of this connection, active or not, already has this userName."),),
        _(
            "Look at that learner. If it is the same person, the identity provider lost track of them: "
            "restart provisioning for that person. Else mend the duplicate in the identity provider."
        ),
    ),
    "user.value_taken": Entry(
        _("A value that must be unique is already in use."),
        (
            _(
                "%(attribute)s must be unique in this application, and another record holds the value already."
            ),
            _(
                "The constraint %(constraint)s lets a value stand once only, and another record holds it already."
            ),
            _("The host application allows this value once only, and another record holds it already."),
        ),
        _(
            "Find the record that holds the value, and correct one of the two. If the identity provider does not "
            "send that value, ask the developers of this application."
        ),
    ),
    "user.exists_unmanaged": Entry(
        _("The account exists and is not managed by this connection."),
        (
            _(
                "An account of the same sign-in subject is here already, but this connection's policy on existing "
                "learners (“%(policy)s”) is never to link by itself. Who may change policies can choose otherwise."
            ),
            _(
                "An account with this identifier was made by hand, by an import or by another connection, and "
                "the evidence that it is the same person is not strong enough to link it."
            ),
        ),
        _(
            "Find out whether it is the same person. If so, ask the developers to let the adapter recognise them "
            "(find_learner); if not, rename the account."
        ),
    ),
    "user.address_taken": Entry(
        _("The address belongs to another account."),
        (
            _(
                "An account that this connection does not manage signs in here with the name or the address that was "
                "sent. People sign in with it, so no other one is made up."
            ),
        ),
        _(
            "Find out whether it is the same person. If so, ask the developers to let the adapter recognise them "
            "(find_learner); if not, correct the address in the identity provider, or that of the other account."
        ),
    ),
    "user.hidden": Entry(
        _("The account was deleted in this application and is hidden."),
        (
            _(
                "This application keeps the accounts it deletes, and hides them. The person's account is one of "
                "these, and nobody may be called active whom the application does not know."
            ),
        ),
        _(
            "Restore the account in this application, or remove it for good. The developers can let it come back by "
            "itself (the adapter's restore method)."
        ),
    ),
    "user.owned_elsewhere": Entry(
        _("The account is managed through another connection."),
        (
            _(
                "An account has one owner, the connection that writes its name and its address. This person's account "
                "is owned by another connection, and nobody takes it over by sending the same name."
            ),
        ),
        _(
            "Make sure that both connections mean the same person. If so, whoever may see both allows a shared link; "
            "the identity provider tries again by itself. If not, give one of the two another userName."
        ),
    ),
    "user.switched_off": Entry(
        _("The account was deactivated in this application."),
        (
            _(
                "An account of this person is here already, and somebody has switched it off in this application. "
                "Provisioning does not switch it on by linking it."
            ),
        ),
        _(
            "Look at the account. If the person may come in again, activate it here: the identity provider tries again "
            "by itself."
        ),
    ),
    "user.look_alike": Entry(
        _("The userName looks like somebody else's."),
        (
            _(
                "It is written with characters (%(code_points)s) that make it look like “%(looks_like)s”, which an "
                "account here has. They are different names, and nobody is taken for another by their looks."
            ),
            _(
                "It is written with other characters than a name that it looks like, which an account here has."
            ),
        ),
        _(
            "Correct the userName in the identity provider: usually somebody pasted it from a document. If nobody "
            "there can explain it, treat it as an attempt to take an account over."
        ),
    ),
    "user.identity_conflict": Entry(
        _("The identifier belonged to somebody else."),
        (
            _(
                "A deleted learner agrees in userName or externalId and not in both. That makes the newcomer somebody "
                "new, but the deleted learner's account still signs in by the name and does not give it up: it is "
                "protected, or accounts here are named by addresses."
            ),
        ),
        _(
            "Decide whether it is the same person. If not, give the newcomer another userName, or the old account "
            "another name; the developers can let it step aside by itself (the adapter's step_aside method)."
        ),
    ),
    "user.protected": Entry(
        _("The account is protected."),
        (_("It is an administrator's account, which provisioning never changes or deactivates."),),
        _("Take the person out of the identity provider's assignment, or change the account by hand."),
    ),
    "user.seats": Entry(
        _("No licences are left."),
        (_("%(used)s of %(total)s licences are in use."), _("All licences of this customer are in use.")),
        _("Free licences or buy more; the identity provider tries again by itself."),
    ),
    "user.domain": Entry(
        _("The e-mail domain is not allowed."),
        (_("The address is in a domain that does not belong to this customer."),),
        _("Correct the address in the identity provider."),
    ),
    "user.email_missing": Entry(
        _("A work e-mail address is missing."),
        (_("The identity provider sent no e-mail address: in Entra ID the mail attribute is often empty."),),
        _('Map userPrincipalName to emails[type eq "work"].value in the identity provider.'),
    ),
    "user.not_found": Entry(
        _("The person is not known here."),
        (_("The SCIM id belongs to nobody of this connection: deleted, detached, or never created."),),
        _(
            "Usually nothing: the identity provider creates the person at its next cycle. If it does not, "
            "restart provisioning for that person."
        ),
    ),
    # --- attributes -------------------------------------------------------------------------------------------
    "attr.readonly": Entry(
        _("The attribute is read only."),
        (_("The identity provider tried to change an attribute that belongs to this application."),),
        _("Remove its mapping row in the identity provider."),
    ),
    "attr.required": Entry(
        _("A required attribute is missing."),
        (_("This application cannot keep a learner without that attribute."),),
        _("Fill the attribute in the identity provider, or map another one to it."),
    ),
    "attr.type": Entry(
        _("A value has the wrong type."),
        (
            _("The value of %(attribute)s is not of the kind that this application expects."),
            _("A value is missing, or is not of the kind that its attribute demands."),
        ),
        _("Correct the mapping row in the identity provider so that it sends the right kind of value."),
    ),
    "attr.characters": Entry(
        _("A name holds characters that cannot be seen."),
        (
            _(
                "%(attribute)s holds %(code_points)s: control characters, characters without width, or such that turn "
                "the direction of the text. Two names could look the same and be different."
            ),
            _("A name holds characters that nobody can see."),
        ),
        _("Remove them from the value in the identity provider; usually it was pasted from a document."),
    ),
    "attr.invalid": Entry(
        _("A value is not accepted here."),
        (
            _("The value of %(attribute)s is none that this application accepts: see the detail."),
            _("A value is none that this application accepts: see the detail."),
        ),
        _(
            "Correct the value in the identity provider. If it is right, ask the developers of this application to "
            "accept it."
        ),
    ),
    "attr.too_long": Entry(
        _("A value is too long."),
        (
            _("%(attribute)s has %(length)s characters; the learner's field holds %(limit)s."),
            _("%(attribute)s does not fit the learner's field."),
            _("The value does not fit the learner's field."),
        ),
        _("Shorten it in the identity provider, in Entra ID with the expression Mid()."),
    ),
    "attr.null": Entry(
        _("A value is missing that this application cannot do without."),
        (
            _("%(attribute)s must not be empty in this application's database."),
            _("A column of this application's database must not be empty."),
        ),
        _(
            "Fill the attribute in the identity provider. If nothing is mapped to it, ask the developers of this "
            "application: the column needs a default, or a line in the adapter's mapping."
        ),
    ),
    "attr.constraint": Entry(
        _("A value breaks a rule of this application's database."),
        (
            _("%(attribute)s breaks the rule %(constraint)s of this application's database."),
            _("%(attribute)s holds something that this application's database does not accept."),
            _("The values break the rule %(constraint)s of this application's database."),
            _("The values break a rule of this application's database."),
        ),
        _(
            "Correct the value in the identity provider. If it does not send that value, ask the developers of "
            "this application."
        ),
    ),
    "attr.reference": Entry(
        _("A name is not known here."),
        (_("The company, business unit or team that was sent does not exist, and may not be created."),),
        _("Create it in this application, or correct the name in the identity provider."),
    ),
    # --- PATCH, filters, pages ----------------------------------------------------------------------------------
    "patch.path": Entry(
        _("A path in a PATCH is not valid."),
        (_("The identity provider named an attribute in a way that SCIM does not allow."),),
        _ASK,
    ),
    "patch.unknown_attribute": Entry(
        _("A path names an unknown attribute."),
        (_("The attribute is not part of the schema that this application serves."),),
        _ASK,
    ),
    "patch.no_target": Entry(
        _("A PATCH points to nothing."),
        (_("The path selects no value that could be changed or removed."),),
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
    "version.unsupported": Entry(
        _("Another SCIM version was asked for."),
        (_("Only SCIM 2.0 is spoken here."),),
        _("Choose SCIM 2.0 in the identity provider, and copy the Tenant URL from the connection's page."),
    ),
    # --- bodies and limits ------------------------------------------------------------------------------------
    "body.syntax": Entry(
        _("The request's body is not valid."),
        (_("The body is not JSON, or not the SCIM message that belongs to this address."),),
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
        (_("The body holds a list of more items than LIMITS allows."),),
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
    # --- the host -----------------------------------------------------------------------------------------------
    "host.refused": Entry(
        _("The host application refused the change."),
        (
            _("A rule of this application refused it: %(exception)s in %(place)s."),
            _("A rule of this application refused it."),
        ),
        _("Read the detail; if it does not help, ask the developers of this application."),
    ),
    "host.hook": Entry(
        _("An error in this application stopped the change."),
        (
            _("The host application raised %(exception)s in %(place)s. Nothing was changed."),
            _("The host application raised %(exception)s. Nothing was changed."),
            _("The host application failed. Nothing was changed."),
        ),
        _("Give the request id to the developers: the traceback is in the log “scim_provisioning”."),
    ),
    "internal": Entry(
        _("An internal error stopped the change."),
        (
            _("%(exception)s was raised, and not by the host application's code. Nothing was changed."),
            _("Something unexpected happened. Nothing was changed."),
        ),
        _("Give the request id to the developers: the traceback is in the log “scim_provisioning”."),
    ),
}
