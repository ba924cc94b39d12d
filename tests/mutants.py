"""Switches off one behaviour at a time and shows that the test named for it then fails.

    python tests/mutants.py             every mutant; exits with 1 if one survives
    python tests/mutants.py NAME ...    only these

A mutant is a change of source text. The file on disk stays as it is: this module is also a pytest plugin, which
changes the text on import, in a process of its own for each mutant.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "SCIM_PROVISIONING_MUTANT"
#: pytest's exit status when tests ran and some failed; anything else is not a test that noticed.
TESTS_FAILED = 1


@dataclass(frozen=True)
class Mutant:
    """``name``: the behaviour that is switched off; ``changes``: pairs of source text, before and after."""

    name: str
    module: str
    changes: tuple[tuple[str, str], ...]
    test: str

    @property
    def path(self) -> Path:
        return ROOT / f"scim_provisioning/{self.module.replace('.', '/')}.py"

    def applied_to(self, source: str) -> str:
        """The changed source. Raises ``LookupError`` when the code has moved on and the mutant has not."""
        for before, after in self.changes:
            if source.count(before) != 1:
                raise LookupError(
                    f"{self.name}: {self.path.name} holds {source.count(before)} times {before!r}"
                )
            source = source.replace(before, after)
        return source


def mutant(name: str, module: str, test: str, *texts: str) -> Mutant:
    return Mutant(name, module, tuple(zip(texts[::2], texts[1::2], strict=True)), f"tests/{test}")


_VALIDATOR = "vendors/test_microsoft_validator.py::"
_IDENTITY = "http/test_identity.py::"
_POLICIES = "http/test_policies.py::"
_TENANCY = "test_tenancy.py::"
_POINTS = "http/test_rfc_points.py::"
_BAD = "http/test_bad_input.py::"

MUTANTS = [
    mutant(
        "text booleans",
        "protocol.schema.values",
        f"{_VALIDATOR}test_disabled_user_is_still_returned_with_active_false",
        'lowered = value.lower() if isinstance(value, str) else ""',
        'lowered = ""',
    ),
    mutant(
        "create on miss",
        "protocol.patch.put",
        f"{_VALIDATOR}test_replace_or_add_attributes_verbosely",
        "        if not which.terms:\n",
        "        if True:\n",
    ),
    mutant(
        "same filter, same element",
        "protocol.patch.find",
        "protocol/test_patch.py::test_later_operations_with_the_same_filter_mean_the_element_it_made",
        "return [number] if number in elements.by_number else []",
        "return []",
    ),
    mutant(
        "userName regardless of case",
        "provisioning.writing",
        "http/test_names.py::test_name_in_another_case_is_the_same_name",
        "key = fold(link.user_name)",
        "key = link.user_name",
    ),
    mutant(
        "and before or",
        "protocol.filters.grammar",
        f"{_POINTS}test_operators_and_their_precedence",
        'if operator == "or":',
        'if operator == "and":',
        "else And(tuple(group)) for group in groups)",
        "else Or(tuple(group)) for group in groups)",
        "return terms[0] if len(terms) == 1 else Or(terms)",
        "return terms[0] if len(terms) == 1 else And(terms)",
    ),
    mutant(
        "not is a negation",
        "adapters.lookups",
        f"{_POINTS}test_operators_and_their_precedence",
        "            case Not(term):\n                return ~Q(self.condition(term))",
        "            case Not(term):\n                return Q(self.condition(term))",
    ),
    mutant(
        "one element fulfils a value path",
        "adapters.lookups",
        f"{_POINTS}test_value_path_means_one_element_that_fulfils_all_of_it",
        "            case ValuePath(attribute, inner):\n                return self._value_path(attribute, inner)",
        "            case ValuePath(_, inner):\n                return self.condition(inner)",
    ),
    mutant(
        "externalId is exact",
        "adapters.lookups",
        "http/test_names.py::test_external_id_and_id_are_exact",
        'return Q(**{column: value}) if op == "eq"',
        'return Q(**{f"{column}__iexact": value}) if op == "eq"',
    ),
    mutant(
        "unknown attributes in a filter are refused",
        "provisioning.searching",
        f"{_BAD}test_broken_query_is_refused_and_never_answered_with_everybody",
        "        tree = filters.parse(request.filter, columns.mapping.schema, limits)\n",
        "        try:\n"
        "            tree = filters.parse(request.filter, columns.mapping.schema, limits)\n"
        "        except filters.UnknownFilterAttribute:\n"
        '            tree = filters.parse("id pr", columns.mapping.schema, limits)\n',
    ),
    mutant(
        "the tenant stands in what is listed and read",
        "adapters.reading",
        f"{_TENANCY}test_foreign_id_is_answered_exactly_as_an_unknown_one",
        "ProvisionedUser.objects.filter(connection=connection, user__isnull=False)",
        "ProvisionedUser.objects.filter(user__isnull=False)",
    ),
    mutant(
        "the tenant stands in what is saved",
        "models.provisioned_user",
        f"{_TENANCY}test_every_statement_on_links_names_the_tenant",
        "base_qs.filter(connection_id=self.connection_id)",
        "base_qs",
    ),
    mutant(
        "the tenant stands in what is locked",
        "provisioning.loading",
        f"{_TENANCY}test_every_statement_on_links_names_the_tenant",
        "living().select_for_update().filter(connection=caller.tenant)",
        "living().select_for_update()",
    ),
    mutant(
        "managers are found in one's own tenant",
        "adapters.people",
        f"{_TENANCY}test_foreign_manager_is_kept_as_text_and_never_linked",
        "connection=self._connection, scim_id=scim_id, user__isnull=False",
        "scim_id=scim_id, user__isnull=False",
    ),
    mutant(
        "cursors belong to a tenant",
        "provisioning.cursors",
        f"{_TENANCY}test_cursor_of_the_other_customer_is_invalid",
        "json.dumps([connection.pk, *query]",
        "json.dumps([*query]",
    ),
    mutant(
        "somebody deleted comes back",
        "policies",
        f"{_IDENTITY}test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back",
        "if len(agreeing) == 1:",
        "if False:",
    ),
    mutant(
        "nobody inherits another's past",
        "policies",
        f"{_IDENTITY}test_somebody_who_agrees_in_one_identifier_only_inherits_nothing",
        "return external_id is None or link.external_id in (None, external_id)",
        "return True",
    ),
    mutant(
        "the name of somebody inactive is taken",
        "policies",
        f"{_IDENTITY}test_name_of_a_living_link_is_409_whether_active_or_not",
        "        if not link.is_deleted:\n            raise user_name_taken(link)",
        "        if not link.is_deleted and link.active:\n            raise user_name_taken(link)",
    ),
    mutant(
        "a taken name is 409",
        "provisioning.writing",
        f"{_IDENTITY}test_renaming_to_the_name_of_a_living_link_is_409",
        "raise rules.user_name_taken() from error",
        "raise",
    ),
    mutant(
        "protected accounts are left alone",
        "policies",
        f"{_IDENTITY}test_protected_account_is_not_changed_switched_off_or_deleted",
        "    if adapter.is_protected(adapter.obj):\n        raise Forbidden",
        "    if False:\n        raise Forbidden",
    ),
    mutant(
        "an account of another customer's keeps its name",
        "adapters.translation",
        f"{_IDENTITY}test_name_that_an_account_of_another_customer_holds_gets_a_suffix_and_is_returned_as_sent",
        "text = adapter.account_name(text)",
        "pass",
    ),
    mutant(
        "DELETE keeps the learner",
        "adapters.base",
        f"{_IDENTITY}test_somebody_who_comes_back_gets_her_id_her_learner_and_her_progress_back",
        "        self.set_active(False)\n        self.save()",
        "        self.obj.delete()",
    ),
    mutant(
        "one primary",
        "protocol.patch.elements",
        f"{_POINTS}test_primary_is_handed_over",
        'self.merge(other, {"primary": False})',
        "pass",
    ),
    mutant(
        "PATCH never changes what it was given",
        "protocol.resources",
        "protocol/test_patch.py::test_one_part_of_a_complex_value",
        "return {key: copied(item) if isinstance(item, (dict, list)) else item for key, item in value.items()}",
        "return dict(value)",
    ),
    mutant(
        "a refused create leaves nothing",
        "provisioning.verbs",
        "http/test_host_hooks.py::test_exception_in_a_hook_is_a_500_without_detail_rolled_back_and_logged",
        '    document = {"active": True, **sent.document}\n    with transaction.atomic():',
        '    document = {"active": True, **sent.document}\n    if transaction:',
    ),
    mutant(
        "If-Match",
        "protocol.versions",
        f"{_POINTS}test_version_is_a_weak_tag_that_moves_with_every_change",
        "if if_match is not None and not is_among(if_match, current):",
        "if False:",
    ),
    mutant(
        "the version moves with an edit in the LMS",
        "adapters.base",
        f"{_POINTS}test_version_moves_with_an_edit_in_the_lms",
        "json.dumps([self.link.version, document]",
        "json.dumps([self.link.version]",
    ),
    mutant(
        "values are returned as they were sent",
        "adapters.translation",
        "http/test_truth.py::test_a_value_is_returned_verbatim_while_the_row_means_the_same",
        "if current is not None and value is not None and declaration.same(value, current, adapter):",
        "if current is not None and value == current:",
    ),
    mutant(
        "passwords are not served",
        "protocol.schema.user",
        f"{_VALIDATOR}test_schemas_advertise_nothing_that_is_secret_and_no_group",
        '_LEFT_OUT = frozenset({"password", "groups"})',
        '_LEFT_OUT = frozenset({"groups"})',
    ),
    mutant(
        "Remove never writes its value",
        "protocol.patch.read",
        "protocol/test_patch.py::test_a_removed_value_is_gone_and_a_value_sent_along_is_never_written",
        'elif operation.op == "remove":\n        decode_remove',
        'elif operation.op == "remove" and operation.value is None:\n        decode_remove',
    ),
    mutant(
        "a manager may come as text and goes out as an object",
        "protocol.schema.values",
        f"{_VALIDATOR}test_add_or_replace_manager_returns_it_as_an_object",
        'if isinstance(value, str) and "value" in attribute.subs:',
        "if False:",
    ),
    mutant(
        "dotted keys are paths",
        "protocol.patch.read",
        f"{_VALIDATOR}test_replace_or_add_attributes_in_one_operation_without_a_path",
        '_PATH_SIGNS = frozenset(".:[")',
        '_PATH_SIGNS: frozenset[str] = frozenset("[")',
    ),
    mutant(
        "an empty list of operations is no error",
        "protocol.patch.operations",
        f"{_VALIDATOR}test_empty_list_of_operations_changes_nothing_and_succeeds",
        "if not isinstance(operations, list):",
        "if not isinstance(operations, list) or not operations:",
    ),
    mutant(
        "userName cannot be removed",
        "protocol.patch.decode",
        f"{_BAD}test_broken_patch_is_refused_as_a_whole",
        "elif attribute.required:",
        "elif False:",
    ),
    mutant(
        "a PUT without active changes nothing about it",
        "provisioning.verbs",
        "vendors/test_okta.py::test_put_without_active_neither_disables_nor_revives",
        'after = {name: before[name] for name in ("active",) if name in before} | sent.document',
        'after = {"active": True} | sent.document',
    ),
    mutant(
        "totalResults counts everybody",
        "provisioning.searching",
        f"{_POINTS}test_edges_of_paging",
        "        return request.start_index - 1 + found\n    return people.count()",
        "        return request.start_index - 1 + found\n    return found",
    ),
    mutant(
        "startIndex is at least 1",
        "protocol.messages",
        f"{_POINTS}test_edges_of_paging",
        "start_index=max(start, 1) if start is not None else 1,",
        "start_index=abs(start) + 1 if start is not None else 1,",
    ),
    mutant(
        "missing values come last",
        "provisioning.searching",
        f"{_POINTS}test_sorting_puts_missing_values_last_ascending_and_first_descending",
        "order.asc(nulls_last=True)",
        "order.asc(nulls_first=True)",
    ),
    mutant(
        "groups are an empty list",
        "http.groups",
        "vendors/test_okta.py::test_spec_9_groups_are_an_empty_list",
        "return Response(messages.list_response([], 0, 1))",
        "raise NotFound(_SENTENCE)",
    ),
    mutant(
        "strong evidence does not link where the policy is never to",
        "policies",
        f"{_POLICIES}test_with_refuse_strong_evidence_is_answered_like_weak",
        "if policy is ExistingLearners.LINK:",
        "if True:",
    ),
    mutant(
        "nobody is erased whom another connection manages",
        "policies",
        f"{_POLICIES}test_nobody_is_erased_whom_another_connection_manages",
        "return not elsewhere.exists()",
        "return True",
    ),
    mutant(
        "an erasure is a choice",
        "policies",
        f"{_POLICIES}test_delete_only_deactivates_unless_the_policy_says_otherwise",
        "is not OnDelete.ERASE:",
        "is OnDelete.ERASE:",
    ),
    mutant(
        "a tombstone of somebody erased has no account",
        "provisioning.verbs",
        f"{_POLICIES}test_with_erase_a_delete_deactivates_logs_erases_and_leaves_a_tombstone_without_account",
        "            forget(link)\n",
        "            pass\n",
    ),
    mutant(
        "a pause is a pause",
        "policies",
        f"{_BAD}test_paused_connection_is_503_with_a_time_to_come_back",
        "    if connection.is_paused:",
        "    if False:",
    ),
    mutant(
        "SSO that is off shuts the door",
        "policies",
        f"{_BAD}test_sso_switched_off_is_403_and_works_again_when_switched_on",
        "if app_settings.require_sso:",
        "if False:",
    ),
    mutant(
        "a revoked token is dead",
        "tokens.authentication",
        f"{_BAD}test_revoked_token_is_401_and_stays_so",
        "    if token.is_revoked:",
        "    if False:",
    ),
    mutant(
        "an expired token is dead",
        "tokens.authentication",
        f"{_BAD}test_expired_token_is_401",
        "    if token.is_expired:",
        "    if False:",
    ),
    mutant(
        "a host's Http404 is not the person's",
        "http.errors",
        "http/test_refusals.py::test_a_failure_is_500_and_tells_only_administrators_what_and_where",
        "        case exceptions.PermissionDenied():\n",
        "        case exceptions.NotFound():\n            return errors.NotFound()\n"
        "        case exceptions.PermissionDenied():\n",
    ),
    mutant(
        "a database error in a signal of the host's is about the person",
        "provisioning.writing",
        "http/test_database_errors.py::test_a_unique_column_of_another_table_is_named_itself",
        "    with database_errors.explained(adapter.compiled_mapping):",
        "    if database_errors:",
    ),
    mutant(
        "a constraint that speaks up at COMMIT is about the person",
        "http.errors",
        "http/test_database_errors.py::test_a_reference_to_nothing_is_400_be_it_found_at_once_or_at_commit",
        "case IntegrityError() | DataError() if not place:",
        "case IntegrityError() | DataError() if not caller:",
    ),
    mutant(
        "not every collision is a userName's",
        "provisioning.writing",
        "http/test_database_errors.py::test_only_the_links_own_constraint_means_that_a_user_name_is_taken",
        'if not database_errors.is_collision(error, ProvisionedUser, "scim_link_user_name_unique"):',
        "if not error:",
    ),
    mutant(
        "the database's sentence is a value",
        "admin.log_words",
        "admin/test_log.py::test_what_the_database_said_is_masked_without_view_payload",
        'if not in_clear and facts.get("database"):',
        "if False:",
    ),
    mutant(
        "a fault of the host's stays on the server",
        "http.errors",
        "http/test_host_hooks.py::test_exception_in_a_hook_is_a_500_without_detail_rolled_back_and_logged",
        'f"Internal error; the change was not made. Request id: {request_id}"',
        'f"{exception} Request id: {request_id}"',
    ),
]


# --- the plugin: changes the module on import


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, mutant: Mutant) -> None:
        super().__init__(fullname, str(mutant.path))
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        source = self.mutant.applied_to(self.mutant.path.read_text("utf-8"))
        return compile(source, self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != f"scim_provisioning.{self.mutant.module}":
            return None
        spec = PathFinder.find_spec(fullname, path)
        if spec is not None:
            spec.loader = _Loader(fullname, self.mutant)
        return spec


if chosen := os.environ.get(VARIABLE):
    sys.meta_path.insert(0, _Finder(next(mutant for mutant in MUTANTS if mutant.name == chosen)))


# --- the script


def run(tests: Sequence[str], mutant: Mutant | None = None) -> subprocess.CompletedProcess[str]:
    """Run these tests in a process of their own, under a mutant if one is given."""
    environment = {**os.environ, VARIABLE: mutant.name if mutant else "", "PYTEST_ADDOPTS": ""}
    # Other plugins take half of the time that it takes to start.
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutants", "-p", "pytest_django.plugin"]
    # Without other plugins their options in pyproject.toml are unknown.
    command += ["-o", "addopts=--import-mode=importlib", "-q", "-x", "--no-header", "--tb=line"]
    command += ["--nomigrations", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def is_noticed(mutant: Mutant) -> tuple[bool, str]:
    """Whether the test named for a mutant fails under it, and what pytest said last."""
    mutant.applied_to(mutant.path.read_text("utf-8"))
    done = run([mutant.test], mutant)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return done.returncode == TESTS_FAILED, lines[-1] if lines else ""


def main(names: Sequence[str]) -> int:
    mutants = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    unchanged = run(sorted({mutant.test for mutant in mutants}))
    if unchanged.returncode != 0:
        print(unchanged.stdout, unchanged.stderr, sep="\n")
        print("The tests do not pass without mutants either.")
        return 2
    survivors = 0
    for mutant in mutants:
        started = time.monotonic()
        noticed, said = is_noticed(mutant)
        survivors += not noticed
        verdict = "noticed " if noticed else "SURVIVES"
        print(f"{verdict} {time.monotonic() - started:4.1f} s  {mutant.name}", flush=True)
        if not noticed:
            print(f"         {mutant.test}: {said}", flush=True)
    print(f"{len(mutants)} mutants, {survivors} not noticed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
