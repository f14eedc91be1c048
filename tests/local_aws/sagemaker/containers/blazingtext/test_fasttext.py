"""fastText's format and rules, against models and answers of fastText itself.

`models/` was made with fastText 0.9.2: `train_supervised` on 600 lines of random words, with one thread and a fixed
seed; `quantized.ftz` with `quantize(qnorm=True, dsub=2, cutoff=280)`. `answers.json` has sentences for each model, and
what `predict` answered, the best of at most four labels first.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from local_aws.sagemaker.containers.blazingtext.fasttext.binary import (
    HIERARCHICAL_SOFTMAX,
    SKIPGRAM,
    read,
    write,
)
from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import corpus_of
from local_aws.sagemaker.containers.blazingtext.fasttext.hashing import word_hash
from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import Dense, quantized
from local_aws.sagemaker.containers.blazingtext.fasttext.model import rows_of
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Lists, vocabulary_of
from local_aws.sagemaker.containers.toolkit.model_service import ModelError

MODELS = Path(__file__).parent / "models"
ANSWERS = json.loads((MODELS / "answers.json").read_text(encoding="utf-8"))
_LOSS, _KIND, _MAX_CHAR = 8 + 4 * 6, 8 + 4 * 7, 8 + 4 * 10
"""Places in the head of a file."""


@pytest.mark.parametrize("name", ANSWERS)
def test_models_of_fasttext_answer_as_it_does(name: str) -> None:
    model = read(MODELS / name)
    sentences = [sentence for sentence, _ in ANSWERS[name]]
    found = model.best(model.encoded([sentence.encode() for sentence in sentences]), 4)
    # fastText takes the probabilities of labels that do not exclude each other from a table of 512.
    tolerance = 0.01 if name == "one-versus-all.bin" else 3e-6
    for (labels, shares), (sentence, expected) in zip(found, ANSWERS[name], strict=True):
        assert [label.decode() for label in labels] == [label for label, _ in expected], sentence
        # fastText adds 1e-5 to each probability.
        assert shares == pytest.approx([share - 1e-5 for _, share in expected], abs=tolerance), sentence


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_written_is_what_was_read(name: str, tmp_path: Path) -> None:
    write(read(MODELS / name), tmp_path / name)
    written, given = (tmp_path / name).read_bytes(), (MODELS / name).read_bytes()
    assert len(written) == len(given)
    if name != "quantized.ftz":  # fastText has its buckets in any order
        assert written == given
    again = read(tmp_path / name)
    sentences = [sentence.encode() for sentence, _ in ANSWERS[name]]
    features = again.encoded(sentences)
    assert again.best(features, 4) == read(MODELS / name).best(features, 4)


def changed(at: int, number: int) -> bytes:
    content = bytearray((MODELS / "dense.bin").read_bytes())
    content[at : at + 4] = struct.pack("<i", number)
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is not in fastText's format: "),
        (b"0123456789" * 9, "begins with 858927408 and version 926299444, expected 793712314 and 12"),
        (changed(4, 11), "version 11, expected 793712314 and 12"),
        (changed(_LOSS, HIERARCHICAL_SOFTMAX), "is a classifier with a hierarchical softmax, which local AWS cannot"),
        (changed(_KIND, SKIPGRAM), "numbers, which do not fit its words"),
        (changed(_MAX_CHAR, 6), "is a classifier with subwords, which local AWS cannot serve"),
        (changed(8, 5), "numbers, which do not fit its words"),
        (changed(64, 9), "its labels do not follow its words"),
    ],
)
def test_refused_files(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "model.bin").write_bytes(content)
    with pytest.raises(ModelError) as error:
        read(tmp_path / "model.bin")
    assert reason in str(error.value)


@pytest.mark.parametrize("name", ANSWERS)
def test_a_file_that_is_cut_off_is_refused_wherever_it_ends(name: str, tmp_path: Path) -> None:
    content = (MODELS / name).read_bytes()
    for length in range(0, len(content), max(len(content) // 100, 1)):
        (tmp_path / name).write_bytes(content[:length])
        with pytest.raises(ModelError):
            read(tmp_path / name)


def test_hashes_of_words() -> None:
    # FNV-1a; the first two from http://www.isthe.com/chongo/tech/comp/fnv/.
    assert word_hash(b"") == 0x811C9DC5
    assert word_hash(b"foobar") == 0xBF9CF968
    # Signed bytes give another hash than FNV-1a, which is 0x0E0C54D6 for this one.
    assert word_hash(b"\xff") == ((0x811C9DC5 ^ 0xFFFFFFFF) * 16777619) & 0xFFFFFFFF


def test_quantized_numbers_are_near_the_given_ones() -> None:
    values = np.random.default_rng(0).normal(size=(1000, 7)).astype(np.float32)
    values[:, 3] = 2.5
    found = quantized(values).rows(np.arange(1000))
    assert np.abs(found - values).max() <= (values.max(axis=0) - values.min(axis=0)).max() / 255 / 2 * 1.01
    assert (found[:, 3] == 2.5).all()


def test_features_without_a_row_are_left_out() -> None:
    features = Lists(np.array([0, 5, 9, 1, 7, 5]), np.array([0, 3, 3, 6]))
    found = rows_of(features, 3, np.array([2, 6]))
    assert found.values.tolist() == [0, 3, 4, 1, 3]
    assert found.offsets.tolist() == [0, 3, 3, 5]
    assert rows_of(features, 3, np.array([], dtype=np.int64)).values.tolist() == [0, 1]


def test_the_most_frequent_words_come_first() -> None:
    vocabulary = vocabulary_of(corpus_of([b"__label__a x y\n", b"y __label__b y\n", b"__label__b z"]), 1)
    assert vocabulary.words == [b"y", b"</s>", b"x", b"z"]
    assert vocabulary.word_counts == [3, 3, 1, 1]
    assert vocabulary.labels == [b"__label__b", b"__label__a"]
    assert vocabulary.tokens == 11


def test_predictions_do_not_depend_on_other_lines() -> None:
    model = read(MODELS / "dense.bin")
    sentences = [sentence.encode() for sentence, _ in ANSWERS["dense.bin"]] * 100
    together = model.probabilities(model.encoded(sentences))
    alone = np.concatenate([model.probabilities(model.encoded([sentence])) for sentence in sentences[:12]])
    assert np.abs(together[-12:] - alone).max() < 1e-6
    assert isinstance(model.vectors, Dense)
