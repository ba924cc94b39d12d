"""What an administrator may choose for one customer; pages, API and commands judge by the same rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils.translation import gettext as _

from scim_provisioning import rules
from scim_provisioning.administration import host
from scim_provisioning.administration.token_rules import checked_networks
from scim_provisioning.models import SCIMConnection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scim_provisioning.models import PolicyChoice, PolicyNumber

CONTACTS_MAX: Final = 20


def checked_contacts(texts: Iterable[str]) -> list[str]:
    """E-mail addresses, none twice. Raises ``ValidationError`` naming what is none, and for too many of them."""
    contacts: dict[str, str] = {}
    for text in texts:
        try:
            EmailValidator()(text)
        except ValidationError:
            raise ValidationError(
                _("“%(address)s” is not an e-mail address.") % {"address": text[:60]}
            ) from None
        contacts.setdefault(text.casefold(), text)
    if len(contacts) > CONTACTS_MAX:
        raise ValidationError(_("At most %(n)d contacts.") % {"n": CONTACTS_MAX})
    return list(contacts.values())


#: The policies that are lists of texts, and what checks them; every other one is a choice between options or a number.
LISTS: Final[Mapping[str, Callable[[Iterable[str]], list[str]]]] = {
    "contacts": checked_contacts,
    "networks": checked_networks,
}


def options(choice: PolicyChoice[Any]) -> list[Any]:
    """The options that the host's adapter can keep. Raises ``host.AdapterBroken``."""
    return rules.offered(choice, host.adapter_class())


def asked(connection: SCIMConnection) -> list[PolicyChoice[Any]]:
    """The choices that are worth a question. Where the host leaves one option only, and it is the one chosen,
    there is nothing to ask."""
    return [choice for choice in SCIMConnection.policy_choices if options(choice) != [choice.of(connection)]]


def checked(sent: Mapping[str, Any]) -> dict[str, Sequence[str] | str | int]:
    """Policies by their key, as ``connections.choose_policies`` takes them.

    Raises ``ValidationError`` with a sentence for each key that is none, option that is not offered, number that is out
    of bounds, address that is no address.
    """
    choices = {choice.name: choice for choice in SCIMConnection.policy_choices}
    numbers = {number.name: number for number in SCIMConnection.policy_numbers}
    chosen: dict[str, Sequence[str] | str | int] = {}
    errors: dict[str, Any] = {}
    for name, value in sent.items():
        try:
            if name in LISTS:
                chosen[name] = LISTS[name](value)
            elif name in numbers:
                chosen[name] = _number(numbers[name], value)
            else:
                chosen[name] = _option(choices.get(name), value)
        except ValidationError as error:
            errors[name] = error.messages
    if errors:
        raise ValidationError(errors)
    return chosen


def _number(number: PolicyNumber, value: object) -> int:
    try:
        chosen = int(str(value))
    except ValueError:
        chosen = number.least - 1
    if not number.least <= chosen <= number.most:
        raise ValidationError(
            _("Send a whole number from %(least)d to %(most)d.")
            % {"least": number.least, "most": number.most}
        )
    return chosen


def _option(choice: PolicyChoice[Any] | None, value: object) -> str:
    if choice is None:
        raise ValidationError(_("There is no policy of this name."))
    offered = [option.value for option in options(choice)]
    if value not in offered:
        raise ValidationError(
            _("“%(value)s” is not offered here. Choose one of these: %(offered)s.")
            % {"value": str(value)[:60], "offered": ", ".join(offered)}
        )
    return str(value)
