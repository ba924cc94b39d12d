"""The app's tables. Nothing is added to the host's own."""

from __future__ import annotations

from scim_provisioning.models.adoption import Adoption
from scim_provisioning.models.adoption_answer import AdoptionAnswer
from scim_provisioning.models.command_run import CommandRun
from scim_provisioning.models.confirmation import ConfirmationAttempts
from scim_provisioning.models.connection import ConnectionQuerySet, SCIMConnection
from scim_provisioning.models.daily_figure import DailyFigure
from scim_provisioning.models.disconnection import Disconnection, OnDisconnect
from scim_provisioning.models.event import (
    Action,
    Operation,
    Outcome,
    ProvisioningEvent,
    ProvisioningPayload,
)
from scim_provisioning.models.fields import ExactCharField
from scim_provisioning.models.former_identifier import FormerIdentifier
from scim_provisioning.models.identity_question import IdentityQuestion
from scim_provisioning.models.leaver_brake import HeldLeaver, LeaverBrake
from scim_provisioning.models.locked_value import LockedValue
from scim_provisioning.models.notice import SentNotice
from scim_provisioning.models.policy import (
    ExistingLearners,
    NewUnits,
    OnDelete,
    PolicyChoice,
    PolicyNumber,
    SameAddress,
)
from scim_provisioning.models.provisioned_user import ProvisionedUser, ProvisionedUserQuerySet
from scim_provisioning.models.reconciliation import Reconciliation
from scim_provisioning.models.reference_key import Meaning, ReferenceKey
from scim_provisioning.models.refused_name import RefusedName
from scim_provisioning.models.seat_lock import SeatLock
from scim_provisioning.models.shared_account import SharedAccount
from scim_provisioning.models.sign_in import SignIn
from scim_provisioning.models.stranger import Stranger
from scim_provisioning.models.token import SCIMToken, TokenQuerySet, TokenStillRevoked

__all__ = [
    "Action",
    "Adoption",
    "AdoptionAnswer",
    "CommandRun",
    "ConfirmationAttempts",
    "ConnectionQuerySet",
    "DailyFigure",
    "Disconnection",
    "ExactCharField",
    "ExistingLearners",
    "FormerIdentifier",
    "HeldLeaver",
    "IdentityQuestion",
    "LeaverBrake",
    "LockedValue",
    "Meaning",
    "NewUnits",
    "OnDelete",
    "OnDisconnect",
    "Operation",
    "Outcome",
    "PolicyChoice",
    "PolicyNumber",
    "ProvisionedUser",
    "ProvisionedUserQuerySet",
    "ProvisioningEvent",
    "ProvisioningPayload",
    "Reconciliation",
    "ReferenceKey",
    "RefusedName",
    "SCIMConnection",
    "SCIMToken",
    "SameAddress",
    "SentNotice",
    "SeatLock",
    "SharedAccount",
    "SignIn",
    "Stranger",
    "TokenQuerySet",
    "TokenStillRevoked",
]
