"""Verb `judge`: hold the predictions of a release against other gates."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline_lambdas.config.model import TrainingConfig, config_values
from pipeline_lambdas.config.parsing import ConfigError
from pipeline_lambdas.release.dataset import manifest_key, parse_manifest
from pipeline_lambdas.release.names import Release, short_id
from pipeline_lambdas.runtime.failures import JobError
from slipway.config_files import read_config
from slipway.errors import SlipwayError, UnsuccessfulError
from slipway.project import shown
from slipway.releases.pipeline import load_run, resolve_run
from slipway.releases.records import load_record, read_from
from slipway.releases.reports import load_reports, say_reports
from slipway.session import Session, session_of
from slipway.terminal.completion import NewestRelease

if TYPE_CHECKING:
    from inference_lambdas.predicting.plan import Evaluation

_OF_THE_MODEL = ("model", "problem", "label", "features", "algorithm", "hyperparameters", "tuning", "channels")
"""What of a config decides about predictions; its gates judge them."""
_PIECE_BYTES = 1024 * 1024


def judge(
    context: typer.Context,
    run: NewestRelease = None,
    gates: Annotated[
        Path | None, typer.Option("--config", help="Training config with the gates; default: the checkout's.")
    ] = None,
) -> None:
    """Judge a release again by the gates of a config as it is now.

    What the release has predicted is read; nothing is predicted and nothing is written. Fails if a gate does.
    """
    session = session_of(context)
    found = load_run(session, resolve_run(session, run))
    short = short_id(found.id)
    documents = {name: one for name, one in load_reports(session, found).items() if one.get("predictions")}
    if not documents:
        raise SlipwayError(
            f"release {short}: found no evaluation with predictions.",
            lambda command: f"An evaluation writes them; see what the release has: {command('show', short)}",
        )
    file = gates or session.project.training_config / f"{session.names.model}.yml"
    config = read_gates(file, load_record(session, found.id))
    try:
        judged = {name: _judged(session, config, shown(file), one) for name, one in documents.items()}
    except JobError as error:
        raise SlipwayError(str(error)) from None
    session.output.result({"release": found.id, "config": shown(file), "evaluations": judged})
    session.output.say(f"release {found.id} by the gates of {shown(file)}; nothing is written")
    session.output.say()
    say_reports(session.output, judged)
    failed = [gate["reason"] for one in judged.values() for gate in one["gates"] if gate["verdict"] == "failed"]
    for reason in failed:
        session.output.say(reason, style="red")
    if failed:
        raise UnsuccessfulError("; ".join(failed))


def read_gates(file: Path, record: Mapping[str, Any]) -> TrainingConfig:
    """Return a config for the rows that a release has predicted; SlipwayError if it is of another model."""
    try:
        config = read_config(file)
    except ConfigError as error:
        raise SlipwayError(str(error), "Name a training config: --config FILE") from None
    short = short_id(record["execution_id"])
    trained = (record["config"] or {}).get("values")
    if trained is None:
        raise SlipwayError(f"release {short}: its record tells no config; expected the one that it was trained with.")
    values = json.loads(json.dumps(config_values(config)))
    # Without a table neither has the keys of one.
    other = [name for name in _OF_THE_MODEL if values.get(name) != trained.get(name)]
    if other:
        raise SlipwayError(
            f"{shown(file)}: {', '.join(other)}: found other values than release {short} was trained with; its "
            "predictions can be judged only with other tests.",
            "Name a config that differs in `tests` alone: --config FILE",
        )
    tests = {
        name: replace(test, max_rows=trained["tests"][name]["max_rows"]) if name in trained["tests"] else test
        for name, test in config.tests.items()
    }
    return replace(config, tests=tests)


def _judged(session: Session, config: TrainingConfig, file: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evaluation's document as it would be with the config's gates."""
    from inference_lambdas.judging.again import judge_again  # noqa: PLC0415 - loads botocore

    test = config.tests.get(document["test"])
    if test is None or test.channel != document["channel"]:
        raise SlipwayError(
            f"{file}: tests.{document['test']}.channel: found {test and test.channel}; expected {document['channel']}, "
            "which was predicted."
        )
    if test.champion and not document["champion"]:
        session.output.warn(
            f"{file}: tests.{test.name}.champion: the release did not ask the champion; its gates do not apply."
        )
    named = document["predictions"]
    key = named["uri"].removeprefix(f"s3://{session.names.bucket('evidence')}/")
    found = session.client("s3").get_object(
        Bucket=session.names.bucket("evidence"), Key=key, VersionId=named["version_id"]
    )
    pieces: Iterator[bytes] = iter(lambda: found["Body"].read(_PIECE_BYTES), b"")
    return judge_again(_evaluation(session, config, document), document, pieces)


def _evaluation(session: Session, config: TrainingConfig, document: Mapping[str, Any]) -> Evaluation:
    from inference_lambdas.judging.again import champion_of  # noqa: PLC0415
    from inference_lambdas.predicting.plan import Evaluation  # noqa: PLC0415
    from inference_lambdas.predicting.serving import Deployed  # noqa: PLC0415

    names, sha256 = session.names, document["dataset_sha256"]
    key = manifest_key(names.model, sha256)
    manifest = read_from(session, "data", key)
    if manifest is None:
        raise SlipwayError(
            f"s3://{names.bucket('data')}/{key}: found no manifest.",
            "The predictions are judged with the tested rows: upload the dataset again.",
        )
    dataset = parse_manifest(manifest, names.model)
    if dataset.sha256 != sha256:
        raise SlipwayError(
            f"s3://{names.bucket('data')}/{key}: found dataset {dataset.sha256}; expected {sha256}, which was tested."
        )
    return Evaluation(
        release=Release(names.pipeline, document["execution_id"]),
        environment=document["environment"],
        # Nothing is asked of the endpoint again.
        deployed=Deployed(document["endpoint_config"], created=""),
        test=config.tests[document["test"]],
        config=config,
        dataset=dataset,
        data_bucket=names.bucket("data"),
        artifact_bucket=names.bucket("artifacts"),
        evidence_bucket=names.bucket("evidence"),
        kms_key_arn="",
        champion=champion_of(document),
        s3=session.client("s3"),
    )
