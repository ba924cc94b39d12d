"""What attributes are called in words: without values in their paths, without the urn of their schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy, ngettext

from scim_provisioning.events.redaction import BRACKETS
from scim_provisioning.models import ProvisioningEvent

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

#: What stands in place of a value that the reader may not see. The same for every value: its length says nothing.
MASK: Final = "••••••"
SHOWN_ATTRIBUTES: Final = 4
#: Which element is meant, in words that are nobody's: by its place, or by its type.
_NOBODYS: Final = re.compile(r'\[(?:\d+|type eq (?:"[\w -]{1,40}"|null|\d+))\]')
#: What the name of an attribute, or a path to one, may look like once the values are gone from it.
_NAME: Final = re.compile(r"[\w$.:-]+(?:\[[^\]]*\])?[\w$.-]*")


#: What hosts have for the attributes that name somebody's place, as the hooks call them.
_UNITS: Final[Mapping[str, StrOrPromise]] = {
    "organization": gettext_lazy("Company"),
    "division": gettext_lazy("Business unit"),
    "department": gettext_lazy("Team"),
}
#: By path, folded: what people call what is sent for most of them.
_WORDS: Final[Mapping[str, StrOrPromise]] = {
    **_UNITS,
    "username": gettext_lazy("User name"),
    "externalid": gettext_lazy("Id in the directory"),
    "displayname": gettext_lazy("Display name"),
    "name.formatted": gettext_lazy("Full name"),
    "name.givenname": gettext_lazy("First name"),
    "name.familyname": gettext_lazy("Last name"),
    "title": gettext_lazy("Job title"),
    "active": gettext_lazy("Access"),
    "preferredlanguage": gettext_lazy("Language"),
    "emails.value": gettext_lazy("E-mail address"),
    'emails[type eq "work"].value': gettext_lazy("Work e-mail"),
    'phonenumbers[type eq "work"].value': gettext_lazy("Work phone"),
    'phonenumbers[type eq "mobile"].value': gettext_lazy("Mobile phone"),
    'addresses[type eq "work"].formatted': gettext_lazy("Address"),
    'addresses[type eq "work"].streetaddress': gettext_lazy("Street"),
    'addresses[type eq "work"].postalcode': gettext_lazy("Postcode"),
    'addresses[type eq "work"].locality': gettext_lazy("City"),
    'addresses[type eq "work"].region': gettext_lazy("Region"),
    'addresses[type eq "work"].country': gettext_lazy("Country"),
    "employeenumber": gettext_lazy("Employee number"),
    "costcenter": gettext_lazy("Cost center"),
    "manager": gettext_lazy("Manager"),
    "manager.value": gettext_lazy("Manager"),
}


def attribute_name(path: str) -> str:
    """A changed attribute without values and without the urn of its schema."""
    return nameless(short_name(path))


def attributes_in_short(event: ProvisioningEvent) -> str:
    """Some of the changed attributes, without elements and sub-attributes, and how many more there are."""
    paths = dict.fromkeys(short_name(path).partition("[")[0].partition(".")[0] for path in event.changes)
    named, more = list(paths)[:SHOWN_ATTRIBUTES], len(paths) - SHOWN_ATTRIBUTES
    if more <= 0:
        return ", ".join(named)
    return ngettext("%(names)s and %(n)d more", "%(names)s and %(n)d more", more) % {
        "names": ", ".join(named),
        "n": more,
    }


def nameless(path: str) -> str:
    """A path without values: of elements without a type it names the one it means by its value."""
    return BRACKETS.sub(_without_value, path)


def made_up(name: str) -> str:
    """A name that a client made up, without values; masked when no attribute is called so: it may be anything."""
    plain = nameless(name)
    return plain if _NAME.fullmatch(plain) else MASK


def _without_value(found: re.Match[str]) -> str:
    if _NOBODYS.fullmatch(found[0]):
        return found[0]
    return '[value eq "…"]' if found[0].startswith("[value eq ") else "[…]"


def short_name(path: str) -> str:
    """``department`` for ``urn:…:2.0:User:department``; every other path as it is."""
    return path.rpartition(":")[2] if path.startswith("urn:") else path


def unit_word(path: str, field: Any) -> str:
    """What a company, a business unit or a team is called: as the host calls its field, where it has given that a name;
    else by the attribute that it is mapped to."""
    own = str(getattr(field, "verbose_name", "") or field.name)
    word = _UNITS.get(short_name(path).casefold())
    return capfirst(own) if word is None or own != field.name.replace("_", " ") else str(word)


def in_words(path: str) -> str:
    """What people call an attribute; its path, without the urn of its schema, where there is no word for it."""
    short = short_name(path)
    return str(_WORDS.get(short.casefold(), short))
