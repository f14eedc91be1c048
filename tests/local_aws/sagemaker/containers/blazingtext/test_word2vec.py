"""Training and serving word vectors, in this process."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.binary import MODEL_NAME, VECTORS_NAME, read
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Vocabulary
from local_aws.sagemaker.containers.blazingtext.fasttext.words import word_vectors
from local_aws.sagemaker.containers.blazingtext.serve import TextService
from local_aws.sagemaker.containers.blazingtext.train import train
from local_aws.sagemaker.containers.blazingtext.word2vec.examples import Sentences, examples, probabilities_to_keep
from local_aws.sagemaker.containers.blazingtext.word2vec.fitting import sampler
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.toolkit.http_server import Answer, Request

MakeMl = Callable[..., Ml]
MODELS = Path(__file__).parent / "models"
FOOD = ["apple", "bread", "cheese", "onion"]
TOOLS = ["hammer", "wrench", "pliers", "chisel"]
GIVEN = {"vector_dim": "12", "epochs": "15", "sampling_threshold": "1", "window_size": "3", "evaluation": "False"}


def text(seed: int = 0) -> str:
    """Sentences of food, and sentences of tools."""
    draw = random.Random(seed)  # noqa: S311  # data, not a secret
    return "".join(" ".join(draw.choices(draw.choice([FOOD, TOOLS]), k=6)) + "\n" for _ in range(400))


def trained(make_ml: MakeMl, given: dict[str, str], content: str | bytes | None = None) -> Path:
    ml = make_ml(GIVEN | given, {"train/t.txt": text() if content is None else content}, "text/plain")
    assert train(ml) == 0, ml.failure_file.read_text()
    return ml.model_dir


def post(folder: Path, words: object, kind: str = "application/json") -> Answer:
    body = json.dumps({"instances": words}).encode()
    return TextService(folder).answer(Request("POST", "/invocations", {"content-type": kind}, body, keep_alive=True))


def vectors_of(folder: Path, words: list[str]) -> NDArray[np.float64]:
    answer = post(folder, words)
    assert answer.status == 200
    found = json.loads(answer.body)
    assert [one["word"] for one in found] == words
    return np.array([one["vector"] for one in found])


def likeness(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cosines of each row with each."""
    first, second = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (first, second))
    return np.asarray(first @ second.T)


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "skipgram"},
        {"mode": "cbow", "epochs": "40"},
        {"mode": "batch_skipgram", "batch_size": "7"},
        {"mode": "skipgram", "subwords": "True"},
        {"mode": "cbow", "subwords": "true", "epochs": "40"},
    ],
)
def test_words_of_a_kind_are_near_each_other(
    make_ml: MakeMl, capfd: pytest.CaptureFixture[str], given: dict[str, str]
) -> None:
    folder = trained(make_ml, given)
    log = capfd.readouterr().out
    assert f"Running single machine CPU BlazingText training using {given['mode']} mode." in log
    assert "Number of words:  9\n" in log
    assert "Training finished!" in log
    assert "mean_rho" not in log
    food, tools = vectors_of(folder, FOOD), vectors_of(folder, TOOLS)
    assert likeness(food, food).min() > likeness(food, tools).max() + 0.15
    assert likeness(tools, tools).min() > likeness(tools, food).max() + 0.15


def test_the_text_file_has_the_vectors_that_are_served(make_ml: MakeMl) -> None:
    for given in ({"mode": "skipgram"}, {"mode": "skipgram", "subwords": "True"}):
        folder = trained(make_ml, given)
        head, *lines = (folder / "vectors.txt").read_text().splitlines()
        assert head == "9 12"
        words = [line.split(" ")[0] for line in lines]
        assert set(words) == {*FOOD, *TOOLS, "</s>"}
        written = np.array([[float(number) for number in line.split(" ")[1:]] for line in lines])
        assert np.abs(written - vectors_of(folder, words)).max() < 1e-5


def test_unknown_words(make_ml: MakeMl) -> None:
    folder = trained(make_ml, {"mode": "skipgram"})
    assert not vectors_of(folder, ["apples", ""]).any()
    folder = trained(make_ml, {"mode": "skipgram", "subwords": "True"})
    found = vectors_of(folder, ["apples", "zzzzz"])
    assert likeness(found[:1], vectors_of(folder, ["apple", "hammer"])).argmax() == 0
    assert not found[1].any()


def test_refused_requests(make_ml: MakeMl) -> None:
    folder = trained(make_ml, {"mode": "cbow"})
    assert post(folder, ["apple"], "application/jsonlines").status == 415
    refused = post(folder, "apple")
    assert (refused.status, "'instances' must be a list of strings" in refused.body) == (400, True)
    assert post(folder, []).body == "[]"


def test_two_runs_give_the_same_file(make_ml: MakeMl) -> None:
    first, second = ((trained(make_ml, {"mode": "skipgram"}) / VECTORS_NAME).read_bytes() for _ in range(2))
    assert first == second


