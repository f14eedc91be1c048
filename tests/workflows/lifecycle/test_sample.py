from __future__ import annotations

import json

from workflows.lifecycle.sample import DATES, ROWS, SAMPLE, objects
from workflows.samples import Place

PLACE = Place("x", "111122223333", "us-east-1", "data", "models", "packages", "fresh")


def test_the_data_is_the_same_each_time_small_and_in_its_place() -> None:
    made = dict(objects())
    assert made == dict(objects())
    assert sum(len(content) for content in made.values()) < 200_000
    assert all(key.startswith("workflows/lifecycle/churn/") for key in made)


def test_labels_come_first_and_hold_out_rows_have_theirs_apart() -> None:
    made = {key: content.decode().splitlines() for key, content in objects() if key.endswith(".csv")}
    for day in DATES:
        for part, count in ROWS.items():
            files = {key: rows for key, rows in made.items() if f"/{day}/{part}/" in key}
            assert sum(len(rows) for rows in files.values()) == count
            columns = {len(row.split(",")) for rows in files.values() for row in rows}
            assert columns == ({4} if part == "holdout" else {5})
            for key, rows in files.items():
                labels = made[key.replace("/holdout/", "/holdout-targets/")] if part == "holdout" else rows
                assert len(labels) == len(rows)
                assert {label.split(",")[0] for label in labels} == {"0", "1"}


def test_the_runs_name_machines_and_days() -> None:
    runs = [(run.machine, run.input(PLACE)["DataDate"], run.expects) for run in SAMPLE.runs]
    assert runs == [
        ("lifecycle-training", "2019-10-01", "SUCCEEDED"),
        ("lifecycle-inference", "2019-10-01", "SUCCEEDED"),
        ("lifecycle-inference", "2019-11-01", "SUCCEEDED"),
        ("lifecycle-inference", "2019-12-01", "SUCCEEDED"),
    ]
    assert json.dumps([run.input(PLACE) for run in SAMPLE.runs]).count("churn") == 4
