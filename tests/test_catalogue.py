"""Every code that can be raised is explained to administrators, and nothing else is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.utils.translation import override

import scim_provisioning
from scim_provisioning.administration.catalogue import CATALOGUE, UNKNOWN, explain

PACKAGE = Path(scim_provisioning.__file__).parent
# Refusals to administrators carry their own sentence (tokens.TokenRefused).
OWN_SENTENCE = "token."


def codes_in_the_source() -> set[str]:
    """Texts that stand where a code stands: `code=`, `code = `, a kind's `missing_code`, or in the namespace of a
    known code."""
    namespaces = {code.partition(".")[0] for code in CATALOGUE}
    found = set()
    for module in PACKAGE.rglob("*.py"):
        if "catalogue" in module.parts or "migrations" in module.parts or "testing" in module.parts:
            continue
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            value: ast.expr | None = None
            if isinstance(node, ast.keyword) and node.arg == "code":
                value = node.value
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names = {target.id for target in targets if isinstance(target, ast.Name)}
                if names & {"code", "missing_code"}:
                    value = node.value
            elif isinstance(node, ast.Call | ast.Return):
                # AuthenticationRefused("auth.expired", ...), and functions that choose a code.
                inside = [*node.args] if isinstance(node, ast.Call) else [*ast.walk(node)]
                found |= {
                    item.value
                    for item in inside
                    if isinstance(item, ast.Constant)
                    and isinstance(item.value, str)
                    and item.value.replace(".", "_").isidentifier()
                    and item.value.count(".") == 1
                    and not item.value.endswith(".")
                    and item.value.partition(".")[0] in namespaces
                }
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found.add(value.value)
    return {code for code in found if not code.startswith(OWN_SENTENCE)}


def test_every_code_that_the_package_can_raise_has_an_entry() -> None:
    assert codes_in_the_source() - set(CATALOGUE) == set()


def test_every_entry_belongs_to_a_code_that_the_package_can_raise() -> None:
    assert set(CATALOGUE) - codes_in_the_source() == set()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_entry_says_what_happened_why_and_what_to_do_even_without_facts(code: str) -> None:
    explanation = explain(code, {})

    assert explanation.title.endswith(".")
    assert explanation.cause.endswith(".")
    assert explanation.todo.endswith(".")
    assert "%(" not in explanation.cause + explanation.todo


def test_facts_are_filled_in_where_they_are_known() -> None:
    explanation = explain(
        "auth.ip", {"address": "192.0.2.7", "label": "Entra ID", "allowed": ["10.0.0.0/8", "20.0.0.0/8"]}
    )

    assert explanation.cause == (
        "The request came from 192.0.2.7; the token “Entra ID” allows 10.0.0.0/8, 20.0.0.0/8."
    )


def test_a_code_of_the_hosts_own_gets_honest_words() -> None:
    assert explain("host.own_rule").title == str(UNKNOWN.title)


def test_a_percent_sign_in_a_fact_is_only_text() -> None:
    assert "100 %(x)s" in explain("attr.type", {"attribute": "100 %(x)s"}).cause


def test_the_words_are_translated_when_they_are_shown_and_not_before() -> None:
    with override("de"):
        assert isinstance(explain("rate").title, str)
