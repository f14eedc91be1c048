"""The sample: rows made up like abalone, the chain with what removes its endpoint, and four experiments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workflows.samples import Place, Run, Sample
from workflows.tabular.abalone import made_up, to_libsvm
from workflows.tabular.algorithm import FOLDER
from workflows.tabular.split import split

ROWS, SEED = 600, 20
EXPERIMENTS = (
    {"Name": "shallow", "HyperParameters": {"max_depth": 3, "num_round": 60}},
    {"Name": "as it is", "HyperParameters": {}},
    {"Name": "slow", "HyperParameters": {"eta": 0.05, "num_round": 120}},
    {"Name": "wrong", "HyperParameters": {"eta": 7}},
)
"""The last one fails, as `eta` is at most 1, and the others go on."""


def objects() -> Iterator[tuple[str, bytes]]:
    """Yield key and content of the rows to train on, to validate with and to test with."""
    rows = split(list(to_libsvm(made_up(ROWS, SEED))), SEED)
    return ((f"{FOLDER}/{key}", content) for key, content in rows.objects().items())


def _names(place: Place) -> dict[str, Any]:
    # Names are the caller's to choose, and each run needs new ones.
    return {"JobName": place.fresh, "ModelName": place.fresh, "EndpointName": place.fresh}


def _deployed(place: Place) -> dict[str, Any]:
    return {"EndpointName": place.fresh}


def _experiments(_place: Place) -> dict[str, Any]:
    return {"Experiments": list(EXPERIMENTS)}


def _told_of_chain(output: Mapping[str, Any]) -> list[str]:
    return [
        f"trained {output['TrainingJobName']}: {output['Metric']} {output['Value']:.4f}",
        f"predictions for the test rows: {output['Predictions']}",
        f"endpoint {output['EndpointName']} was in service",
    ]


def _told_of_removal(output: Mapping[str, Any]) -> list[str]:
    return [f"removed endpoint {name}, its config and its model" for name in output["Removed"]]


def _told_of_experiments(output: Mapping[str, Any]) -> list[str]:
    rows = output["Experiments"]
    failed = sum(row["Status"] == "Failed" for row in rows)
    best = output["Best"]
    return [
        f"{len(rows)} experiments, {failed} of them failed; best: {best['Name']}, "
        f"{output['Metric']} {best['Value']:.4f}",
        f"saved as model {output['ModelName']}",
    ]


SAMPLE = Sample(
    system="tabular",
    title="Tabular: train, transform and deploy, composed in Python; experiments side by side",
    objects=objects,
    runs=(
        Run("tabular", _names, _told_of_chain),
        Run("tabular-removal", _deployed, _told_of_removal),
        Run("tabular-experiments", _experiments, _told_of_experiments),
    ),
)
