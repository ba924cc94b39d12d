"""Identity providers as SCIM clients, for tests, demonstrations and the self-test.

    from scim_provisioning.testing.simulators import EntraSimulator, Person

    entra = EntraSimulator("https://lms.example/scim/v2", token)
    entra.test_connection()
    entra.initial_cycle([Person(userPrincipalName="ines@harborline.example", givenName="Ines")])
    assert entra.problems == []

Standard library and `scim_provisioning.protocol.constants` only: a simulator must not agree with the server
because it shares the server's code, and must run where no test dependency is installed.
"""

from __future__ import annotations

from scim_provisioning.testing.simulators.directory import (
    DEFAULT_MAPPING,
    LEARNING_ROWS,
    OKTA_MAPPING,
    Person,
    Row,
)
from scim_provisioning.testing.simulators.entra import EntraSimulator
from scim_provisioning.testing.simulators.exchange import Answer, Send, Step, over_http
from scim_provisioning.testing.simulators.okta import OktaSimulator
from scim_provisioning.testing.simulators.quarantine import Job

__all__ = [
    "DEFAULT_MAPPING",
    "LEARNING_ROWS",
    "OKTA_MAPPING",
    "Answer",
    "EntraSimulator",
    "Job",
    "OktaSimulator",
    "Person",
    "Row",
    "Send",
    "Step",
    "over_http",
]
