"""Reads the channels of a job, and checks them.

https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html#bt-inputoutput: each channel has one text file, with a
sentence a line and blanks between tokens; labels are tokens that begin with `__label__`. AWS does not document what it
does with a line that it cannot use: like fastText, this skips it, and the log says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.corpus import Corpus, corpus_of
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import (
    LABEL_PREFIX,
    Lists,
    Vocabulary,
    vocabulary_of,
)
from local_aws.sagemaker.containers.contract import Ml
from local_aws.sagemaker.containers.toolkit import algorithm_log
from local_aws.sagemaker.containers.toolkit.customer_errors import CustomerError

TRAIN, VALIDATION = "train", "validation"
_TEXT = "text/plain"
_MIB = 1 << 20


def check_channels(config: Mapping[str, Mapping[str, str]], allowed: tuple[str, ...]) -> None:
    """Raise CustomerError for a channel that is missing, unknown, or not of plain text."""
    if TRAIN not in config:
        raise CustomerError(
            "Unable to initialize the algorithm. Failed to validate input data configuration. (caused by "
            f"ValidationError)\n\nCaused by: {TRAIN!r} is a required property"
        )
    for name, given in config.items():
        if name not in allowed:
            raise CustomerError(f"Channel {name!r} is unknown: this mode has {', '.join(allowed)}")
        kind = given.get("ContentType", _TEXT).partition(";")[0].strip().lower()
        if kind != _TEXT:
            raise CustomerError(f"Channel {name!r} has ContentType {given['ContentType']!r}: expected {_TEXT} or none")


def file_of(ml: Ml, channel: str) -> Path:
    """Return the file of a channel. Raises CustomerError unless there is one with something in it."""
    folder = ml.channel_dir(channel)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    if not files:
        raise CustomerError(f"Channel {channel!r} has no data: upload one file with a sentence a line")
    if len(files) > 1:
        found = ", ".join(path.relative_to(folder).as_posix() for path in files[:3])
        raise CustomerError(
            f"Channel {channel!r} has {len(files)} files ({found}{', ...' if len(files) > 3 else ''}): BlazingText "
            "reads a single one, so concatenate them"
        )
    return files[0]


def load(ml: Ml, channel: str) -> Corpus:
    """Return the tokens of a channel. Raises CustomerError for a label that is not UTF-8."""
    path = file_of(ml, channel)
    algorithm_log.info(f"Processing {ml.documented(path)} . File size: {path.stat().st_size // _MIB} MB")
    with path.open("rb") as file:
        corpus = corpus_of(file)
    algorithm_log.plain(f"Read {len(corpus.codes) // 1_000_000}M words")
    _tell_encoding(corpus, f"{channel}/{path.name}")
    return corpus


def _tell_encoding(corpus: Corpus, name: str) -> None:
    wrong = [code for code, token in enumerate(corpus.tokens) if not _is_utf8(token)]
    if not wrong:
        return
    places = np.flatnonzero(np.isin(corpus.codes, wrong))
    lines = np.unique(np.searchsorted(corpus.offsets, places, side="right"))
    for code in wrong:
        if corpus.tokens[code].startswith(LABEL_PREFIX):
            raise CustomerError(f"{name}, line {_line(corpus, code)}: the label {corpus.tokens[code]!r} is not UTF-8")
    algorithm_log.warning(f"{name}: {len(lines)} lines are not UTF-8, the first is line {lines[0]}")


def _line(corpus: Corpus, code: int) -> int:
    """Return the number, from 1, of the first line with a token."""
    place = int(np.flatnonzero(corpus.codes == code)[0])
    return int(np.searchsorted(corpus.offsets, place, side="right"))


def _is_utf8(token: bytes) -> bool:
    if token.isascii():
        return True
    try:
        token.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def known_words(corpus: Corpus, min_count: int, *, labelled: bool = True) -> Vocabulary:
    """Return the vocabulary of the train channel. Raises CustomerError if no word is frequent enough."""
    found = vocabulary_of(corpus, min_count, labelled=labelled)
    if not found.words:
        raise CustomerError(f"Hyperparameter min_count: no word of channel 'train' occurs {min_count} times, lower it")
    algorithm_log.plain(f"Number of words:  {len(found.words)}")
    return found


def usable(channel: str, corpus: Corpus, features: Lists, labels: Lists) -> NDArray[np.int64]:
    """Return the lines that have features and known labels; the log tells of those left out.

    Raises CustomerError if there is none.
    """
    blank = np.diff(corpus.offsets) == 1
    kept = (features.counts > 0) & (labels.counts > 0) & ~blank
    if not kept.any():
        raise CustomerError(
            f"Channel {channel!r} has no line with a known label among {corpus.lines} lines: expected lines such as "
            "'__label__1 some words'"
        )
    left_out = np.flatnonzero(~kept & ~blank)
    if len(left_out):
        algorithm_log.warning(
            f"Channel {channel!r}: {len(left_out)} lines without a known label are left out, the first is line "
            f"{left_out[0] + 1}"
        )
    return np.flatnonzero(kept)
