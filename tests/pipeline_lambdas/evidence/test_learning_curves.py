"""What is read out of a training job's log."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.evidence import learning_curves
from pipeline_lambdas.evidence.learning_curves import MOST_CURVES, MOST_POINTS, curves, curves_of_metrics

XGBOOST = ALGORITHMS["xgboost"].log
LINES = [
    "[2026-11-20:16:14:41:INFO] Training starts",
    "[0]\ttrain-rmse:0.91141\tvalidation-rmse:0.84253",
    "[1]\ttrain-rmse:0.85847\tvalidation-rmse:0.80260",
    "Stopping. Best iteration:",
]


@pytest.mark.parametrize("tab", ["\t", "#011"])
def test_each_channel_and_metric_is_a_curve(tab: str) -> None:
    found = curves((line.replace("\t", tab) for line in LINES), XGBOOST)
    assert found == {"train:rmse": [0.91141, 0.85847], "validation:rmse": [0.84253, 0.8026]}


def test_metrics_with_hyphens_and_values_that_are_no_numbers() -> None:
    found = curves(["[0]\ttrain-aft-nloglik:1.5\ttrain-error@0.7:nan", "[1]\ttrain-aft-nloglik:inf"], XGBOOST)
    assert found == {"train:aft-nloglik": [1.5, None], "train:error@0.7": [None, None]}


def test_a_round_that_was_printed_again_counts_once() -> None:
    lines = ["[0]\ttrain-rmse:3", "[1]\ttrain-rmse:2", "[1]\ttrain-rmse:1.5", "[2]\ttrain-rmse:1"]
    assert curves(lines, XGBOOST) == {"train:rmse": [3, 1.5, 1]}


@pytest.mark.parametrize("rounds", [1, 499, 500, 501, 999, 1_000, 9_999])
def test_long_curves_are_thinned_and_keep_their_ends(rounds: int) -> None:
    (found,) = curves((f"[{number}]\ttrain-rmse:{number}" for number in range(rounds)), XGBOOST).values()
    assert len(found) <= MOST_POINTS
    assert (found[0], found[-1]) == (0, rounds - 1)
    assert len(found) == rounds or len(found) > MOST_POINTS / 3


def test_a_flood_of_names_is_cut() -> None:
    found = curves((f"[{number}]\ttrain-m{number:03}:1" for number in range(200)), XGBOOST)
    assert list(found) == [f"train:m{number:03}" for number in range(MOST_CURVES)]


def test_a_log_without_rounds_has_no_curves() -> None:
    assert curves(["[train] nothing", "[12] not a round"], XGBOOST) == {}


def test_linear_learner_tells_each_channel_in_a_line_of_its_own() -> None:
    said = [
        "#quality_metric: host=algo-1, epoch=0, train mse_objective <loss>=2",
        "#quality_metric: host=algo-1, epoch=0, validation mse_objective <loss>=2.5",
        "#progress_metric: host=algo-1, completed 6 % of epochs",
        "#quality_metric: host=algo-1, epoch=1, train mse_objective <loss>=nan",
        "#quality_metric: host=algo-1, epoch=1, validation mse_objective <loss>=1.5",
        "#quality_metric: host=algo-1, train mse_objective <loss>=1",
        "[0]\ttrain-rmse:0.9",
    ]
    lines = [f"[11/24/2020 18:53:56 INFO 140513285547840] {text}" for text in said]
    found = curves(lines, ALGORITHMS["linear-learner"].log)
    assert found == {"train:mse_objective": [2, None], "validation:mse_objective": [2.5, 1.5]}


def test_metrics_of_a_program_are_found_by_their_expressions() -> None:
    lines = ["epoch 1 auc: 0.5 loss: 2", "epoch 2 auc: 0.75", "nothing", "epoch 3 auc: nan loss: 1"]
    metrics = {"validation:auc": r"auc: (\S+)", "loss": r"loss: ([0-9.]+)", "absent": "absent ([0-9]+)"}
    assert curves_of_metrics(lines, metrics) == {"validation:auc": [0.5, 0.75, None], "loss": [2.0, 1.0, None]}
    many = curves_of_metrics([f"auc: {number}" for number in range(2000)], {"auc": "auc: ([0-9]+)"}, 500)
    assert (len(many["auc"]), many["auc"][-1]) == (401, 1999.0)


def test_an_expression_that_never_ends_takes_its_share_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning_curves, "_LONGEST_S", 1.0)
    lines = ["loss: 2 auc: 0.5", "auc: 0.75 " + "a" * 400]
    metrics = {"endless": r"auc: (\S+) (?:a+)+b|auc: (?:\S+) (?:a+)+c()", "auc": r"auc: (\S+)", "loss": r"loss: (\S+)"}
    assert curves_of_metrics(lines, metrics) == {"auc": [0.5, 0.75], "loss": [2.0, None]}


def test_another_thread_reads_them_without_a_limit() -> None:
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(curves_of_metrics, ["auc: 0.5"], {"auc": r"auc: (\S+)"}).result()
    assert found == {"auc": [0.5]}
