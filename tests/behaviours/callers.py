"""Who is let in: pauses, SSO, tokens, networks."""

from __future__ import annotations

from tests.behaviours.mutant import answers, mutants

_BAD = "tests/http/test_bad_input.py::"

MUTANTS = mutants(
    (
        "a pause is a pause",
        "models.connection:SCIMConnection.is_paused",
        answers(False),
        f"{_BAD}test_paused_connection_is_503_with_a_time_to_come_back",
    ),
    (
        "SSO that is off shuts the door",
        "models.connection:SCIMConnection.sso_is_on",
        answers(True),
        f"{_BAD}test_sso_switched_off_is_403_and_works_again_when_switched_on",
    ),
    (
        "a revoked token is dead",
        "models.token:SCIMToken.is_revoked",
        answers(False),
        f"{_BAD}test_revoked_token_is_401_and_stays_so",
    ),
    (
        "an expired token is dead",
        "models.token:SCIMToken.is_expired",
        answers(False),
        f"{_BAD}test_expired_token_is_401",
    ),
    (
        "IPv4 in IPv6's clothes is IPv4",
        "tokens.networks:_plain",
        lambda original: lambda parsed: parsed,
        "tests/http/test_addresses.py::test_a_network_in_the_clothes_of_ipv6_means_its_ipv4_network",
    ),
)
