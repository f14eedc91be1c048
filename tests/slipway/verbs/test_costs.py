"""The verb `costs`, its sums and its table of prices."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from slipway.cli import run
from slipway.project import Project
from slipway.stacks.estimate import Assumptions, Line, idle_lines, release_lines, unknown
from slipway.stacks.workflow_estimate import (
    TRAINING_INSTANCE_OF_IMAGES,
    WorkflowAssumptions,
    sample_lines,
    workflow_idle_lines,
)
from slipway.verbs.costs import assumptions, workflow_assumptions

from pipeline_lambdas.config.parsing import parse_config
from pipeline_lambdas.evidence.prices import PRICES, load_prices
from tests.local_server import ROOT
from tests.releases.house import patched
from workflows.images.request import ImagesInput

CONFIG = (ROOT / "training_config" / "wine-quality.yml").read_text(encoding="utf-8")
TABLE = load_prices()
ASSUMED = Assumptions(
    releases=20,
    training_minutes=4.5,
    endpoint_minutes=6,
    evaluation_minutes=1,
    build_minutes=0.5,
    check_minutes=2.5,
    storage_gb=10,
    alarms=3,
    dashboards=1,
    keys=1,
    tested_gb=0.5,
)
WORKFLOWS = WorkflowAssumptions("ml.c5.large", alarms=4, tables=1, logs_gb=2, table_gb=0.5)


def lines(function: Callable[..., list[Line]], **patch: Any) -> dict[str, Line]:
    dotted = {name.replace("__", "."): value for name, value in patch.items()}
    text = patched(CONFIG, {"environments": TWO, **dotted})
    return {line.item: line for line in function(parse_config(text, "config.yml"), ASSUMED, TABLE)}


TWO = {
    "dev": {"instance_type": "ml.t2.medium", "instance_count": 1},
    "test": {"instance_type": "ml.m5.large", "instance_count": 2},
}


def test_a_release_is_charged_for_what_waits_and_for_what_runs_twice() -> None:
    found = lines(release_lines, training__instance_count=2)
    # Source 4, Build 1 + 3 and publishing 2, Train 1 + 5, Dev 2 + 6, Test 3 + 6 + 1: each is rounded up.
    assert found["pipeline"].quantity == 34
    assert found["pipeline"].usd == pytest.approx(34 * 0.002)
    assert found["build"].usd == pytest.approx(1 * 0.005)
    assert found["checks"].usd == pytest.approx(3 * 0.005)
    assert found["training, 2 x ml.m5.large"].usd == pytest.approx(2 * 4.5 / 60 * 0.115)
    assert found["training volume"].usd == pytest.approx(10 * 2 * 4.5 / 60 / 730 * 0.14)
    assert found["data through endpoints"].usd == pytest.approx(0.008)
    assert found["endpoint test, old and new at once, 2 x ml.m5.large"].usd == pytest.approx(0.1 * 2 * 0.115)


def test_spot_counts_fewer_hours_and_kept_instances_are_paid() -> None:
    found = lines(release_lines, training__max_runtime_s=600, training__spot={"max_wait_s": 3600})
    assert found["training, 1 x ml.m5.large, spot"].quantity == pytest.approx(4.5 / 60), "nothing is promised"
    config = parse_config(patched(CONFIG, {"training.max_runtime_s": 600, "training.spot": {"max_wait_s": 3600}}), "c")
    saving = {one.item: one for one in release_lines(config, replace(ASSUMED, spot_saving_percent=70), TABLE)}
    assert saving["training, 1 x ml.m5.large, spot"].quantity == pytest.approx(4.5 / 60 * 0.3)
    kept = lines(release_lines, training__keep_alive_s=1800, training__instance_count=2)
    assert kept["kept after training, 2 x ml.m5.large"].usd == pytest.approx(2 * 0.5 * 0.115)
    assert not any("spot" in item or "kept" in item for item in lines(release_lines))


def test_a_production_environment_costs_its_actions_too() -> None:
    prod = {"instance_type": "ml.m5.large", "instance_count": 1}
    with_prod = lines(release_lines, environments={**TWO, "prod": prod})
    # Deploying the champion, waiting for it and removing it belong to Test.
    assert with_prod["pipeline"].quantity == 34 + 4 + 16 + 2 + 6
    champion = with_prod["endpoint champion, 2 x ml.m5.large"]
    assert champion.usd == pytest.approx(2 * 7 / 60 * 0.115)
    alone = lines(release_lines, environments={**TWO, "prod": prod}, tests__full__champion=None)
    assert alone["pipeline"].quantity == 34 + 4 + 16 + 2 + 1
    baked = with_prod["endpoint prod, old and new at once, 1 x ml.m5.large"]
    assert baked.usd == pytest.approx((6 + 10) / 60 * 0.115), "the old instances stay ten minutes for the alarms"
    assert "endpoint champion, 2 x ml.m5.large" not in alone


def test_a_sample_costs_its_jobs_transitions_and_functions() -> None:
    found = {line.item: line for line in sample_lines("lifecycle", WORKFLOWS, TABLE)}
    assert found["training, 2 x ml.c5.large"].usd == pytest.approx(2 * 3 / 60 * 0.102)
    assert found["transform, 4 x ml.c5.large"].usd == pytest.approx(4 * 4 / 60 * 0.102)
    assert found["state transitions"].usd == pytest.approx(38 / 1000 * 0.025)
    assert found["functions, 9 calls"].usd == pytest.approx(9 * 18 * 0.0000133334)
    images = {line.item: line for line in sample_lines("images", WORKFLOWS, TABLE)}
    assert images["training, 1 x ml.g4dn.xlarge"].usd == pytest.approx(5 / 60 * 0.7364), "it needs a GPU"
    assert images["transform, 1 x ml.c5.large"].usd == pytest.approx(4 / 60 * 0.102)
    assert ImagesInput(prefix="workflows/images/a").instance_type == TRAINING_INSTANCE_OF_IMAGES


def test_the_workflows_cost_their_alarms_while_none_runs() -> None:
    found = {line.item: line.usd for line in workflow_idle_lines(WORKFLOWS, TABLE)}
    assert found == {
        "alarms of the workflows": pytest.approx(0.4),
        "logs of the workflows": pytest.approx(0.06),
        "register of models": pytest.approx(0.125),
        "backup of the register": pytest.approx(0.1),
    }


def test_alarms_of_the_workflows_are_counted_apart() -> None:
    project = Project(ROOT)
    of_workflows = workflow_assumptions(project)
    assert (of_workflows.instance_type, of_workflows.tables) == ("ml.m5.large", 1)
    texts = {name: (ROOT / "cloudformation" / name).read_text() for name in ("pipeline.yml", "workflows.yml")}
    counts = {name: text.count("Type: AWS::CloudWatch::Alarm\n") for name, text in texts.items()}
    assert (assumptions(project, "wine-quality").alarms, of_workflows.alarms) == tuple(counts.values())


def test_an_idle_month_is_the_instances_the_key_and_what_watches() -> None:
    found = lines(idle_lines)
    assert found["endpoint dev, 1 x ml.t2.medium"].usd == pytest.approx(730 * 0.065)
    assert found["endpoint test, 2 x ml.m5.large"].usd == pytest.approx(2 * 730 * 0.115)
    assert [found[name].usd for name in ("key", "alarms", "dashboards")] == [1.0, pytest.approx(0.3), 3.0]
    assert found["data, models, reports"].usd == pytest.approx(0.23)


def test_serverless_environments_cost_nothing_when_idle() -> None:
    serverless = {"serverless": {"memory_mib": 2048, "max_concurrency": 5}}
    environments = {"dev": serverless, "test": serverless}
    idle = lines(idle_lines, environments=environments)
    assert [line.usd for item, line in idle.items() if item.startswith("endpoint")] == [0, 0]
    used = lines(release_lines, environments=environments)["endpoint dev, its test, serverless 2,048 MiB"]
    assert used.usd == pytest.approx(60 * 2 * 0.00002)


def test_a_serverless_test_compares_with_a_champion_on_one_instance_of_prod() -> None:
    serverless = {"serverless": {"memory_mib": 2048, "max_concurrency": 5}}
    prod = {"instance_type": "ml.m5.large", "instance_count": 2}
    found = lines(release_lines, environments={"dev": serverless, "test": serverless, "prod": prod})
    assert found["endpoint champion, 1 x ml.m5.large"].usd == pytest.approx(7 / 60 * 0.115)


def test_an_instance_without_a_known_price_is_named_and_counts_nothing() -> None:
    found = lines(release_lines, training__instance_type="ml.m7i.large")
    assert list(unknown(list(found.values()))) == ["training, 1 x ml.m7i.large"]
    assert found["training, 1 x ml.m7i.large"].usd == 0


def test_every_figure_has_a_source_a_date_and_a_known_certainty() -> None:
    for name, price in {**TABLE.prices, **TABLE.instance_hours}.items():
        assert price.usd > 0, name
        assert price.source, name
        assert price.dated, name
        assert price.certainty in TABLE.certainty, name


def test_a_table_of_another_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({**json.loads(PRICES.read_text()), "schema": "other/2"}))
    with pytest.raises(ValueError, match="found schema other/2"):
        load_prices(path)


def test_the_verb_tells_the_assumptions_the_date_and_where_to_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["costs", "--local", "--releases", "3"]) == 0
    said = capsys.readouterr().out
    assert f"compiled {TABLE.compiled} and not read from AWS" in said
    assert "https://aws.amazon.com/sagemaker/ai/pricing/" in said
    assert "training 5 min" in said
    assert "a month with 3 releases" in said

    assert run(["costs", "--local", "--json", "--releases", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["release"]["usd"] == pytest.approx(sum(line["usd"] for line in found["release"]["lines"]))
    assert found["month_usd"] == pytest.approx(found["idle_month"]["usd"] + 3 * found["release"]["usd"])
    assert found["assumptions"]["keys"] == 1


def test_a_model_without_a_config_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["costs", "--local", "--model", "no-such"]) == 1
    assert "no-such.yml: found no such training config" in capsys.readouterr().err


def test_longer_training_costs_more() -> None:
    config = parse_config(CONFIG, "config.yml")
    longer = replace(ASSUMED, training_minutes=60)
    assert sum(line.usd for line in release_lines(config, longer, TABLE)) > sum(
        line.usd for line in release_lines(config, ASSUMED, TABLE)
    )
