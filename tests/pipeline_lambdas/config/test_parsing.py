from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline_lambdas.config import yaml_text as config_yaml
from pipeline_lambdas.config.environments import short_waits
from pipeline_lambdas.config.model import Gate, InstanceVariant, Keep, Rollout, ServerlessVariant
from pipeline_lambdas.config.parsing import ConfigError, canonical, config_sha256, parse_config
from tests.pipeline_lambdas.aws_doubles import plain_document, sample_config, sample_text

MODEL_NAMES = (
    "1-20 lower-case letters, digits and inner hyphens, but none of images, lifecycle, tabular, text, workflow, "
    "workflows"
)
FILE = "wine-quality.yml"


CANARY = {"type": "canary", "canary_percent": 50, "wait_s": 300, "termination_wait_s": 60}
_DEPLOYMENT = "environments.prod.deployment"
DEPLOYMENT_PROBLEMS = [
    (".type", "blue", f"{_DEPLOYMENT}.type: found 'blue'; expected all-at-once, canary, linear"),
    (".wait_s", 3601, f"{_DEPLOYMENT}.wait_s: found 3601; expected an integer from 0 to 3600"),
    (".wait_s", 1, f"{_DEPLOYMENT}.wait_s: found with type all-at-once; allowed with canary, linear"),
    (".canary_percent", 10, f"{_DEPLOYMENT}.canary_percent: found with type all-at-once; allowed with type canary"),
    (
        "",
        CANARY,
        f"{_DEPLOYMENT}.type: found canary with 1 instance; allowed from 2 on, as traffic moves by whole instances",
    ),
    (
        "",
        1,
        f"{_DEPLOYMENT}: found 1; expected a mapping with type, canary_percent, linear_percent, wait_s, "
        "termination_wait_s",
    ),
]


def problems_of(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, FILE)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@cache
def _sample() -> Any:
    return yaml.safe_load(sample_text())


def changed(path: str, value: Any) -> str:
    """Return the sample with one value set, or with the key removed for Ellipsis."""
    document = deepcopy(_sample())
    *parents, last = path.split(".")
    node = document
    for key in parents:
        node = node.setdefault(key, {})
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return yaml.safe_dump(document)


def test_the_sample() -> None:
    config = sample_config()
    assert config.model == "wine-quality"
    assert config.hyperparameters["eta"] == "0.1"
    assert config.hyperparameters["num_round"] == "100"
    assert config.environments["dev"] == InstanceVariant("ml.t2.medium", 1)
    assert config.tests["smoke"].max_rows == 100
    assert Gate("r2", min=0.3) in config.tests["full"].gates
    assert config.built_in.image_uri("registry", config.algorithm.version) == "registry/sagemaker-xgboost:3.2-0"
    assert config.content_type("test") == "text/csv"


def test_a_serverless_environment() -> None:
    config = parse_config(
        changed("environments.test", {"serverless": {"memory_mib": 2048, "max_concurrency": 5}}), FILE
    )
    assert config.environments["test"] == ServerlessVariant(2048, 5)


def prod_with(**deployment: Any) -> str:
    prod = {"instance_type": "ml.m5.large", "instance_count": 2, "deployment": deployment}
    return changed("environments.prod", prod)


def test_a_canary() -> None:
    prod = parse_config(prod_with(**CANARY), FILE).environments["prod"]
    assert prod == InstanceVariant("ml.m5.large", 2, Rollout("canary", 50, None, 300, 60))


def test_prod_its_deployment_and_keep_are_optional() -> None:
    config = parse_config(changed("environments.prod", ...), FILE)
    assert "prod" not in config.environments
    assert parse_config(changed("keep", ...), FILE).keep == Keep(3)
    plain = parse_config(changed("environments.prod.deployment", ...), FILE).environments["prod"]
    assert isinstance(plain, InstanceVariant)
    assert plain.rollout == Rollout("all-at-once")


@pytest.mark.parametrize(
    ("deployment", "problem"),
    [
        ({"type": "canary"}, "deployment.canary_percent: missing; expected an integer from 1 to 50"),
        ({"type": "linear"}, "deployment.linear_percent: missing; expected an integer from 10 to 50"),
        (
            {**CANARY, "type": "linear", "linear_percent": 20},
            "deployment.canary_percent: found with type linear; allowed with type canary",
        ),
        (
            {"type": "linear", "linear_percent": 10, "wait_s": 3600},
            "deployment: found waits of 33000 s together; expected at most 25200 s",
        ),
    ],
)
def test_one_problem_of_a_deployment(deployment: dict[str, Any], problem: str) -> None:
    assert problems_of(prod_with(**deployment)) == (f"{FILE}: environments.prod.{problem}",)