def test_there_is_no_evaluation(make_ml: MakeMl, capfd: pytest.CaptureFixture[str]) -> None:
    folder = trained(make_ml, {"mode": "skipgram", "evaluation": "True", "word_ngrams": "2"})
    log = capfd.readouterr().out
    assert "evaluation: WordSimilarity-353 is not part of local AWS, so there is no #mean_rho" in log
    assert "Hyperparameter word_ngrams is ignored: mode skipgram does not have it" in log
    assert {path.name for path in folder.iterdir()} == {VECTORS_NAME, "vectors.txt"}


def test_labels_are_words_here(make_ml: MakeMl) -> None:
    folder = trained(make_ml, {"mode": "skipgram"}, "__label__1 apple\n" * 9)
    assert b"__label__1" in read(folder / VECTORS_NAME).vocabulary.words


@pytest.mark.parametrize(
    ("given", "found", "reason"),
    [
        (
            {"mode": "cbow"},
            {"train/t.txt": text(), "validation/v.txt": text()},
            "Channel 'validation' is unknown: ",
        ),
        ({"mode": "cbow", "subwords": "maybe"}, {"train/t.txt": text()}, "subwords: 'maybe' is not 'True', 'False'"),
        (
            {"mode": "skipgram", "subwords": "True", "min_char": "7"},
            {"train/t.txt": text()},
            "min_char: 7 is above max_char, which is 6",
        ),
        ({"mode": "skipgram", "min_count": "9999"}, {"train/t.txt": text()}, "no word of channel 'train' occurs 9999"),
        (
            {"mode": "skipgram"},
            {"train/t.txt": "\n" * 9},
            "one word that occurs often enough: vectors need two",
        ),
    ],
)
def test_refused_jobs(make_ml: MakeMl, given: dict[str, str], found: dict[str, str], reason: str) -> None:
    ml = make_ml(GIVEN | given, found, "text/plain")
    assert train(ml) == 2
    assert reason in ml.failure_file.read_text()


def test_vectors_of_fasttext() -> None:
    """`vectors.bin` was made by fastText 0.9.2 with `minn=2, maxn=4`; `vectors.json` has its answers."""
    expected = json.loads((MODELS / "vectors.json").read_text(encoding="utf-8"))
    found = word_vectors(read(MODELS / VECTORS_NAME), [word.encode() for word in expected])
    assert np.abs(found - np.array(list(expected.values()))).max() < 1e-6


def test_a_classifier_is_not_asked_for_words(tmp_path: Path) -> None:
    (tmp_path / MODEL_NAME).write_bytes((MODELS / "dense.bin").read_bytes())
    assert set(json.loads(post(tmp_path, ["good"]).body)[0]) == {"label", "prob"}


def test_neighbours_are_in_the_same_line_and_in_the_window() -> None:
    draw = np.random.default_rng(0)
    words, lines = np.arange(50), np.repeat(np.arange(5), 10)
    (found,) = examples(Sentences(words, lines), 3, draw, together=False)
    distance = np.abs(found.inputs.values - found.targets)
    assert (distance.min(), distance.max()) == (1, 3)
    assert (found.inputs.values // 10 == found.targets // 10).all()
    assert len(set(zip(found.inputs.values.tolist(), found.targets.tolist(), strict=True))) == len(found.targets)
    (together,) = examples(Sentences(words, lines), 3, draw, together=True)
    assert sorted(together.targets.tolist()) == list(range(50))
    for number, target in enumerate(together.targets.tolist()):
        near = together.inputs.of(np.array([number])).values
        assert target not in near
        assert {one for one in (target - 1, target + 1) if one // 10 == target // 10} <= {*near.tolist()}
    assert list(examples(Sentences(words[:0], lines[:0]), 3, draw, together=True)) == []


def test_blocks_make_up_an_epoch() -> None:
    count = 250_000
    sentences = Sentences(np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64))
    blocks = list(examples(sentences, 1, np.random.default_rng(0), together=False))
    assert [block.progress for block in blocks] == [(0, 0.4), (0.4, 0.8), (0.8, 1)]
    assert sum(len(block.targets) for block in blocks) == 2 * (count - len(blocks))


def test_frequent_words_are_thinned_and_negatives_follow_frequency() -> None:
    vocabulary = Vocabulary([b"often", b"seldom"], [], [9_900, 100], [], 10_000)
    often, seldom = probabilities_to_keep(vocabulary, 0.01).tolist()
    assert often == pytest.approx((0.01 / 0.99) ** 0.5 + 0.01 / 0.99)
    assert seldom >= 1
    draw = np.random.default_rng(0)
    drawn = sampler([16, 1], 5, 1).drawn(10_000, draw)
    assert drawn.shape == (10_000, 5)
    assert (drawn == 1).mean() == pytest.approx(1 / 9, abs=0.01)
    shared = sampler([1] * 1000, 5, 4).drawn(10, draw)
    assert shared.shape == (10, 5)
    assert [len(np.unique(shared[first : first + 4], axis=0)) for first in (0, 4, 8)] == [1, 1, 1]
    assert len(np.unique(shared, axis=0)) == 3
