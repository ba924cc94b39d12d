"""Who is let in: pauses, SSO, tokens, networks."""

from __future__ import annotations

from tests.behaviours.mutant import answers, mutants

_BAD = "tests/http/test_bad_input.py::"
_THROTTLING = "tests/http/test_throttling.py::"


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
    (
        "what can be no token takes no token's place in a flood",
        "tokens.text:is_well_formed",
        answers(True),
        f"{_THROTTLING}test_in_a_flood_what_can_be_no_token_and_what_has_failed_takes_no_new_tokens_place",
    ),
    (
        "a token that was noted as a good one yesterday is one today",
        "http.throttling:_TokenKeys.good_before",
        answers("never"),
        f"{_THROTTLING}"
        "test_a_token_in_use_for_days_passes_a_flood_at_any_moment_and_an_idle_one_waits_its_turn",
    ),
    (
        "a token that has failed takes no token's place in a flood",
        "http.throttling:Failures._may_be_good",
        lambda original: lambda plaintext, has_failed: original(plaintext, False),
        f"{_THROTTLING}test_in_a_flood_what_can_be_no_token_and_what_has_failed_takes_no_new_tokens_place",
    ),
)