@given(
    kind=st.sampled_from(["canary", "linear"]),
    percent=st.integers(10, 50),
    wait_s=st.integers(0, 3600),
    last_s=st.integers(0, 3600),
)
def test_the_waits_of_a_rollout_add_up(
    kind: Literal["canary", "linear"], percent: int, wait_s: int, last_s: int
) -> None:
    rollout = Rollout(kind, percent, percent, wait_s, last_s)
    moved, waited_s = 0, last_s
    while moved + percent < 100:
        moved = moved + percent if kind == "linear" else 100
        waited_s += wait_s
    assert rollout.longest_s == waited_s


def test_the_hash_is_of_the_meaning_not_of_the_form() -> None:
    plain = yaml.safe_dump(yaml.safe_load(sample_text()))
    assert config_sha256(parse_config(plain, FILE)) == config_sha256(sample_config())
    assert config_sha256(parse_config(changed("hyperparameters.eta", 0.2), FILE)) != config_sha256(sample_config())
    assert canonical(sample_config()).startswith('{"algorithm":{"name":"xgboost"')


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("model", "Wine", f"model: found 'Wine'; expected {MODEL_NAMES}"),
        ("model", "workflows", f"model: found 'workflows'; expected {MODEL_NAMES}"),
        ("model", "text", f"model: found 'text'; expected {MODEL_NAMES}"),
        ("model", ..., f"model: missing; expected {MODEL_NAMES}"),
        ("problem", "ranking", "problem: found 'ranking'; expected regression, binary, multiclass"),
        (
            "algorithm.version",
            "3.2-1",
            "algorithm.version: found '3.2-1'; expected 1.2-1, 1.2-2, 1.3-1, 1.5-1, 1.7-1, 3.0-5, 3.2-0; "
            "did you mean 3.2-0?",
        ),
        (
            "algorithm.version",
            3.2,
            "algorithm.version: found 3.2; expected for xgboost: 1.2-1, 1.2-2, 1.3-1, 1.5-1, 1.7-1, 3.0-5, 3.2-0; "
            "for scikit-learn: 1.2-1, 1.4-2; for linear-learner: 1",
        ),
        (
            "algorithm.name",
            "xgbost",
            "algorithm.name: found 'xgbost'; expected xgboost, scikit-learn, container, linear-learner",
        ),
        (
            "hyperparameters.max_dept",
            6,
            "hyperparameters.max_dept: found a hyperparameter that xgboost lacks; expected those of its "
            "reference; did you mean max_depth?",
        ),
        ("hyperparameters.num_round", ..., "hyperparameters.num_round: missing; expected an integer from 1"),
        ("hyperparameters.num_round", True, "hyperparameters.num_round: found true; expected an integer from 1"),
        ("hyperparameters.num_round", 1.5, "hyperparameters.num_round: found 1.5; expected an integer from 1"),
        ("hyperparameters.subsample", 0, "hyperparameters.subsample: found 0; expected a number in (0, 1]"),
        ("hyperparameters.eta", "fast", "hyperparameters.eta: found 'fast'; expected a number in [0, 1]"),
        (
            "hyperparameters.objective",
            "binary:logistic",
            "hyperparameters.objective: found binary:logistic; allowed for problem regression: reg:squarederror, "
            "reg:linear, reg:logistic, reg:squaredlogerror, reg:pseudohubererror, reg:absoluteerror, reg:gamma, "
            "reg:tweedie, count:poisson",
        ),
        ("hyperparameters", ..., "hyperparameters: missing; expected a mapping with at least num_round"),
        ("training.instance_count", True, "training.instance_count: found true; expected an integer from 1 to 100"),
        ("training.volume_gib", 16385, "training.volume_gib: found 16385; expected an integer from 1 to 16384"),
        (
            "training.max_runtime_s",
            2419201,
            "training.max_runtime_s: found 2419201; expected an integer from 1 to 2419200",
        ),
        (
            "training.max_runtime_s",
            "an hour",
            "training.max_runtime_s: found 'an hour'; expected an integer from 1 to 2419200",
        ),
        (
            "training.instance_type",
            "m5.large",
            "training.instance_type: found 'm5.large'; expected ml.<family>.<size>, such as ml.m5.large",
        ),
        (
            "training.instance_typ",
            "x",
            "training.instance_typ: found an unknown key; expected instance_type, instance_count, volume_gib, "
            "max_runtime_s, input_mode, distribution, keep_alive_s, spot; did you mean instance_type?",
        ),
        ("channels.train", ..., "channels.train: missing; expected a mapping"),
        (
            "channels.test",
            {"content_type": "text/csv"},
            "channels.test: found an unknown key; expected train, validation",
        ),
        (
            "channels.train.content_type",
            "csv",
            "channels.train.content_type: found 'csv'; expected text/csv, text/libsvm",
        ),
        ("environments.dev", ..., "environments.dev: missing; expected a mapping"),
        ("environments.stage", {}, "environments.stage: found an unknown key; expected dev, test, prod"),
        (
            "environments.dev.serverless",
            {"memory_mib": 1024, "max_concurrency": 1},
            "environments.dev: found serverless together with instances; expected one of them",
        ),
        (
            "environments.prod",
            {"serverless": {"memory_mib": 1500, "max_concurrency": 1}},
            "environments.prod.serverless.memory_mib: found 1500; expected an integer from 1024 to 6144 in steps of "
            "1024",
        ),
        (
            "environments.prod",
            {"serverless": {"memory_mib": 1024, "max_concurrency": 201}},
            "environments.prod.serverless.max_concurrency: found 201; expected an integer from 1 to 200",
        ),
        (
            "environments.prod",
            {"serverless": None},
            "environments.prod.serverless: missing; expected a mapping with memory_mib, max_concurrency",
        ),
        *((f"environments.prod.deployment{path}", value, problem) for path, value, problem in DEPLOYMENT_PROBLEMS),
        (
            "environments.dev.deployment",
            {},
            "environments.dev.deployment: found an unknown key; expected instance_type, instance_count, serverless",
        ),
        (
            "environments.prod",
            {"serverless": {"memory_mib": 1024, "max_concurrency": 1}, "deployment": {}},
            "environments.prod.deployment: found together with serverless; allowed with instances",
        ),
        ("keep.models", 0, "keep.models: found 0; expected an integer from 1 to 50"),
        ("keep", 3, "keep: found 3; expected a mapping with models"),
        ("tests.smoke", ..., "tests.smoke: missing; expected a mapping"),
        ("tests.smoke.channel", "train", "tests.smoke.channel: found 'train'; expected validation, test"),
        ("tests.smoke.max_rows", 0, "tests.smoke.max_rows: found 0; expected an integer from 1"),
        (
            "tests.full.gates.auc",
            {"min": 1},
            "tests.full.gates.auc: found an unknown key; expected rmse, mae, r2, latency_p50_ms, latency_p95_ms, "
            "latency_p99_ms, failed_share",
        ),
        ("tests.full.gates.mae", {}, "tests.full.gates.mae: found no bound; expected min, max or both"),
        ("tests.full.gates.mae", 0.5, "tests.full.gates.mae: found 0.5; expected a mapping with min, max"),
        ("tests.full.gates.mae", {"max": "low"}, "tests.full.gates.mae.max: found 'low'; expected a number"),
        ("tests.full.gates.mae", {"max": float("nan")}, "tests.full.gates.mae.max: found nan; expected a number"),
        (
            "tests.full.gates.mae",
            {"min": 2, "max": 1},
            "tests.full.gates.mae: found min 2 above max 1; expected min up to max",
        ),
        (
            "tests.full.gates",
            ...,
            "tests.full.gates: found none; expected at least one of rmse, mae, r2, latency_p50_ms, latency_p95_ms, "
            "latency_p99_ms, failed_share",
        ),
    ],
)
def test_one_problem(path: str, value: Any, problem: str) -> None:
    assert problems_of(changed(path, value)) == (f"{FILE}: {problem}",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("model: a\nmodel: b\n", "line 2, column 1: the key model is given twice"),
        (
            "model: wine-quality\nproblem: regression\nalgorithm: {name: xgboost\n",
            "line 4, column 1: expected ',' or '}', but got '<stream end>' (while parsing a flow mapping from line 3, "
            "column 12)",
        ),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, column 4: found the tag !!python/object/apply:os.system;"),
        ("!!int ''", "line 1, column 1: found the tag !!int; expected values without one"),
        ("a:\n  b: !!float ''", "line 2, column 6: found the tag !!float;"),
        ("a: !!bool x", "line 1, column 4: found the tag !!bool;"),
        ("a: !!timestamp x", "line 1, column 4: found the tag !!timestamp;"),
        ("a: ! x", "line 1, column 4: found the tag !;"),
        ("a: 1\nb: \x07", "line 2: found the character U+0007; expected text"),
        ("a: 1\nb: \0", "line 2: found the character U+0000; expected text"),
        ('a: "\\uD800"', "line 1, column 4: found the escape of half a character"),
        ('a: "\\UFFFFFFFF"', "line 1, column 7: "),
        (f"%YAML {'9' * 5000}.1\n---\na: 1", "line 1, column 7: Exceeds the limit"),
        ("[" * 600, "line 1, column 17: found values nested deeper than 16 levels"),
        ("#" * 300_000, "found 300000 characters; expected at most 65536"),
        ("a: 2024-13-45", "line 1, column 4: found 2024-13-45, which is no number and no date: month must be in 1..12"),
        ("a: 0x_", "line 1, column 4: found 0x_, which is no number and no date"),
        ("a: " + "9" * 5000, "line 1, column 4: found a number of 5000 characters; expected at most 64"),
        ("a: 0x" + "f" * 9000, "line 1, column 4: found a number of 9002 characters"),
        ("a: " + ":".join("1" * 9000), "line 1, column 4: found a number of 17999 characters"),
        ("1: a\n0x1: b", "line 2, column 1: the key 0x1 is given twice"),
        ("a: &x [*x]", "line 1, column 8: found *x within itself"),
        ("a: *x", "line 1, column 4: found undefined alias 'x'"),
        ("", "the file: missing; expected a mapping with model, problem"),
        ("- a", "the file: found a list; expected a mapping with model, problem"),
        ("text", "the file: found 'text'; expected a mapping"),
    ],
)
def test_text_that_is_no_config(text: str, problem: str) -> None:
    problems = problems_of(text)
    assert len(problems) == 1
    assert problems[0].startswith(f"{FILE}: {problem}")


