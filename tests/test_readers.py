"""The readers of files that others wrote: a value, or a problem that names file and line; never another error."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slipway.config_files import check_configs
from slipway.datasets import csv_rules
from slipway.datasets.columns import parse_columns, read_columns
from slipway.datasets.csv_rules import ANY_NUMBER, FileCheck, LabelRule, bounded_lines, check_csv
from slipway.datasets.data_files import check_lines
from slipway.datasets.prepare import Request, prepare
from slipway.errors import SlipwayError

from inference_lambdas.aws.s3 import Bucket
from inference_lambdas.predicting import progress, rows
from inference_lambdas.predicting.rows import Block, RowFormat, parse_block
from local_aws.sagemaker.containers.toolkit.exceptions import UserError
from local_aws.sagemaker.containers.xgboost import data
from pipeline_lambdas.algorithms.table import ALGORITHMS
from pipeline_lambdas.evidence.learning_curves import curves
from pipeline_lambdas.release.dataset import Dataset, parse_manifest
from pipeline_lambdas.runtime.boundary import read_parameters
from pipeline_lambdas.runtime.credentials import Credentials
from pipeline_lambdas.runtime.failures import ConfigurationError
from pipeline_lambdas.runtime.job import Job, parse_job

NESTED = b"[" * 100_000
_WORDS = [b"1", b"2.5", b"1:2", b"nan", b"inf", b"-", b"1e5", b"1_0", b"9" * 400, b"\xd9\xa1", b"0x1", b"e", b".", b"a"]
_MARKS = [
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\0",
    b'"',
    b":",
    b" ",
    b"\xff",
    b"\xef\xbb\xbf",
    b";",
    b"\t",
    b"\n\n",
    b"5,1,2\n",
]
_PIECES = st.sampled_from([*_WORDS, *_MARKS])
CONTENT = st.one_of(st.binary(max_size=60), st.lists(_PIECES, max_size=30).map(b"".join))


def checked(content: bytes, *, libsvm: bool = False, label: LabelRule = ANY_NUMBER) -> FileCheck:
    return check_lines(bounded_lines(io.BytesIO(content).read), "f", label, 0, libsvm=libsvm)


@settings(deadline=None)
@given(CONTENT, st.booleans(), st.sampled_from([ANY_NUMBER, LabelRule(2)]))
def test_data_files_are_checked(content: bytes, libsvm: bool, label: LabelRule) -> None:
    found = checked(content, libsvm=libsvm, label=label)
    assert found.rows or found.problem_count
    for problem in found.problems:
        assert str(problem).startswith("f: line ")
        assert len(str(problem)) < 300


@settings(deadline=None)
@given(CONTENT)
def test_lines_are_those_of_the_file(content: bytes) -> None:
    assert list(bounded_lines(io.BytesIO(content).read)) == list(io.BytesIO(content))


def test_a_line_beyond_the_limit_is_one_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rules, "LINE_LIMIT_BYTES", 10)
    monkeypatch.setattr(csv_rules, "_CHUNK_BYTES", 4)
    lines = list(bounded_lines(io.BytesIO(b"1,2\n" + b"3," * 50 + b"4\n5,6\n").read))
    assert list(map(len, lines)) == [4, 11, 4]
    found = check_csv(lines, "f")
    assert [str(one) for one in found.problems] == [
        "f: line 2: found a line of more than 10 bytes; expected rows, each in a line of its own"
    ]


@pytest.mark.parametrize(
    ("content", "libsvm", "problem"),
    [
        (b"1,2\n1,\0\n", False, "f: line 2, column 2: found '\\x00'; expected a number"),
        (b'"1",2\n', False, "f: line 1, column 1: found '\"1\"'; expected a number"),
        (b"1,2\r3,4\n", False, "f: line 1, column 2: found '2\\r3'; expected a number"),
        (b"1,2\n1,2\r\n1,2\rx\n", False, "f: line 3, column 2: found '2\\rx'; expected a number"),
        (b"\xef\xbb\xbf1,2\n", False, "f: line 1, column 1: found '\\ufeff1'; expected a number"),
        (b"1,2\n\xff,2\n", False, "f: line 2, column 1: found '\N{REPLACEMENT CHARACTER}'; expected a number"),
        (b"\n1,2\n", False, "f: line 1: found an empty line"),
        (b"\n1 1:2\n", True, "f: line 1: found an empty line; expected a row, label index:value ..."),
        (b"1 1:2\nx 1:2\n", True, "f: line 2, column 1: found 'x'; expected a number"),
        (b"1 1:2 2\n", True, "f: line 1, column 3: found '2'; expected index:value"),
        (b"1 1:\0\n", True, "f: line 1, column 2: found '1:\\x00'; expected index:value"),
        (b"\n\n", True, "f: line 1: found an empty line"),
        (b"", True, "f: line 1: found an empty file; expected at least one row"),
    ],
)
def test_what_is_wrong_with_a_data_file(content: bytes, problem: str, *, libsvm: bool) -> None:
    assert str(checked(content, libsvm=libsvm).problems[0]).startswith(problem)


@settings(deadline=None, max_examples=60)
@given(CONTENT)
def test_a_csv_file_is_prepared_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("prepare")
    (folder / "f.csv").write_bytes(content)
    with suppress(SlipwayError):
        done = prepare(Request(folder / "f.csv", folder / "out", "1"), lambda _more: None)
        assert done.rows or done.rejected


def test_a_label_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(b"1,2\n" * 20)
    with pytest.raises(SlipwayError, match="--label: found"):
        prepare(Request(tmp_path / "f.csv", tmp_path / "out", "9" * 5000), lambda _more: None)


def test_a_field_of_a_header_that_never_ends_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_bytes(b'a,"' + b"b" * 200_000 + b"\n1,2\n")
    with pytest.raises(SlipwayError, match="line 1: found text that is not CSV: field larger than field limit"):
        prepare(Request(tmp_path / "f.csv", tmp_path / "out", "a"), lambda _more: None)


@settings(deadline=None)
@given(CONTENT, st.sampled_from(["text/csv", "text/libsvm"]), st.booleans())
def test_rows_are_parsed_where_they_are_tested(content: bytes, form: str, weights: bool) -> None:
    block = Block("s3://b/k", content, 1, len(content))
    with suppress(rows.RowError):
        parsed = parse_block(block, RowFormat(form, weights), None, None)
        assert len(parsed.labels) == len(parsed.rows)


def test_a_row_of_carriage_returns_is_told() -> None:
    with pytest.raises(rows.RowError, match="line 2: found 1 columns"):
        parse_block(Block("s3://b/k", b"1,2\n\r\r\n", 1, 8), RowFormat("text/csv"), None, None)


@settings(deadline=None, max_examples=60)
@given(CONTENT, st.sampled_from(["csv", "libsvm"]))
def test_a_channel_is_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str) -> None:
    folder = tmp_path_factory.mktemp("channel")
    (folder / "f").write_bytes(content)
    with suppress(UserError):
        matrix = data.load(data.Channel("train", folder, "/opt/ml"), form, csv_weights=False, nthread=1)
        assert matrix.num_row()


def test_a_libsvm_file_whose_first_line_is_blank_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\n1 1:2\n")
    with pytest.raises(UserError, match=r"First line '\.\.\.' of file 'f' is not 'LIBSVM' format"):
        data.load(data.Channel("train", tmp_path, "/opt/ml"), "libsvm", csv_weights=False, nthread=1)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None)
@given(
    st.one_of(
        st.binary(max_size=40),
        JSON.map(lambda value: json.dumps(value).encode()),
        st.fixed_dictionaries(
            {"schema": st.just("slipway-dataset/1")},
            optional={"files": JSON, "columns": JSON, "dataset": JSON, "prefix": JSON},
        ).map(lambda value: json.dumps(value).encode()),
        st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("channel", "path", "bytes", "sha256"), JSON))).map(
            lambda files: json.dumps({"schema": "slipway-dataset/1", "files": files}).encode()
        ),
    )
)
def test_a_manifest_is_one_or_is_refused(content: bytes) -> None:
    with suppress(ConfigurationError):
        assert isinstance(parse_manifest(content, "m"), Dataset)


@pytest.mark.parametrize("content", [NESTED, b'{"schema": ' + NESTED, b"9" * 5000, b"\xff", b"\xff\xfe", b"\0", b""])
def test_json_that_no_reader_takes(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"^m/manifest\.json: found"):
        parse_manifest(content, "m")
    with pytest.raises(SlipwayError, match=r"^f: found"):
        parse_columns(content, "f")
    with pytest.raises(ConfigurationError, match="The continuation token is none"):
        progress.load(content.decode("latin-1"), Bucket("b"), "k", "c")
    if content:
        with pytest.raises(ConfigurationError, match=r"^UserParameters: found"):
            read_parameters(Credentials, content.decode("latin-1"))


def test_a_manifest_with_thousands_of_problems_is_told_in_a_few_lines() -> None:
    content = json.dumps({"schema": "slipway-dataset/1", "files": [{}] * 5000}).encode()
    with pytest.raises(ConfigurationError) as caught:
        parse_manifest(content, "m")
    assert "m/manifest.json: and 19980 more problems" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 22


def test_a_file_of_names_has_a_limit(tmp_path: Path) -> None:
    (tmp_path / "columns.json").write_bytes(b" " * 9_000_000)
    with pytest.raises(SlipwayError, match="found more than 8,388,608 bytes"):
        read_columns(tmp_path)


@given(JSON, st.sampled_from(["id", "data", "inputArtifacts", "artifactCredentials", "actionConfiguration"]))
def test_an_event_is_a_job_or_is_refused(value: Any, member: str) -> None:
    job: dict[str, Any] = {"id": "i", "data": {}}
    (job if member in job else job["data"])[member] = value
    for event in (value, {"CodePipeline.job": value}, {"CodePipeline.job": job}):
        with suppress(ConfigurationError):
            assert isinstance(parse_job(event), Job)


@given(st.lists(st.one_of(st.text(max_size=40), st.from_regex(r"\[\d{1,20}\]\t[a-z-]{1,5}:\S{1,5}"))))
def test_learning_curves_are_read_from_any_log(lines: list[str]) -> None:
    for algorithm in ALGORITHMS.values():
        assert all(isinstance(values, list) for values in curves(lines, algorithm.log).values())


def test_a_round_of_thousands_of_digits_is_none() -> None:
    assert curves([f"[{'9' * 5000}]\ttrain-rmse:1"], ALGORITHMS["xgboost"].log) == {}
    line = f"#quality_metric: host=algo-1, epoch={'9' * 5000}, train mse_objective <loss>=1"
    assert curves([line], ALGORITHMS["linear-learner"].log) == {}


def test_what_lies_where_configs_do(tmp_path: Path) -> None:
    (tmp_path / "folder.yml").mkdir()
    (tmp_path / "bytes.yml").write_bytes(b"model: a\n\xff")
    (tmp_path / "large.yml").write_bytes(b"#" * 100_000)
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    configs, problems = check_configs(tmp_path)
    assert configs == {}
    assert [problem.removeprefix(f"{tmp_path}/") for problem in problems] == [
        "bytes.yml: line 2: found bytes at offset 9 that are not UTF-8",
        "folder.yml: found a folder; expected a file",
        "gone.yml: cannot be read: No such file or directory",
        "large.yml: found more than 65536 bytes; expected no more",
    ]
