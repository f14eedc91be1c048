"""Verb `costs`: what a release and an idle month cost on AWS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from pipeline_lambdas.config.parsing import ConfigError, TrainingConfig
from pipeline_lambdas.evidence.prices import PriceTable, load_prices
from slipway.config_files import read_config
from slipway.errors import SlipwayError
from slipway.project import Project, shown
from slipway.session import Session, session_of
from slipway.stacks.estimate import Assumptions, Line, idle_lines, release_lines, unknown
from slipway.stacks.quota_table import say_quotas
from slipway.stacks.templates import default_of, resource_types
from slipway.stacks.workflow_estimate import SAMPLES, WorkflowAssumptions, sample_lines, workflow_idle_lines

_TESTED = ("validation", "test")
_NOT_COUNTED = (
    "Lambda, requests to S3 and KMS, logs and messages: cents or less per release",
    "CodeCommit: nothing up to five users, and the roles of the pipeline and the build count as users",
    "requests of your applications, and tax",
)

RELEASES, TRAINING_MINUTES, ENDPOINT_MINUTES, STORAGE_GB = 20, 5.0, 8.0, 1.0
"""What is assumed where nothing is said."""
_BUILD_MINUTES, _CHECK_MINUTES = 1.0, 3.0
"""A Build takes seconds, CodeBuild's own start comes on top; a model's first Check took 1.4 minutes on two cores."""


def costs(
    context: typer.Context,
    releases: Annotated[int, typer.Option(min=0, help="Releases per month.")] = RELEASES,
    training_minutes: Annotated[float, typer.Option(min=0, help="How long a training job runs.")] = TRAINING_MINUTES,
    endpoint_minutes: Annotated[
        float, typer.Option(min=0, help="Until an endpoint serves a new model.")
    ] = ENDPOINT_MINUTES,
    storage_gb: Annotated[float, typer.Option(min=0, help="What the buckets hold.")] = STORAGE_GB,
    spot_saving: Annotated[
        float, typer.Option(min=0, max=90, help="Per cent that spot training saves, if the config asks for it.")
    ] = 0.0,
    quotas: Annotated[
        bool, typer.Option("--quotas", help="Instead: the quotas that all models of the checkout need.")
    ] = False,
) -> None:
    """Estimate what a release, the workflows' samples and an idle month cost.

    Nothing is asked of AWS: the prices are those of a dated table, the rest comes from the training config, the
    templates and these assumptions. Only --quotas asks on AWS what the account allows.
    """
    session = session_of(context)
    if quotas:
        say_quotas(session)
        return
    project, model = session.project, session.options.model
    config, table = model_config(project, model), load_prices()
    assumed = replace(
        assumptions(project, model),
        releases=releases,
        training_minutes=training_minutes,
        endpoint_minutes=endpoint_minutes,
        storage_gb=storage_gb,
        spot_saving_percent=spot_saving,
    )
    release, idle = release_lines(config, assumed, table), idle_lines(config, assumed, table)
    per_release, per_month = sum(line.usd for line in release), sum(line.usd for line in idle)
    _say(session, assumed, release, idle, spot=config.training.spot is not None)
    workflows = workflow_assumptions(project)
    samples = {system: sample_lines(system, workflows, table) for system in SAMPLES}
    idle_workflows = workflow_idle_lines(workflows, table)
    _say_workflows(session, samples, idle_workflows)
    _say_sources(session, table)
    session.output.result(
        {
            "currency": "USD",
            "prices": {"compiled": table.compiled, "region": table.region, "pages": table.pages},
            "assumptions": asdict(assumed),
            "release": _summed(release),
            "idle_month": _summed(idle),
            "month_usd": per_month + releases * per_release,
            "workflows": {
                "assumptions": asdict(workflows),
                "samples": {system: _summed(lines) for system, lines in samples.items()},
                "idle_month": _summed(idle_workflows),
            },
        }
    )


def assumptions(project: Project, model: str) -> Assumptions:
    """What the templates and the data of a checkout tell, and what is assumed of the rest."""
    types = Counter(kind for name in ("setup.yml", "pipeline.yml") for kind in resource_types(project.template(name)))
    return Assumptions(
        releases=RELEASES,
        training_minutes=TRAINING_MINUTES,
        endpoint_minutes=ENDPOINT_MINUTES,
        evaluation_minutes=1.0,
        build_minutes=_BUILD_MINUTES,
        check_minutes=_CHECK_MINUTES,
        storage_gb=STORAGE_GB,
        alarms=types["AWS::CloudWatch::Alarm"],
        dashboards=types["AWS::CloudWatch::Dashboard"],
        keys=types["AWS::KMS::Key"],
        tested_gb=_tested_gb(project.data(model)),
    )


def workflow_assumptions(project: Project) -> WorkflowAssumptions:
    """What the workflows' template tells, and what is assumed of the rest."""
    template = project.template("workflows.yml")
    types = Counter(resource_types(template))
    return WorkflowAssumptions(
        instance_type=default_of(template, "InstanceType"),
        alarms=types["AWS::CloudWatch::Alarm"],
        tables=types["AWS::DynamoDB::Table"],
        logs_gb=0.1,
        table_gb=0.001,
    )


