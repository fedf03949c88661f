"""Metrics by the conventions of Prometheus; the dashboard and the alerts read such as exist."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import promql_parser
import pytest
import yaml

from flows.topics import create_topics
from tests.cli.running import ROOT
from tests.deploy.figures import ADDED, SCRAPED, await_figures, busy_service, figures, used
from tests.storage.servers import running

DEPLOY = ROOT / "deploy"
ALERTS: Final = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
DASHBOARD: Final = json.loads((DEPLOY / "grafana/dashboards/headrace.json").read_text())
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
RUNBOOK: Final = (ROOT / "docs/runbook.md").read_text()

BOUNDED: Final = {
    "site": "settings",
    "topic": "contracts.keys",
    "reason": "contracts.rejects and the like",
    "kind": "routes",
    "made": "personal, fallback, degraded",
    "trip": "the code",
    "model": "contracts.keys.MODELS",
    "name": "champions and challengers: settings",
    "series": "the code",
    "arm": "settings",
    "figure": "online_models.live_figures",
    "end": "the code",
    "part": "partitions",
    "subscription": "contracts.subscriptions.MAX_SUBSCRIPTIONS a site",
    "le": "buckets",
}
"""Labels that may be, and what bounds the number of their values. No person, item or key."""

UNITS: Final = ("_seconds", "_bytes", "_records", "_ratio")
WRONG_UNITS: Final = re.compile(r"_(ms|millis|milliseconds|us|minutes|kb|mb|percent)(_|$)")


@pytest.fixture(scope="module")
def text(broker: str) -> Iterator[str]:
    """What a service shows that has something to tell of everything."""
    create_topics(broker, 4)
    with running() as store, busy_service(broker, store) as http:
        yield await_figures(http, ["headrace_triggers_backlog", "headrace_model_learned_total"])


def test_names_units_and_labels_are_those_of_the_conventions(text: str) -> None:
    found = figures(text)
    ours = {name: how for name, how in found.items() if name.startswith("headrace_")}
    assert len(ours) > 40
    for name, (kind, labels) in ours.items():
        assert re.fullmatch(r"headrace_[a-z]+(_[a-z]+)+", name), name
        assert not WRONG_UNITS.search(name), f"{name} is not in a base unit"
        if kind == "counter":
            assert name.endswith(("_total", "_created")), f"the counter {name}"
        elif kind == "gauge":
            assert not name.endswith(("_total", "_count", "_sum")), f"the gauge {name}"
        elif kind == "histogram":
            assert "_seconds" in name, f"the histogram {name}"
        assert labels <= BOUNDED.keys(), f"{name} has labels without a bound: {labels}"
    for line in text.splitlines():
        if line.startswith("# HELP headrace_"):
            assert len(line.split(maxsplit=3)) == 4, f"no help: {line}"


def expressions() -> list[tuple[str, str]]:
    """Return who reads what: alerts, and targets of panels with Grafana's variables put in."""
    alerts = [(f"alert {rule['alert']}", rule["expr"]) for rule in ALERTS]
    panels = [
        (f"panel {panel['title']}", target["expr"].replace("$__rate_interval", "1m"))
        for panel in PANELS
        for target in panel["targets"]
    ]
    return alerts + panels


def test_every_expression_reads_what_is_there(text: str) -> None:
    known = {name: labels | ADDED for name, (_, labels) in figures(text).items()} | SCRAPED
    for who, expression in expressions():
        reads = list(used(expression))
        assert reads, who
        for name, labels in reads:
            assert name in known, f"{who} reads {name}, which nobody tells"
            assert labels <= known[name], f"{who}: {name} has no {labels - known[name]}"


def test_the_pages_name_metrics_that_are_there(text: str) -> None:
    there = figures(text).keys() | {name.removesuffix("_bucket") for name in figures(text)}
    for page in (ROOT / "docs").rglob("*.md"):
        named = set(
            re.findall(
                r"\bheadrace_(?:collect|serve|flow|model|live|contest|triggers)_\w+",
                page.read_text(),
            )
        )
        if page.name != "changelog.md":
            assert named <= there, f"{page.name}: {named - there}"


def test_what_is_summed_by_is_a_label_that_is_there(text: str) -> None:
    known = {name: labels | ADDED for name, (_, labels) in figures(text).items()} | SCRAPED
    for who, expression in expressions():
        by = {
            label.strip()
            for labels in re.findall(r"\b(?:by|without|on) \(([^)]*)\)", expression)
            for label in labels.split(",")
        }
        there = set().union(*(known[name] for name, _ in used(expression)))
        assert by <= there, f"{who}: nothing has the label {by - there}"


def test_legends_name_labels_that_the_expression_leaves() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                left = re.search(rf"(by|on) \([^)]*\b{label}\b", target["expr"])
                assert left or " by " not in target["expr"], (panel["title"], label)


def test_a_mistake_in_an_expression_would_be_noticed() -> None:
    with pytest.raises(ValueError, match=r"unclosed|expected"):
        promql_parser.parse("sum by (site (rate(x[5m]))")
    assert list(used('max(a{b="c"}) > rate(d[1m])')) == [("a", {"b"}), ("d", set())]


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_section_of_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert promql_parser.parse_duration(rule.get("for", "1s")) is not None
    file, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert file == "docs/runbook.md"
    assert anchor == rule["alert"].lower()
    section = RUNBOOK.partition(f"\n## {rule['alert']}\n")[2].partition("\n## ")[0]
    assert "**Look**" in section
    assert "**Mend**" in section


def test_the_runbook_names_no_alert_that_is_gone() -> None:
    assert set(re.findall(r"^## (Headrace\w+)$", RUNBOOK, re.MULTILINE)) == {
        rule["alert"] for rule in ALERTS
    }


def test_panels_stand_beside_each_other() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in PANELS)
    assert {one["name"] for one in DASHBOARD["templating"]["list"]} == {"datasource", "site"}


def test_prometheus_reads_the_alerts_and_finds_the_api() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    assert config["rule_files"] == ["alerts.yml"]
    [job] = config["scrape_configs"]
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    [found] = job["dns_sd_configs"]
    [name] = found["names"]
    assert services[name]["environment"]["HEADRACE_API__OPERATIONS_PORT"] == str(found["port"])
    assert job["job_name"] == "headrace"
