"""docs/monitoring: the dashboard and the alert rules ask for metrics, labels and values that there are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from scim_provisioning.administration.jobs import OVERDUE
from scim_provisioning.http import observing
from scim_provisioning.models import Action, Outcome
from scim_provisioning.telemetry import metrics
from scim_provisioning.urls import urlpatterns

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "monitoring"
PAGE = FOLDER.parent / "operations.md"
DASHBOARD = json.loads((FOLDER / "grafana-dashboard.json").read_text("utf-8"))
RULES = yaml.safe_load((FOLDER / "alerts.yml").read_text("utf-8"))
KNOWN = {
    metric.name: metric
    for metric in (
        metrics.REQUESTS,
        metrics.OPERATIONS,
        metrics.REQUEST_SECONDS,
        metrics.AUTH_FAILURES,
        *metrics.GAUGES,
    )
}
ROUTES = {view.cls.route for pattern in urlpatterns if hasattr(view := pattern.callback, "cls")}
#: What a label may be, where that is known beforehand.
VALUES = {
    "action": set(Action.values),
    "result": set(Outcome.values),
    "state": {"active", "inactive", "paused"},
    "reason": observing._REASONS | {"other"},
    "command": set(OVERDUE),
    "method": observing._METHODS | {"OTHER"},
    "route": ROUTES | {f"{route}/{{id}}" for route in ROUTES},
}
_SELECTOR = re.compile(r"(scim_[a-z_]+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPED = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")


def rules() -> Iterator[dict[str, Any]]:
    for group in RULES["groups"]:
        yield from group["rules"]


EXPRESSIONS = {
    **{f"panel {panel['title']}": [t["expr"] for t in panel["targets"]] for panel in DASHBOARD["panels"]},
    **{rule["alert"]: [rule["expr"]] for rule in rules()},
    "variables": [
        variable["query"]["query"]
        for variable in DASHBOARD["templating"]["list"]
        if variable["type"] == "query"
    ],
}


def of(name: str) -> metrics.Metric:
    """The metric that a series is of: a histogram has three."""
    return KNOWN.get(name) or KNOWN[re.sub(r"_(?:bucket|count|sum)$", "", name)]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_expression_asks_for_what_there_is(name: str) -> None:
    for expression in EXPRESSIONS[name]:
        asked = [found for found in _SELECTOR.findall(expression) if found[0] != "scim_provisioning"]
        assert asked
        allowed = {"le"}
        for series, matchers in asked:
            labels = of(series).labels
            allowed |= set(labels)
            for label, operator, value in _MATCHER.findall(matchers):
                assert label in labels, (series, label)
                if label in VALUES:
                    unknown = {one for one in value.split("|") if operator in ("=", "=~")} - VALUES[label]
                    assert unknown == set(), (series, label)
        for grouped in _GROUPED.findall(expression):
            assert {label.strip() for label in grouped.split(",")} <= allowed, expression


def test_every_metric_is_drawn_and_described() -> None:
    drawn = {
        of(found[0]).name
        for expressions in EXPRESSIONS.values()
        for e in expressions
        for found in _SELECTOR.findall(e)
    }
    assert drawn == set(KNOWN)
    text = PAGE.read_text("utf-8")
    for metric in KNOWN.values():
        labels = ",".join(metric.labels)
        assert f"`{metric.name}{{{labels}}}`" in text
        assert metric.help.rstrip(".") in text


def test_every_panel_and_every_alert_says_what_it_is() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids) > 8
    for panel in DASHBOARD["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert all(target["legendFormat"] for target in panel["targets"])
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        labels = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
        assert labels <= {label for text in _GROUPED.findall(rule["expr"]) for label in text.split(", ")}