def model_config(project: Project, model: str) -> TrainingConfig:
    """The training config of a model; SlipwayError if there is none or it is wrong."""
    path = project.training_config / f"{model}.yml"
    if not path.exists():
        raise SlipwayError(f"{shown(path)}: found no such training config.", "Name a model: --model NAME")
    try:
        return read_config(path)
    except ConfigError as error:
        raise SlipwayError(str(error), lambda command: f"Check it: {command('check')}") from None


def _tested_gb(folder: Path) -> float:
    """The rows that a release sends through its endpoints, as far as they lie here."""
    return sum(path.stat().st_size for channel in _TESTED for path in (folder / channel).glob("**/*.csv")) / 1e9


def _say(session: Session, assumed: Assumptions, release: list[Line], idle: list[Line], *, spot: bool) -> None:
    say = session.output.say
    per_release, per_month = sum(line.usd for line in release), sum(line.usd for line in idle)
    say(_table("one release", release))
    say()
    say(_table("an idle month", idle))
    say()
    say(f"a month with {assumed.releases} releases: {per_month + assumed.releases * per_release:,.2f} US dollars")
    for item in unknown([*release, *idle]):
        session.output.warn(f"no price is known for {item}; it counts nothing here")
    say()
    say("assumptions; the options change them, the rest is in the training config and the templates")
    say(
        f"  training {assumed.training_minutes:g} min; {assumed.endpoint_minutes:g} min until an endpoint serves; "
        f"evaluation {assumed.evaluation_minutes:g} min; build {assumed.build_minutes:g} min, "
        f"checks {assumed.check_minutes:g} min; "
        f"{assumed.storage_gb:g} GB stored"
    )
    if spot:
        say(f"  spot training saves {assumed.spot_saving_percent:g} %; AWS says up to 90 %, and no list has it")
    say(f"  {assumed.keys} key, {assumed.alarms} alarms, {assumed.dashboards} dashboards; endpoints stay all month")
    for text in _NOT_COUNTED:
        say(f"  not counted: {text}")
    say()


def _say_workflows(session: Session, samples: Mapping[str, list[Line]], idle: list[Line]) -> None:
    say = session.output.say
    for system, lines in samples.items():
        say(_table(f"the sample of the workflow {system}", lines))
        say()
    say(_table("an idle month of the workflows", idle))
    say("  not counted: volumes of jobs, requests to S3, and writing logs; cents or less per run. A tabular endpoint")
    say("  stays until it is removed, and costs by the hour")
    for item in unknown([*(line for lines in samples.values() for line in lines), *idle]):
        session.output.warn(f"no price is known for {item}; it counts nothing here")
    say()


def _say_sources(session: Session, table: PriceTable) -> None:
    say = session.output.say
    say(
        f"Prices of {table.region}, compiled {table.compiled} and not read from AWS; free allowances are not taken off."
    )
    say("Certainty: " + "; ".join(f"{grade} {text}" for grade, text in table.certainty.items()))
    say("Check the AWS pages before you rely on a figure:")
    for page in table.pages:
        say(f"  {page}")


def _table(title: str, lines: list[Line]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name, right in ((title, False), ("quantity", True), ("", False), ("each", True), ("US dollars", True)):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for name in ("dated", "certainty", "free per month"):
        table.add_column(name)
    for line in lines:
        price = line.price
        row = (
            (f"{price.usd:.6g}", f"{line.usd:,.4f}", price.dated, price.certainty, price.free_per_month)
            if price
            else ("-",) * 5
        )
        table.add_row(line.item, f"{line.quantity:,.4g}", line.unit, *row)
    table.add_row("total", "", "", "", f"{sum(line.usd for line in lines):,.2f}")
    return table


def _summed(lines: list[Line]) -> dict[str, Any]:
    return {"usd": sum(line.usd for line in lines), "lines": [_document(line) for line in lines]}


def _document(line: Line) -> dict[str, Any]:
    return {
        "item": line.item,
        "quantity": line.quantity,
        "unit": line.unit,
        "usd": line.usd if line.price else None,
        "price": asdict(line.price) if line.price else None,
    }