def test_all_problems_are_reported_together() -> None:
    text = "model: Wine\nproblem: binary\nalgoritm: {}\ntraining: {volume_gib: 0}\ntests: 3\n"
    found = {problem.split(": ")[1] for problem in problems_of(text)}
    assert found == {
        "model",
        "algoritm",
        "algorithm",
        "channels",
        "environments",
        "tests",
        "training.instance_type",
        "training.instance_count",
        "training.volume_gib",
        "training.max_runtime_s",
    }


def test_a_merged_mapping_may_override() -> None:
    shared = "x: &base {instance_type: ml.m5.large, instance_count: 1}\n"
    text = sample_text(("dev: {instance_type: ml.t2.medium, instance_count: 1}", "dev: {<<: *base, instance_count: 2}"))
    assert problems_of(shared + text) == (
        f"{FILE}: x: found an unknown key; expected model, problem, label, features, script, container, metrics, "
        "algorithm, hyperparameters, training, tuning, channels, data, environments, tests, keep",
    )


@pytest.mark.parametrize(("objective", "metric"), [("multi:softmax", "logloss"), ("binary:hinge", "auc")])
def test_a_gate_that_can_never_be_evaluated_is_refused(objective: str, metric: str) -> None:
    document = plain_document()
    document["problem"] = "multiclass" if objective.startswith("multi") else "binary"
    document["hyperparameters"] |= {"objective": objective}
    if objective.startswith("multi"):
        document["hyperparameters"]["num_class"] = 3
    document["tests"]["smoke"]["gates"] = {"accuracy": {"min": 0.5}}
    document["tests"]["full"]["gates"] = {metric: {"max": 1}}
    assert problems_of(yaml.safe_dump(document)) == (
        f"{FILE}: tests.full.gates.{metric}: found a metric of probabilities; allowed with hyperparameters that "
        "predict them",
    )


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_SCALARS, inner, max_size=3), max_leaves=8
)
_PATHS = [
    "model",
    "problem",
    "algorithm",
    "algorithm.name",
    "hyperparameters",
    "hyperparameters.eta",
    "hyperparameters.eval_metric",
    "hyperparameters.monotone_constraints",
    "training",
    "channels",
    "channels.train",
    "environments.dev",
    "environments.test.serverless",
    "environments.prod.deployment",
    "environments.prod.deployment.wait_s",
    "keep",
    "tests",
    "tests.smoke",
    "tests.full.gates",
    "tests.full.gates.rmse",
    "tests.full.champion",
    "tests.full.slices",
    "tests.full.drift",
    "tests.full.drift.columns",
]


