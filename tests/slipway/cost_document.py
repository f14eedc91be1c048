"""The costs in docs/, as `slipway costs` computes them; `python -m tests.slipway.cost_document` writes them anew."""

from __future__ import annotations

import re
from dataclasses import replace

from slipway.project import Project
from slipway.stacks.estimate import Line, idle_lines, release_lines
from slipway.stacks.workflow_estimate import SAMPLES, sample_lines, workflow_idle_lines
from slipway.verbs.costs import assumptions, model_config, workflow_assumptions

from pipeline_lambdas.config.model import InstanceVariant, TrainingConfig
from pipeline_lambdas.evidence.prices import PriceTable, load_prices
from tests.local_server import ROOT

MODEL = "wine-quality"
COSTS = ROOT / "docs" / "costs.md"
DOCUMENTS = {"cost": ROOT / "docs" / "aws.md", "cost tables": COSTS, "workflow costs": COSTS}
"""Name of a section to the document that it is in."""
_PROD = "endpoint prod"


def sections() -> dict[str, str]:
    """Name of a section to what stands in it."""
    project, table = Project(ROOT), load_prices()
    config, assumed = model_config(project, MODEL), assumptions(project, MODEL)
    release, idle = release_lines(config, assumed, table), idle_lines(config, assumed, table)
    assert all(line.price for line in (*release, *idle))
    twice = idle_lines(_with_two(config), assumed, table)
    return {
        "cost": _headline(release, idle, sum(line.usd for line in twice)),
        "cost tables": f"{_table('A release', release)}\n\n{_table('An idle month', idle)}",
        "workflow costs": _workflows(project, table),
    }


def written(name: str) -> str:
    """What stands in the document's section."""
    text = DOCUMENTS[name].read_text(encoding="utf-8")
    return text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0].strip("\n")


def _workflows(project: Project, prices: PriceTable) -> str:
    assumed = workflow_assumptions(project)
    samples = {f"The sample `{system}`": sample_lines(system, assumed, prices) for system in SAMPLES}
    tables = {**samples, "An idle month": workflow_idle_lines(assumed, prices)}
    return "\n\n".join(_table(title, lines) for title, lines in tables.items())


def _with_two(config: TrainingConfig) -> TrainingConfig:
    prod = config.environments["prod"]
    assert isinstance(prod, InstanceVariant)
    return replace(config, environments={**config.environments, "prod": replace(prod, instance_count=2)})


def _headline(release: list[Line], idle: list[Line], of_two: float) -> str:
    month = sum(line.usd for line in idle)
    prod = sum(line.usd for line in idle if line.item.startswith(_PROD))
    rest, free = month - prod, _free(idle)
    return "\n".join(
        (
            f"**As shipped, an idle month costs {month:.0f} US dollars**: {prod:.0f} for the one instance of Prod,",
            f"{rest:.2f} for key, alarms, dashboard and storage, of which AWS's allowances take {free:.2f} off in an",
            "account without others. Dev and Test are serverless and cost nothing while nobody asks them. Without",
            f"Prod (`WithProd` at `false`) the month costs {rest:.2f}, with two instances in Prod {of_two:.0f};",
            f"a release {sum(line.usd for line in release):.2f}. `slipway costs` computes it: [how](costs.md).",
        )
    )


def _free(lines: list[Line]) -> float:
    """What the monthly allowances are worth: a price names how many of its unit are free."""
    free = 0.0
    for line in lines:
        found = re.match(r"([0-9]+) (alarms|dashboards)", line.price.free_per_month) if line.price else None
        if line.price and found:
            free += min(line.quantity, int(found.group(1))) * line.price.usd
    return free


def _table(title: str, lines: list[Line]) -> str:
    rows = [f"| {title} | quantity | | each | dollars | price: certainty, date, source |", "|---|---|---|---|---|---|"]
    for line in lines:
        price = line.price
        assert price
        cells = (line.item, f"{line.quantity:,.4g}", line.unit, f"{price.usd:.6g}", f"{line.usd:,.4f}")
        rows.append(f"| {' | '.join(cells)} | {price.certainty}, {price.dated}, {price.source} |")
    return "\n".join([*rows, f"| sum | | | | {sum(line.usd for line in lines):,.2f} | |"])


if __name__ == "__main__":
    for name, content in sections().items():
        head, _, rest = DOCUMENTS[name].read_text(encoding="utf-8").partition(f"<!-- {name} -->")
        tail = rest.partition(f"<!-- /{name} -->")[2]
        text = f"{head}<!-- {name} -->\n{content}\n<!-- /{name} -->{tail}"
        DOCUMENTS[name].write_text(text, encoding="utf-8")
