"""Requests and answers, in this process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from local_aws.sagemaker.containers.blazingtext.fasttext.binary import MODEL_NAME
from local_aws.sagemaker.containers.blazingtext.serve import TextService
from local_aws.sagemaker.containers.blazingtext.train import train
from local_aws.sagemaker.containers.toolkit.http_server import Answer, Request
from tests.local_aws.sagemaker.containers.blazingtext.reviews import BAD, GOOD, IMAGE, files
from tests.local_aws.sagemaker.containers.conftest import MlBuilder

JSON, JSON_LINES = "application/json", "application/jsonlines"
SENTENCES = [f"the guitar is {GOOD[0]} and {GOOD[1]}", f"the guitar is {BAD[0]} and {BAD[1]}"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = {"mode": "supervised", "epochs": "10", "learning_rate": "0.2", "vector_dim": "10"}
    ml = MlBuilder(tmp_path_factory.mktemp("ml")).build(given, files(), "text/plain")
    assert train(ml) == 0
    return ml.model_dir


@pytest.fixture(scope="module")
def service(folder: Path) -> TextService:
    return TextService(folder)


def post(service: TextService, body: object, kind: str = JSON, accept: str | None = None) -> Answer:
    headers = {"content-type": kind} | ({} if accept is None else {"accept": accept})
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return service.answer(Request("POST", "/invocations", headers, content, keep_alive=True))


def test_sentences_in_json(service: TextService) -> None:
    answer = post(service, {"instances": SENTENCES})
    assert (answer.status, answer.content_type) == (200, JSON)
    found = json.loads(answer.body)
    assert [one["label"] for one in found] == [["__label__1"], ["__label__2"]]
    assert [len(one["prob"]) for one in found] == [1, 1]
    assert all(0.5 < one["prob"][0] <= 1 for one in found)


def test_more_labels_are_asked_for_by_k(service: TextService) -> None:
    for count, expected in ((1, 1), (2, 2), (5, 2)):
        answer = post(service, {"instances": SENTENCES[:1], "configuration": {"k": count}})
        ((one),) = json.loads(answer.body)
        assert one["label"] == ["__label__1", "__label__2"][:expected]
        assert one["prob"] == sorted(one["prob"], reverse=True)
    assert sum(one["prob"]) == pytest.approx(1, abs=1e-6)


def test_json_lines(service: TextService) -> None:
    lines = [{"source": SENTENCES[0]}, {"source": SENTENCES[1], "k": 2, "id": 7}]
    body = "\r\n".join(json.dumps(line) for line in lines).encode() + b"\n\n"
    answer = post(service, body, JSON_LINES, accept=JSON)
    # The answer has the content type of the request, whatever Accept says.
    assert (answer.status, answer.content_type) == (200, JSON_LINES)
    assert answer.body.endswith("\n")
    first, second = [json.loads(line) for line in answer.body.splitlines()]
    assert (first["label"], len(first["prob"])) == (["__label__1"], 1)
    assert (second["label"], len(second["prob"])) == (["__label__2", "__label__1"], 2)


def test_sentences_of_any_kind(service: TextService) -> None:
    odd = ["", "  ", "never seen", "caf\u00e9 \ud800", "a\nb", "word " * 5000]
    answer = post(service, {"instances": odd}, f"{JSON}; charset=utf-8")
    found = json.loads(answer.body)
    assert len(found) == len(odd)
    assert all(len(one["label"]) == len(one["prob"]) == 1 for one in found)
    assert json.loads(post(service, {"instances": []}).body) == []


@pytest.mark.parametrize(
    ("body", "kind", "status", "text"),
    [
        (b"good", "text/plain", 415, "Content-type 'text/plain' is not supported: allowed application/json, "),
        (b"{", JSON, 400, "unable to evaluate payload provided: the body is not JSON"),
        (b"[" * 100_000, JSON, 400, "unable to evaluate payload provided: the body is not JSON"),
        (b"[]", JSON, 400, "the body is a list, expected an object"),
        (b"{}", JSON, 400, "'instances' must be a list of strings"),
        (b'{"instances": ["a", 1]}', JSON, 400, "'instances' must be a list of strings"),
        (b'{"instances": ["a"], "configuration": 2}', JSON, 400, "'configuration' must be an object"),
        (b'{"instances": ["a"], "configuration": {"k": 0}}', JSON, 400, "'k' in 'configuration' is 0, expected an"),
        (b'{"instances": ["a"], "configuration": {"k": true}}', JSON, 400, "is True, expected an integer from 1"),
        (b"", JSON_LINES, 400, "the body is empty, expected lines such as"),
        (b'{"source": "a"}\n{"text": "a"}', JSON_LINES, 400, "line 2 must have a string 'source'"),
        (b'{"source": "a"}\n"a"', JSON_LINES, 400, "line 2 is a str, expected an object"),
        (b'{"source": "a", "k": "2"}', JSON_LINES, 400, "'k' in line 1 is '2', expected an integer from 1"),
        (b'{"source": "\xff"}', JSON_LINES, 400, "line 1 is not JSON"),
    ],
)
def test_refused_requests(service: TextService, body: bytes, kind: str, status: int, text: str) -> None:
    answer = post(service, body, kind)
    assert answer.status == status
    assert text in answer.body


def test_a_ping_shows_whether_there_is_a_model(service: TextService, tmp_path: Path) -> None:
    ping = Request("GET", "/ping", {}, b"", keep_alive=True)
    assert service.answer(ping).status == 200
    parameters = service.answer(Request("GET", "/execution-parameters", {}, b"", keep_alive=True))
    assert json.loads(parameters.body)["MaxPayloadInMB"] == 6
    assert service.answer(Request("GET", "/other", {}, b"", keep_alive=True)).status == 404
    absent = TextService(tmp_path)
    assert absent.answer(ping).status == 500
    assert "expected model.bin at the root of model.tar.gz" in absent.answer(ping).body
    (tmp_path / MODEL_NAME).write_text("{}")
    assert "is not in fastText's format" in post(TextService(tmp_path), {"instances": ["a"]}).body


def test_serving_needs_few_libraries() -> None:
    code = (
        "import sys; from local_aws.sagemaker.containers import registry;"
        f"registry.find({IMAGE!r}).load();"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy', 'xgboost')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
