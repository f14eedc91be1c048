"""Verb `check`: training configs and data files, before a push or an upload finds out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from pipeline_lambdas.config.environments import short_waits
from pipeline_lambdas.config.instances import PATTERNS_PARAMETER, instance_problems
from pipeline_lambdas.config.parsing import TrainingConfig
from pipeline_lambdas.config.schema import ALARMS_NEED_S
from pipeline_lambdas.runtime.boundary import listed
from slipway.config_files import check_configs
from slipway.datasets.csv_rules import FileCheck
from slipway.datasets.data_files import check_columns, check_dataset, report
from slipway.datasets.dataset import folder_id
from slipway.datasets.pinned import is_uploaded
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.project import shown
from slipway.repositories.clones import Clone, check_functions, find_clone
from slipway.repositories.sources import preparing_machine
from slipway.repositories.unpushed import print_push
from slipway.session import Session, session_of
from slipway.stacks.stacks import find_stack
from slipway.stacks.templates import default_of


@dataclass
class _Found:
    """What a check of a folder of configs has found so far."""

    folder: Path
    configs: dict[str, TrainingConfig]
    problems: list[str]
    files: list[FileCheck] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    """Programs that could not be tried here, and base images that may change."""

    def file(self, model: str) -> str:
        return f"{shown(self.folder)}/{model}.yml"

    @property
    def in_order(self) -> bool:
        return not self.problems and not any(file.problem_count for file in self.files)

    @property
    def warnings(self) -> list[str]:
        return self.untried + [
            f"{self.file(model)}: {path}: found {wait_s}; an alarm that takes Prod back needs up to "
            f"{ALARMS_NEED_S} s, so a model that fails may stay. Allowed, but give it {ALARMS_NEED_S} or more"
            for model, config in self.configs.items()
            for path, wait_s in short_waits(config)
        ]


def check(
    context: typer.Context,
    directory: Annotated[Path | None, typer.Argument(help="Folder of the training configs.")] = None,
    data: Annotated[Path | None, typer.Option(help="Dataset folder; default: the sample data of each model.")] = None,
) -> None:
    """Check training configs and data files; in a clone of functions, their sources.

    In a clone of a repository it is checked as it lies there, else the checkout. Every problem is shown, and which
    models a push would release; nothing is changed.
    """
    session = session_of(context)
    clone = None if directory else find_clone(Path.cwd())
    if clone and clone.holds == "functions":
        _check_functions(session, clone)
        return
    folder = clone.folder if clone else directory or session.project.training_config
    session.output.say(f"checking {folder.resolve()}")
    found = _Found(folder, *check_configs(folder))
    patterns = allowed_instances(session)
    for model, config in found.configs.items():
        _check_instances(session, found, model, patterns)
        _check_container(session, found, config)
        if data is None or model == session.names.model:
            dataset = data or session.project.data(model)
            _check_data(session, found, config, model, dataset)
            _check_program(session, found, config, dataset)
            _check_metrics(session, found, config, dataset)
    _tell(session, found)
    session.output.result(
        {
            "folder": str(folder.resolve()),
            "configs": sorted(found.configs),
            "problems": [*found.problems, *(str(problem) for file in found.files for problem in file.problems)],
            "warnings": found.warnings,
            "files": [{"file": file.file, "rows": file.rows, "columns": file.columns} for file in found.files],
            "releases": {} if directory else print_push(session, clone),
        }
    )
    if not found.in_order:
        raise UnsuccessfulError


def _check_instances(session: Session, found: _Found, model: str, patterns: tuple[str, ...]) -> None:
    config = found.configs[model]
    found.problems += [
        f"{found.file(model)}: {problem}: {session.command(f'deploy --parameter {PATTERNS_PARAMETER}=PATTERN,...')}"
        for problem in instance_problems(config, patterns, ("training", "metrics", *config.environments))
    ]


def _check_data(session: Session, found: _Found, config: TrainingConfig, model: str, dataset: Path) -> None:
    pinned_here = is_here(session, found.file(model), config, dataset, found.problems)
    if not dataset.is_dir():
        _say_prepared(session, found.file(model), model)
        return
    checked = check_dataset(session, dataset, config)
    found.files += checked
    if pinned_here:
        found.problems += check_columns(dataset, found.file(model), config, checked)


def _check_program(session: Session, found: _Found, config: TrainingConfig, dataset: Path) -> None:
    """Try the config's script, once the data that it would be tried on is in order."""
    if config.script is None or any(file.problem_count for file in found.files):
        return
    from slipway.programs.packages import look_for_packages  # noqa: PLC0415 - loads botocore
    from slipway.programs.trial import try_program  # noqa: PLC0415 - likewise

    for tried in (try_program(config, found.folder, dataset), look_for_packages(config, found.folder)):
        found.problems += [f"{shown(found.folder)}/{problem}" for problem in tried.problems]
        found.untried += [f"{shown(found.folder)}/{tried.warning}"] if tried.warning else []
        if tried.done:
            session.output.say(tried.done)


