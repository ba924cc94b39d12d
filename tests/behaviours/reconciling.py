"""What a comparison of a connection with its directory says, and of whom."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from scim_provisioning.administration import takeover
from tests.behaviours.mutant import answers, mutants

_COMMAND = "tests/test_scim_reconcile_command.py::"
_PAGE = "tests/admin/test_reconcile_page.py::"

MUTANTS = mutants(
    (
        "accounts of other customers are not named to this one",
        "adapters.accounts:HostAccounts.tenant_users",
        lambda original: lambda cls, connection: get_user_model()._base_manager.all(),
        f"{_COMMAND}test_each_kind_of_person_is_told_apart",
    ),
    (
        "values of a comparison are masked for who may not see what was sent",
        "administration.reconciliation.words:rows",
        lambda rows: lambda lines, in_clear: rows(lines, in_clear=True),
        f"{_PAGE}test_values_are_masked_for_who_may_not_see_what_was_sent",
    ),
    (
        "what means the same is no difference",
        "adapters.kinds.references:Reference.same",
        answers(False),
        f"{_COMMAND}test_what_means_the_same_is_no_difference",
    ),
    (
        "what was never sent has not drifted",
        "administration.reconciliation.learners:has_drifted",
        lambda original: lambda adapter: adapter.link.document != adapter.read(),
        f"{_COMMAND}test_a_learner_who_was_changed_here_since_has_drifted_and_one_with_additions_has_not",
    ),
    (
        "nobody takes over through the API what they would not see afterwards",
        "administration.takeover:take_over_for",
        lambda original: (
            lambda user, connection, sso, address="": takeover.take_over(
                connection, sso, actor=user, address=address
            )
        ),
        "tests/api/test_takeover.py::test_whoever_would_not_see_it_afterwards_changes_nothing",
    ),
)
