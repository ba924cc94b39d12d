"""What is found of somebody who has not been sent yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from scim_provisioning.protocol.resources import Document
from scim_provisioning.rules import BY_ADDRESS


class Finding(Enum):
    """What becomes of a person of the directory who is sent."""

    #: The connection manages them already.
    LINKED = "linked"
    #: An account that a POST would link.
    CERTAIN = "certain"
    #: The one account that they may be is written otherwise: in case, or in the form of its characters.
    SPELLING = "spelling"
    #: The application has several accounts that they may be, or one that two people may be.
    DOUBLE = "double"
    #: The account they may be is one that provisioning never touches.
    PROTECTED = "protected"
    #: Somebody has to look: a POST would be refused, or make what may be a second account of one person.
    LOOK = "look"
    #: Nobody here: a POST would make a new account.
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is found of one person. ``accounts`` are those that they may be, of this customer. ``reason`` is a code of
    the error catalogue, or one of ``administration.adoption.words``; ``facts`` is what fills its words. ``foreign``:
    keys of accounts that another connection owns, or owned; what it wrote is not for this one's people to read."""

    document: Document
    finding: Finding
    accounts: tuple[Any, ...] = ()
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    foreign: frozenset[Any] = frozenset()

    @property
    def is_by_address(self) -> bool:
        """Whether nothing but an e-mail address has led to the accounts."""
        return BY_ADDRESS.items() <= self.facts.items()
