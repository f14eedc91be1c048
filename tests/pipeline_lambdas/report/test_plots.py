"""What plots show is where the numbers say, and says how much it was made of."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import pytest

from pipeline_lambdas.report import bars, class_plots, plots
from pipeline_lambdas.report.judged import counted
from pipeline_lambdas.report.kit import text
from pipeline_lambdas.report.kit.figures import Figure
from pipeline_lambdas.report.kit.tables import table
from pipeline_lambdas.report.page import render
from tests.pipeline_lambdas.report.cases import binary, first_release, multiclass, waiting
from tests.pipeline_lambdas.report.documents import evaluation, gate, latency, record
from tests.pipeline_lambdas.report.html_check import Element, Page

OF = partial(counted, {"rows": 4_000, "channel": "test"})


def image(figure: Figure | None) -> Page:
    assert figure is not None
    return Page(figure.html)


def texts(page: Page, style: str) -> list[str]:
    return [one.text for one in page.all("text") if style in one.attributes["class"].split()]


def bars_of(page: Page) -> list[Element]:
    """Without the squares of a legend."""
    return [one for one in page.all("rect") if "fill" in one.attributes["class"] and one.attributes["height"] != "10"]


def titles(case: Any) -> list[str]:
    page = Page(render(case.record, case.evaluations, case.champion))
    return [figure.children[0].text for figure in page.all("figure")]


def test_each_problem_has_its_plots() -> None:
    assert titles(waiting()) == [
        "Difference to the champion", "Predicted against actual", "Residuals", "Importance of the columns",
        "Latency of the endpoint", "rmse by slice", "Drift of the columns", "Distribution of alcohol",
        "Distribution of total_sulfur_dioxide", "Distribution of residual_sugar", "Learning curve, rmse",
    ]  # fmt: skip
    assert titles(binary())[1:5] == ["Confusion matrix", "ROC curve", "Precision and recall", "Calibration"]
    assert titles(multiclass()) == [
        "Confusion matrix",
        "Latency of the endpoint",
        "Learning curve, merror",
        "Learning curve, mlogloss",
    ]


def test_points_lie_where_they_should() -> None:
    sample = {"stride": 40, "points": [[0.0, 0.0], [10.0, 5.0], [5.0, 10.0]]}
    page = image(plots.predicted_actual({"sample": sample}, OF))
    dots = [one.attributes["d"] for one in page.classed("dots")]
    (x0, y0), (x1, y1), (x2, y2) = (map(float, re.findall(r"[\d.]+", dot)[:2]) for dot in dots)
    assert x0 < x2 < x1
    assert y0 > y1 > y2
    assert x2 - x0 == pytest.approx(x1 - x2, abs=0.2)
    assert y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    assert page.all("figcaption")[0].text.startswith("3 of 4,000 rows of channel test, each 40th.")


def test_a_histogram_keeps_its_counts() -> None:
    page = image(plots.residuals({"residuals": {"edges": [-2, -1, 0, 1, 2], "counts": [1, 0, 4, 2]}}, OF))
    heights = [float(one.attributes["height"]) for one in bars_of(page)]
    assert [height / heights[0] for height in heights] == pytest.approx([1, 4, 2], rel=0.01)
    assert page.all("figcaption")[0].text == "7 of 4,000 rows of channel test."


@pytest.mark.parametrize(
    "residuals",
    [
        None,
        {},
        {"edges": [], "counts": []},
        {"edges": [0, 1], "counts": [0]},
        {"edges": [0, 1], "counts": [1, 2]},
        {"edges": [0, None], "counts": [1]},
    ],
)
def test_a_histogram_of_nothing_is_no_plot(residuals: Any) -> None:
    assert plots.residuals({"residuals": residuals}, OF) is None


def test_latency_joins_many_buckets_and_shows_the_bound() -> None:
    measured = latency()
    fine = [{"low_ms": 1.01**step, "high_ms": 1.01 ** (step + 1), "count": 2} for step in range(400)]
    page = image(plots.latency({**measured, "histogram": fine}, 80.0, "wine-test"))
    assert len(bars_of(page)) == 40
    assert "bound on p95, 80 ms" in texts(page, "tick")
    assert page.all("figcaption")[0].text.startswith("800 requests, each with up to 512 rows, to wine-test. p50 ")
    assert plots.latency({"histogram": []}, 80.0, "wine-test") is None


def test_learning_curves_are_one_plot_for_each_metric() -> None:
    rounds = [float(one) for one in range(1000)]
    found = plots.learning_curves(
        {
            "curves": {
                "validation:auc": [None, 0.5, 0.7],
                "train:rmse": rounds,
                "validation:rmse": rounds,
                "train:x": [None],
            }
        }
    )
    assert [figure.title for figure in found] == ["Learning curve, auc", "Learning curve, rmse"]
    page = image(found[1])
    assert [one for one in texts(page, "tick") if one.isalpha()] == ["train", "validation"]
    line = next(one for one in page.classed("line") if one.attributes["d"].count("L") > 10)
    assert line.attributes["d"].count("L") == 200
    assert page.all("figcaption")[0].text.startswith("1,000 rounds of the training job. Each 5th is drawn.")
    assert "validation 0.7000 (0.5000 to 0.7000)" in found[0].caption


def test_a_matrix_tells_counts_and_shares() -> None:
    page = image(class_plots.confusion({"confusion": [[90, 10], [1, 3]], "threshold": 0.5}, OF))
    assert texts(page, "cell-text") == ["90", "10", "1", "3"]
    assert [one.replace("\N{NO-BREAK SPACE}", " ") for one in texts(page, "cell-share")] == [
        "90 %",
        "10 %",
        "25 %",
        "75 %",
    ]
    shades = [one.attributes["class"].split()[1] for one in page.classed("cell")]
    assert shades == ["shade-8", "shade-1", "shade-2", "shade-6"]
    assert "1 predicted as 0 in 1 row." in page.all("desc")[0].text


def test_a_matrix_of_named_classes_names_them() -> None:
    drawn = {"confusion": [[90, 10], [1, 3]], "threshold": 0.5}
    page = image(class_plots.confusion(drawn, OF, ["stays", "leaves for another company"]))
    assert texts(page, "tick") == [
        "stays",
        "stays",
        "leaves for\N{HORIZONTAL ELLIPSIS}",
        "leaves for\N{HORIZONTAL ELLIPSIS}",
    ]
    assert page.all("figcaption")[0].text.endswith("Class leaves for\N{HORIZONTAL ELLIPSIS} is a score above 0.5.")


def test_named_classes_are_named_everywhere() -> None:
    rows = [{"row": 1, "label": 1.0, "prediction": 0.25, "error": 0.75, "values": ["x", "", "1.5", "so" * 17]}]
    judged = evaluation(
        problem="binary",
        classes=["stays", "leaves"],
        plots={"confusion": [[9, 1], [1, 3]], "threshold": 0.5},
        worst={"columns": ["contract", "gap", "tenure", "notes"], "rows": rows},
        drift={
            "reference": "train",
            "reference_rows": 9,
            "rows": 9,
            "sampled": False,
            "left_out": ["notes"],
            "columns": [
                {
                    "column": "contract",
                    "psi": 0.5,
                    "bins": [
                        {"label": "monthly", "low": None, "high": None, "reference_share": 0.5, "share": 0.75},
                        {"label": "other", "low": None, "high": None, "reference_share": 0.5, "share": 0.25},
                    ],
                }
            ],
        },
    )
    text = render(record(), {"test": judged}, None)
    assert "The positive class is leaves: precision, recall and f1 are of it" in text
    assert "Not compared, as neither numbers nor categories: notes." in text
    table = Page(text).by_id("worst-rows-caption").parent
    assert table is not None
    assert [cell.text for cell in table.all("tr")[1].children] == [
        "1",
        "leaves",
        "0.2500",
        "0.7500",
        "x",
        "1.5",
        "so" * 17,
    ]
    styles = [cell.attributes.get("class") for cell in table.all("tr")[1].children]
    assert styles == ["n", "k", "n", "n", "k", "n", "w"]
    assert "monthly 50" in text


@pytest.mark.parametrize("counts", [None, [], [[1, 2]], [[0, 0], [0, 0]], [[1] * 31] * 31])
def test_a_matrix_that_cannot_be_read_is_not_drawn(counts: Any) -> None:
    assert class_plots.confusion({"confusion": counts}, OF) is None


def test_many_classes_are_told_by_their_most_frequent_mistakes() -> None:
    counts = [[10 if actual == predicted else 0 for predicted in range(40)] for actual in range(40)]
    counts[7][3] = 5
    judged = evaluation(problem="multiclass", plots={"confusion": counts})
    page = Page(render(record(), {"test": judged}, None))
    table = page.by_id("mistakes-caption").parent
    assert table is not None
    assert [[cell.text for cell in row.children] for row in table.all("tr")[1:]] == [["7", "3", "5"]]
    assert "Confusion matrix" not in [heading.text for heading in page.all("h3")]


def test_chance_is_drawn_at_the_share_of_positives() -> None:
    drawn = {"precision_recall": [[0, 1], [1, 0.25]], "confusion": [[60, 15], [5, 20]]}
    page = image(class_plots.precision_recall(drawn, "100 rows"))
    (chance,) = [one for one in page.classed("line") if "ideal" in one.attributes["class"]]
    (curve,) = [one for one in page.classed("line") if "data-1" in one.attributes["class"]]
    ends = [float(one.attributes["d"].split(" ")[-1]) for one in (chance, curve)]
    assert ends[0] == pytest.approx(ends[1], abs=0.1)


def test_bars_are_as_long_as_their_values_and_the_greatest_comes_first() -> None:
    columns = [{"column": f"c{place}", "increase": float(place)} for place in range(30)]
    columns.append({"column": "lost", "increase": None})
    page = image(bars.importance({"metric": "rmse", "rows": 50, "columns": columns, "note": ""}))
    assert texts(page, "label") == [f"c{place}" for place in range(29, 9, -1)]
    widths = [float(one.attributes["width"]) for one in bars_of(page)]
    assert widths[0] / widths[-1] == pytest.approx(29 / 10, rel=0.01)
    assert "The first 20 of 30 columns are drawn." in page.all("figcaption")[0].text


def test_drift_shows_the_bound_and_what_could_not_be_compared() -> None:
    columns = [{"column": "a", "psi": 0.1}, {"column": "b", "psi": 0.2}, {"column": "c", "psi": None}]
    page = image(bars.drift({"columns": columns}, [0.25], "10 rows against 90"))
    assert texts(page, "label") == ["b", "a"]
    assert "bound 0.25" in texts(page, "tick")
    assert page.all("figcaption")[0].text == "10 rows against 90. 1 column could not be compared."


def test_open_bins_have_names() -> None:
    bins = [(None, 1.5), (1.5, 2.0), (2.0, 2.0), (2.0, None), (None, None)]
    column = {
        "column": "ph",
        "psi": 0.3,
        "bins": [{"low": low, "high": high, "reference_share": 0.2, "share": 0.2} for low, high in bins],
    }
    (figure,) = bars.drift_shares({"columns": [column]})
    assert texts(image(figure), "label") == ["below 1.5", "1.5 to 2", "2", "from 2", "no number"]


def test_long_names_are_cut_and_told_in_full() -> None:
    name = "support_calls_within_the_last_ninety_days"
    page = image(bars.importance({"metric": "rmse", "rows": 5, "columns": [{"column": name, "increase": 1.0}]}))
    assert texts(page, "label")[0].endswith("\N{HORIZONTAL ELLIPSIS}")
    assert name in [title.text for title in page.all("title")]


def test_slices_stand_beside_all_rows_and_the_bound() -> None:
    page = image(bars.slices(0, evaluation(), "rmse", [0.9]))
    assert texts(page, "label")[:2] == ["all rows", "alcohol < 10"]
    assert len(page.all("circle")) == 4
    assert len([one for one in page.classed("data-1") if one.tag == "path"]) == 4
    assert bars.slices(0, evaluation(slices=[]), "rmse", []) is None
    assert bars.slices(0, evaluation(), "auc", []) is None


def cells(table: Element) -> list[list[str]]:
    return [[cell.text.replace("\N{NO-BREAK SPACE}", " ") for cell in row.children] for row in table.all("tr")]


def test_gates_are_told_in_words() -> None:
    reason = "ph has no value in the training rows"
    judged = evaluation(
        gates=[
            gate("bound", "rmse", 0.638124, max=0.75),
            gate("bound", "latency_p95_ms", 37.67, max=500),
            gate("champion", "rmse", -3.214, max=2, low=-7.91, high=1.402),
            gate("champion", "r2", 1.2, max=2, low=0.3, high=1.9),
            gate("drift", "psi", None, "failed", subject="ph", max=0.25, reason=reason),
        ]
    )
    gates = Page(render(record(), {"test": judged}, None)).by_id("gates").parent
    assert gates is not None
    assert [cells(table) for table in gates.all("table")] == [
        [["Gate", "Value", "Allowed"], [f"psidrift of ph{reason}", "no value", "at most 0.25"]],
        [
            ["Gate", "Value", "Allowed"],
            ["r2against the champion", "1.2 % worse0.3 to 1.9 % worse", "not clearly over 2 % worse"],
        ],
        [
            ["Gate", "Value", "Allowed"],
            ["rmse", "0.63810.5871 to 0.6904", "at most 0.75"],
            ["latency_p95_ms", "37.67 ms", "at most 500 ms"],
        ],
        [
            ["Gate", "Value", "Allowed"],
            ["rmseagainst the champion", "3.21 % better7.91 % better to 1.4 % worse", "not clearly over 2 % worse"],
        ],
    ]
    # What decides stands open; what passed is folded, and its summary says it in short.
    folded = [fold.all("table") for fold in gates.all("details")]
    assert [len(tables) for tables in folded] == [1, 1]
    assert [one.text.replace("\N{NO-BREAK SPACE}", " ") for one in gates.all("summary")] == [
        "\N{CHECK MARK} passed Bounds of metrics: rmse 0.6381 (at most 0.75); latency_p95_ms 37.67 ms (at most 500 ms)",
        "\N{CHECK MARK} passed Against the champion: rmse 3.21 % better (not clearly over 2 % worse)",
    ]


def test_of_many_gates_the_one_closest_to_its_bound_is_told() -> None:
    gates = [gate("drift", "psi", value, subject=f"c{value}", max=0.25) for value in (0.01, 0.2, 0.1, 0.02)]
    (summary,) = Page(render(record(), {"test": evaluation(gates=gates)}, None)).all("summary")
    assert summary.text.endswith(
        "Drift of columns: all 4, the closest to its bound is psi of c0.2: 0.2000 (at most 0.25)"
    )


def test_columns_in_which_nothing_is_said_are_left_out() -> None:
    rows: list[list[str | None]] = [["a", "", None, "1"], ["b", "", text.NONE, "2"]]
    page = Page(table("x", "Told", ("Name", "Empty", "Unknown", "Value"), rows))
    assert cells(page.all("table")[0]) == [["Name", "Value"], ["a", "1"], ["b", "2"]]


def test_the_difference_to_the_champion_shows_both_sides_of_zero() -> None:
    figure = bars.differences([bars.Row("rmse", 2.5, 0.4, 4.7), bars.Row("mae", 3.7, 1.1, 6.2)])
    ticks = texts(image(figure), "tick")
    assert any(tick.startswith("\N{MINUS SIGN}") for tick in ticks), ticks


def test_the_error_of_a_binned_auc_is_a_note_and_no_metric() -> None:
    case = binary()
    case.evaluations["test"]["metrics"]["auc_error_max"] = 0.00012
    page = Page(render(case.record, case.evaluations, None))
    assert "auc_error_max" not in page.root.text
    assert "The auc is at most 0.00012 off" in page.root.text
    case = binary()
    assert "The auc is at most" not in render(case.record, case.evaluations, None)


@pytest.mark.parametrize(
    ("champion", "words"),
    [
        (None, "The config asks for no comparison with the champion."),
        (
            {"status": "none", "reason": "Prod serves no model yet"},
            "No champion yet: there is no model to compare with.",
        ),
        ({"status": "failed", "reason": "other columns"}, "The comparison could not be made: other columns"),
    ],
)
def test_a_comparison_that_was_not_made_is_said(champion: Any, words: str) -> None:
    page = Page(render(record(), {"test": evaluation(champion=champion)}, None))
    section = page.by_id("champion").parent
    assert section is not None
    assert words in section.text


def test_the_first_release_has_nothing_to_differ_from() -> None:
    case = first_release()
    section = Page(render(case.record, case.evaluations, None)).by_id("changes").parent
    assert section is not None
    assert "There is no champion yet" in section.text


def test_what_changed_is_told_before_and_after() -> None:
    case = waiting()
    page = Page(render(case.record, case.evaluations, case.champion))
    section = page.by_id("changes").parent
    assert section is not None
    rows = [[cell.text for cell in row.children] for row in section.all("tr")]
    assert ["hyperparameters.max_depth", "4", "6", "changed"] in rows
    assert ["train/part-0.csv", "changed", "51.0 kB", "63.1 kB"] in rows
    assert ["train/part-1.csv", "removed", "4.41 kB", "\N{EN DASH}"] in rows
    assert [line.text for line in section.all("li")] == ["Column alcohol is new.", "Column colour is gone."]
