"""Values of attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration.catalogue.entry import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
    "attr.readonly": Entry(
        _("The attribute is read only."),
        (
            _("The identity provider tried to change %(attribute)s, which belongs to this application."),
            _("The identity provider tried to change an attribute that belongs to this application."),
        ),
        _("Remove its mapping row in the identity provider."),
    ),
    "attr.required": Entry(
        _("A required attribute is missing."),
        (
            _("%(attribute)s was not sent, or is empty: this application cannot keep a learner without it."),
            _("This application cannot keep a learner without that attribute."),
        ),
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
    "attr.email": Entry(
        _("A value is no e-mail address."),
        (
            _("The value of %(attribute)s is no e-mail address: it has no “@”, or a blank in it."),
            _("A value is no e-mail address."),
        ),
        _("Correct the address in the identity provider, or leave it empty there: nothing is sent then."),
    ),
    "attr.characters": Entry(
        _("A name holds characters that cannot be seen, or that look like others."),
        (
            _(
                "%(attribute)s holds %(code_points)s: characters that nobody can see (control, without width, turning "
                "the direction of the text), or such that are drawn like ordinary ones (full-width letters, ligatures, "
                "the Kelvin sign). Two names could look the same and be different."
            ),
            _("A name holds characters that nobody can see, or that are drawn like ordinary ones."),
        ),
        _(
            "Write the value with ordinary characters in the identity provider; usually it was pasted from a document."
        ),
    ),
    "attr.blanks": Entry(
        _("A name begins or ends with a blank."),
        (
            _(
                "%(attribute)s has a blank before or after it. It would be another name than the one without, and look "
                "the same."
            ),
            _("There is a blank before or after a name."),
        ),
        _(
            "Remove the blank from the value in the identity provider. In an attribute mapping of Entra ID, "
            "Trim([userPrincipalName]) does it for everybody."
        ),
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
        (
            _(
                "Shorten “%(named)s” in the identity provider. In Entra ID, under Provisioning ▸ Mappings ▸ Provision "
                "Microsoft Entra ID Users, the row of %(source)s does it for everybody with the expression "
                "Mid([%(source)s], 1, %(limit)s)."
            ),
            _("Shorten “%(named)s” in the identity provider: %(limit)s characters fit."),
        ),
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
        (
            _(
                "What was sent for %(attribute)s does not exist yet, and this application's database refuses a new one "
                "because of %(column)s."
            ),
            _(
                "What was sent for %(attribute)s does not exist yet, and this application's database refuses a new one "
                "because of its rule %(constraint)s."
            ),
            _("What was sent for %(attribute)s does not exist, and may not be created."),
            _("The company, business unit or team that was sent does not exist, and may not be created."),
        ),
        _(
            "Create it in this application, or correct the name in the identity provider. If the name is right and "
            "cannot be created, ask the developers of this application."
        ),
    ),
}
