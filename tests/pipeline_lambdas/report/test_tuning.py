"""What a report shows of a search for hyperparameters."""

from __future__ import annotations

from typing import Any

from pipeline_lambdas.report.page import render
from tests.pipeline_lambdas.report.documents import record
from tests.pipeline_lambdas.report.html_check import Page


def search(trials: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "job": "slipway-1a2b3c4d-8f3c2a1d-4b5e",
        "status": "Completed",
        "failure_reason": None,
        "strategy": "Bayesian",
        "objective": {"metric": "validation:rmse", "type": "Minimize"},
        "early_stopping": "Off",
        "seed": 7,
        "max_jobs": len(trials),
        "max_parallel_jobs": 2,
        "ranges": {
            "booster": {"type": "categorical", "values": ["gbtree", "<dart>"]},
            "eta": {"type": "continuous", "min": 0.001, "max": 0.5, "scaling": "Auto"},
        },
        "best": "job-2",
        "counts": {"completed": len(trials), "stopped": 0, "failed": 0},
        "trials": trials,
        **more,
    }


def trial(number: int, value: float | None, **more: Any) -> dict[str, Any]:
    return {
        "job": f"job-{number}",
        "status": "Completed" if value is not None else "Failed",
        "hyperparameters": {"eta": str(0.001 * (number + 1)), "booster": "<dart>" if number % 2 else "gbtree"},
        "objective": value,
        "seconds": 3.0,
        "failure_reason": None if value is not None else "no <rows>",
        **more,
    }


def page(found: dict[str, Any]) -> Page:
    document = record()
    document["training"]["tuning"] = found
    return Page(render(document, {}, None))


def test_jobs_are_drawn_in_their_order_with_the_best_so_far() -> None:
    shown = page(search([trial(0, 0.7), trial(1, None), trial(2, 0.5), trial(3, 0.6)]))
    figures = [figure.children[0].text for figure in shown.all("figure")]
    assert figures[-3:] == ["The search, job by job", "booster and validation:rmse", "eta and validation:rmse"]
    text = shown.root.text
    assert "The best value is 0.5000, reached first by job 3. 1 job without a value is not drawn." in text
    assert "The best job has eta 0.003" in text
    assert "The best job has booster gbtree" in text
    dots = [path.attributes["d"].count("h0") for path in shown.all("path") if path.attributes.get("class") == "dots"]
    assert dots[-3:] == [3, 3, 3]


def test_a_job_has_the_place_that_its_name_tells() -> None:
    names = {"job": "slipway-1a2b3c4d-8f3c2a1d-4b5e-612-0a1b2c3d"}
    shown = page(search([trial(0, 0.7), trial(1, 0.6), trial(2, 0.5, **names)]))
    assert "The best value is 0.5000, reached first by job 612." in shown.root.text


def test_the_best_jobs_are_listed_and_the_failed_ones_told() -> None:
    shown = page(search([trial(number, 1 - number / 50) for number in range(12)] + [trial(12, None), trial(13, None)]))
    assert "The 10 best of 12" in shown.root.text
    rows = [row for row in shown.all("tr") if row.text.startswith("12")]
    assert "<dart>" in rows[0].text
    assert "no <rows>" in shown.root.text


def test_a_greatest_value_is_the_best_where_the_search_wants_it() -> None:
    found = search([trial(0, 0.7), trial(1, 0.9), trial(2, 0.8)], objective={"metric": "auc", "type": "Maximize"})
    assert "The best value is 0.9000, reached first by job 2." in page(found).root.text


def test_a_search_without_a_value_is_told_without_a_plot() -> None:
    found = search([trial(0, None)], status="Failed", best=None, failure_reason="No training job succeeded")
    shown = page(found)
    assert "No training job succeeded" in shown.root.text
    assert "The search, job by job" not in shown.root.text


def test_five_hundred_jobs_keep_the_page_small() -> None:
    document = record()
    document["training"]["tuning"] = search([trial(number, 1 / (number + 1)) for number in range(500)])
    assert len(render(document, {}, None)) - len(render(record(), {}, None)) < 60_000


def test_a_release_without_a_search_has_no_such_section() -> None:
    assert "Search for hyperparameters" not in render(record(), {}, None)