@pytest.mark.simulation
@given(path=st.sampled_from(_PATHS), value=_VALUES)
def test_any_value_gives_a_config_or_problems(path: str, value: Any) -> None:
    problems: tuple[str, ...] | None = None
    try:
        config = parse_config(changed(path, value), FILE)
    except ConfigError as error:
        problems = error.problems
    if problems is None:
        assert config_sha256(config)
    else:
        assert problems
        assert all(len(problem) < 1000 for problem in problems)


@given(st.text())
def test_any_text_gives_problems(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_config(text, FILE)


def bomb(levels: int, width: int, form: str) -> str:
    """Levels of mappings, each of which uses the one before `width` times."""
    lines = ["x0: &x0 {k: 1}"]
    for level in range(1, levels):
        uses = ", ".join([f"*x{level - 1}"] * width)
        lines.append(f"x{level}: &x{level} " + form.format(uses))
    return "\n".join(lines)


@pytest.mark.parametrize("form", ["[{}]", "{{<<: [{}]}}"])
def test_aliases_do_not_multiply_unseen(form: str) -> None:
    found = problems_of(bomb(9, 9, form))
    assert len(found) == 1
    assert "found more than 20000 values, with aliases written out" in found[0]
    deep = problems_of(bomb(200, 1, form))
    assert len(deep) == 1
    assert "found values nested deeper than 16 levels" in deep[0]


def test_a_mapping_that_was_merged_before_it_was_read_may_override() -> None:
    text = """
a: &a {instance_type: ml.m5.large, instance_count: 1}
p: {q: {r: &b {<<: *a, instance_count: 2}}}
z: {<<: *b, instance_count: 3}
"""
    loaded = config_yaml.load(text)
    assert isinstance(loaded, dict)
    assert loaded["z"] == {"instance_type": "ml.m5.large", "instance_count": 3}
    assert loaded["p"]["q"]["r"] == {"instance_type": "ml.m5.large", "instance_count": 2}


def test_thousands_of_unknown_keys_are_told_in_a_few_lines() -> None:
    found = problems_of("\n".join(f"k{number}: 1" for number in range(5000)))
    assert len(found) < 40
    assert f"{FILE}: the file: found 4980 more unknown keys" in found
    assert len("\n".join(problems_of('"' + "k" * 60_000 + '": 1'))) < 4000


@pytest.mark.parametrize("value", ["9" * 5000, "1" + "0" * 400, "-" + "9" * 400, "1e400", 10**60])
def test_a_hyperparameter_of_any_length_is_told_in_a_line(value: str | int) -> None:
    found = problems_of(changed("hyperparameters.eta", value))
    assert len(found) == 1
    assert found[0].startswith(f"{FILE}: hyperparameters.eta: found ")
    assert len(found[0]) < 200


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"model: a\nb: \xff", "line 2: found bytes at offset 12 that are not UTF-8"),
        ("model: a".encode("utf-16"), "line 1: found bytes at offset 0 that are not UTF-8"),
        (b"#" * 65_537, "found more than 65536 bytes; expected no more"),
    ],
)
def test_bytes_that_are_no_config(content: bytes, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(content, FILE)
    assert caught.value.problems == (f"{FILE}: {problem}",)


def test_a_byte_order_mark_is_not_part_of_a_config() -> None:
    assert parse_config(b"\xef\xbb\xbf" + sample_text().encode(), FILE) == sample_config()


@pytest.mark.parametrize(
    ("deployment", "short"),
    [
        ({}, []),
        ({"termination_wait_s": 300}, []),
        ({"termination_wait_s": 0}, [(f"{_DEPLOYMENT}.termination_wait_s", 0)]),
        (CANARY, [(f"{_DEPLOYMENT}.termination_wait_s", 60)]),
        ({"type": "linear", "linear_percent": 50, "wait_s": 299}, [(f"{_DEPLOYMENT}.wait_s", 299)]),
    ],
)
def test_waits_in_which_no_alarm_can_go_off_are_known(deployment: dict[str, Any], short: list[tuple[str, int]]) -> None:
    assert short_waits(parse_config(prod_with(**deployment), FILE)) == short


def test_an_endpoint_without_instances_has_no_wait_that_could_be_too_short() -> None:
    serverless = {"serverless": {"memory_mib": 1024, "max_concurrency": 1}}
    assert short_waits(parse_config(changed("environments.prod", serverless), FILE)) == []
