"""What an administrator may choose for one customer: each policy is one declaration on ``SCIMConnection``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, overload

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class ExistingLearners(models.TextChoices):
    """What becomes of a newcomer whom strong evidence takes for an account that is here already."""

    LINK = "link", _("Link when the sign-in subject agrees")
    REFUSE = "refuse", _("Never link by itself")


class SameAddress(models.TextChoices):
    """What becomes of a newcomer whose work e-mail address an account has that nobody manages."""

    ASK = "ask", _("Ask an administrator who it is")
    CREATE = "create", _("Create a new account")


class OnDelete(models.TextChoices):
    """What a DELETE does to the learner."""

    DEACTIVATE = "deactivate", _("Deactivate: the learner cannot sign in; account and progress are kept")
    ERASE = "erase", _("Erase: the application erases the learner for good")


class NewUnits(models.TextChoices):
    """What becomes of the name of a company, a business unit or a team that is not known here."""

    CREATE = "create", _("Create it at once")
    REVIEW = "review", _("Create it after review: people are written without it and wait")
    NEVER = "never", _("Never create it: people are written without it, and the log says so")


OptionT = TypeVar("OptionT", bound=models.TextChoices)


class HoldsPolicies(Protocol):
    """What a policy is declared on and read from: in the app's tables, a connection."""

    #: What was chosen, by the policies' names.
    policies: dict[str, Any]


class PolicyChoice(Generic[OptionT]):
    """A choice between options. On a connection it reads as the option chosen; on the class as itself.

    The attribute's name is its key in ``SCIMConnection.policies``. Form, summary, page and log follow from the
    declaration; only the behaviour has to be written. ``needs`` names the adapter's hook without which an
    option is not offered.
    """

    name: str

    def __init__(
        self,
        default: OptionT,
        *,
        label: StrOrPromise,
        help_text: StrOrPromise = "",
        unknown: OptionT | None = None,
        needs: Mapping[OptionT, str] | None = None,
    ) -> None:
        self.options: type[OptionT] = type(default)
        self.default = default
        # A later version may have stored an option that this one does not know: take the cautious one.
        self.unknown = default if unknown is None else unknown
        self.label, self.help_text = label, help_text
        self.needs: Mapping[OptionT, str] = needs or {}

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, connection: None, owner: type[object]) -> Self: ...

    @overload
    def __get__(self, connection: HoldsPolicies, owner: type[object]) -> OptionT: ...

    def __get__(self, connection: HoldsPolicies | None, owner: type[object]) -> Self | OptionT:
        return self if connection is None else self.of(connection)

    def of(self, connection: HoldsPolicies) -> OptionT:
        """The option that is stored, or the default."""
        stored = connection.policies.get(self.name, self.default)
        try:
            return self.options(stored)
        except ValueError:
            return self.unknown


class PolicyNumber:
    """A whole number between two bounds. On a connection it reads as the number chosen; on the class as itself."""

    name: str

    def __init__(
        self,
        default: int,
        *,
        least: int,
        most: int,
        label: StrOrPromise,
        help_text: StrOrPromise = "",
    ) -> None:
        self.default, self.least, self.most = default, least, most
        self.label, self.help_text = label, help_text

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, connection: None, owner: type[object]) -> Self: ...

    @overload
    def __get__(self, connection: HoldsPolicies, owner: type[object]) -> int: ...

    def __get__(self, connection: HoldsPolicies | None, owner: type[object]) -> Self | int:
        return self if connection is None else self.of(connection)

    def of(self, connection: HoldsPolicies) -> int:
        """The number that is stored, or the default."""
        stored = connection.policies.get(self.name, self.default)
        return stored if isinstance(stored, int) else self.default