def _check_container(session: Session, found: _Found, config: TrainingConfig) -> None:
    from slipway.programs.containers import container_problems  # noqa: PLC0415 - loads boto3

    problems, warnings = container_problems(session, config, found.folder)
    found.problems += [f"{shown(found.folder)}/{problem}" for problem in problems]
    found.untried += [f"{shown(found.folder)}/{warning}" for warning in warnings]


def _check_metrics(session: Session, found: _Found, config: TrainingConfig, dataset: Path) -> None:
    """Try the config's own metrics, as its script."""
    if config.metrics is None or any(file.problem_count for file in found.files):
        return
    from slipway.programs.metrics import try_metrics  # noqa: PLC0415 - loads botocore

    tried = try_metrics(config, found.folder, dataset)
    found.problems += [f"{shown(found.folder)}/{problem}" for problem in tried.problems]
    found.untried += [f"{shown(found.folder)}/{tried.warning}"] if tried.warning else []
    if tried.done:
        session.output.say(tried.done)


def _say_prepared(session: Session, file: str, model: str) -> None:
    """Without data here: say so if a state machine prepares it, as far as AWS can be asked."""
    if model != session.names.model:
        return
    try:
        machine = preparing_machine(session)
    except (BotoCoreError, ClientError, SlipwayError):
        return
    if machine:
        session.output.say(f"{file}: {machine.rpartition(':')[2]} prepares its data in each release")


def _tell(session: Session, found: _Found) -> None:
    for text in found.problems:
        session.output.say(text, style="red")
    for text in found.warnings:
        session.output.warn(text)
    report(session.output, found.files)
    if found.in_order:
        session.output.say(
            f"{len(found.configs)} configs and {len(found.files)} data files are in order.", style="green"
        )


def is_here(session: Session, file: str, config: TrainingConfig, folder: Path, problems: list[str]) -> bool:
    """Whether a release of the config would take the dataset in the folder: the one that it pins, or any.

    Notes a problem if it pins one that is neither here nor uploaded, as far as AWS can be asked.
    """
    if config.dataset is None:
        return True
    here = folder_id(folder) if folder.is_dir() else None
    if here == config.dataset:
        return True
    uploaded = is_uploaded(session, config.model, config.dataset)
    found = f"{shown(folder)} is dataset {here}" if here else f"{shown(folder)} is not there"
    if uploaded is False:
        problems.append(
            f"{file}: data.dataset: found {config.dataset}, which is not uploaded, and {found}; expected a dataset "
            f"that is uploaded, or is about to be: {session.command('data upload FOLDER')}"
        )
    else:
        known = "is uploaded" if uploaded else "was not looked for, as the data bucket cannot be asked"
        session.output.say(
            f"{file}: pins dataset {config.dataset}, which {known}; {found}, so columns are not compared"
        )
    return False


def _check_functions(session: Session, clone: Clone) -> None:
    session.output.say(f"checking {clone.folder}")
    found, problems = check_functions(clone.folder)
    for text in problems:
        session.output.say(text, style="red")
    if not problems:
        session.output.say(f"{len(found)} functions can be packaged; Build runs linters and tests.", style="green")
    releases = print_push(session, clone)
    session.output.result({"folder": str(clone.folder), "functions": found, "problems": problems, "releases": releases})
    if problems:
        raise UnsuccessfulError


def allowed_instances(session: Session) -> tuple[str, ...]:
    """The instance types that the pipeline stack allows, as patterns; those of the template where there is no stack."""
    try:
        stack = find_stack(session, session.names.pipeline_stack) or {}
    except (BotoCoreError, ClientError, SlipwayError):
        stack = {}  # a check needs no AWS
    given = {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])}
    default = default_of(session.project.template("pipeline.yml"), PATTERNS_PARAMETER)
    return listed(given.get(PATTERNS_PARAMETER) or default)
