"""People: who is known, taken, protected, shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from scim_provisioning.administration.catalogue.entry import Entry

ENTRIES: Final[Mapping[str, Entry]] = {
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
                "Nobody here has this user name, but an account that nobody manages has the same work e-mail address "
                "(%(attribute)s): it may be the same person, and a new account would be a second one of theirs. Who "
                "may change this connection’s policies can choose that a new account is made at once."
            ),
            _(
                "An account with this identifier was made by hand, by an import or by another connection, and "
                "the evidence that it is the same person is not strong enough to link it."
            ),
        ),
        _(
            "Find out whether it is the same person, and say so (“Who is it?”): link the account, or let a separate "
            "one be made. If there are many, ask the developers to let the adapter recognise them (find_learner)."
        ),
    ),
    "user.address_taken": Entry(
        _("The address belongs to another account."),
        (
            _(
                "An account that this connection does not manage signs in here with the address that was sent. People "
                "sign in with it, so no other one is made up."
            ),
        ),
        _(
            "Find out whether it is the same person. If so, ask the developers to let the adapter recognise them "
            "(find_learner); if not, correct the address in the identity provider, or that of the other account."
        ),
    ),
    "user.name_taken": Entry(
        _("The user name belongs to another account."),
        (
            _(
                "An account that this connection does not manage signs in here with the user name that was sent. "
                "People sign in with it, so no other one is made up."
            ),
        ),
        _(
            "Find out whether it is the same person. If so, ask the developers to let the adapter recognise them "
            "(find_learner); if not, correct the userName in the identity provider, or rename the other account."
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
    "user.owner_left": Entry(
        _("The account belongs to another connection, or did."),
        (
            _(
                "Another connection has or had the account: its identity provider has deleted the person, an "
                "administrator has taken the account from it, or the connection has ended. Nobody takes such an "
                "account over by sending its name, be it on or off, also where all customers share accounts; and whom "
                "the owner has let go, nobody who may share the account switches on again."
            ),
        ),
        _(
            "Find out whether it is the same person and may come in. If so, whoever may see both connections allows a "
            "shared link; the identity provider tries again by itself. If not, take the person out of its assignment."
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
                "The name was a deleted learner's, who is somebody else unless userName and externalId both agree. "
                "Their account still signs in by it and does not give it up: it is protected, or accounts here are "
                "named by addresses."
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
    "user.last_administrator": Entry(
        _("The customer's last administrator stays."),
        (_("Nobody else of this customer who can sign in here is an administrator."),),
        _(
            "Make somebody else of this customer an administrator here; the identity provider tries again by itself. "
            "If they are to have none, switch the account off by hand."
        ),
    ),
    "user.seats": Entry(
        _("No licences are left."),
        (_("%(used)s of %(total)s licences are in use."), _("All licences of this customer are in use.")),
        _("Free licences or buy more; the identity provider tries again by itself."),
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
}
