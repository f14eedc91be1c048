"""Writes and reads models as files in fastText's format, version 12.

https://github.com/facebookresearch/fastText/blob/main/src/fasttext.cc (`saveModel`, `loadModel`), and args.cc,
dictionary.cc, densematrix.cc and quantmatrix.cc beside it. BlazingText and fastText read each other's models
(https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext.html). fastText stores a row for every bucket, 800 MB for
two million; its form for quantized models stores the rows that are needed, and is written here for a model with
n-grams.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from local_aws.sagemaker.containers.blazingtext.fasttext.matrices import (
    LEVELS,
    Dense,
    Floats,
    Matrix,
    Quantized,
    Quantizer,
    quantized,
)
from local_aws.sagemaker.containers.blazingtext.fasttext.model import Arguments, TextModel
from local_aws.sagemaker.containers.blazingtext.fasttext.vocabulary import Vocabulary
from local_aws.sagemaker.containers.toolkit.model_service import ModelError

MODEL_NAME, VECTORS_NAME = "model.bin", "vectors.bin"
"""The file of a text classifier, and that of word vectors."""
HIERARCHICAL_SOFTMAX, NEGATIVE_SAMPLING, SOFTMAX, ONE_VERSUS_ALL = 1, 2, 3, 4
CBOW, SKIPGRAM, SUPERVISED = 1, 2, 3
MAX_NUMBERS = 2**31 - 1
"""The numbers that a quantized matrix may have: fastText counts its codes in 32 bits."""

_MAGIC, _VERSION = 793712314, 12
_HEAD = struct.Struct("<ii")
_ARGUMENTS = struct.Struct("<12id")
_SIZES = struct.Struct("<iiiqq")
_ENTRY = struct.Struct("<qb")
_SHAPE = struct.Struct("<qq")
_QUANTIZED_SHAPE = struct.Struct("<?qqi")
_QUANTIZER = struct.Struct("<iiii")
_WORD, _LABEL = 0, 1


def write(model: TextModel, path: Path) -> None:
    """Write a model, whose buckets are all kept or none."""
    vocabulary, kept = model.vocabulary, model.kept
    words, labels = len(vocabulary.words), len(vocabulary.labels)
    with path.open("wb") as file:
        file.write(_HEAD.pack(_MAGIC, _VERSION))
        file.write(_ARGUMENTS.pack(*vars(model.arguments).values()))
        file.write(_SIZES.pack(words + labels, words, labels, vocabulary.tokens, -1 if kept is None else len(kept)))
        for names, counts, kind in (
            (vocabulary.words, vocabulary.word_counts, _WORD),
            (vocabulary.labels, vocabulary.label_counts, _LABEL),
        ):
            for name, count in zip(names, counts, strict=True):
                file.write(name + b"\0" + _ENTRY.pack(count, kind))
        if kept is not None:
            np.stack([kept, np.arange(len(kept))], axis=1).astype("<i4").tofile(file)
        _write_matrix(file, model.vectors)
        _write_matrix(file, Dense(model.weights))


def stored(vectors: Floats, kept: NDArray[np.int64] | None) -> Matrix:
    """Return vectors as the format takes them: quantized if only some buckets have a row."""
    return Dense(vectors) if kept is None else quantized(vectors)


def _write_matrix(file: BinaryIO, matrix: Matrix) -> None:
    if isinstance(matrix, Quantized):
        file.write(b"\1" + _QUANTIZED_SHAPE.pack(matrix.norms is not None, *matrix.shape, matrix.codes.size))
        matrix.codes.tofile(file)
        _write_quantizer(file, matrix.quantizer)
        if matrix.norms is not None:
            matrix.norms[0].tofile(file)
            _write_quantizer(file, matrix.norms[1])
        return
    assert isinstance(matrix, Dense)  # noqa: S101 - there are two kinds
    file.write(b"\0" + _SHAPE.pack(*matrix.shape))
    matrix.values.astype("<f4", copy=False).tofile(file)


def _write_quantizer(file: BinaryIO, quantizer: Quantizer) -> None:
    file.write(_QUANTIZER.pack(quantizer.columns, quantizer.pieces, quantizer.width, quantizer.last_width))
    quantizer.centroids.astype("<f4", copy=False).tofile(file)


def read(path: Path) -> TextModel:
    """Return the model in a file; its matrices stay in the file until they are used.

    Raises ModelError for a file that is not fastText's, is cut off, or has a model of another kind.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _read(_Reader(path, content))
    except FileNotFoundError:
        raise ModelError(f"No model file in {path.parent}: expected {path.name} at the root of model.tar.gz") from None
    except (struct.error, ValueError) as error:
        raise ModelError(f"Model at {path} is not in fastText's format: {error}") from None


class _Reader:
    """A position in a file."""

    def __init__(self, path: Path, content: mmap.mmap) -> None:
        self.path, self._content, self._at = path, content, 0

    def unpacked(self, form: struct.Struct) -> tuple[Any, ...]:
        found = form.unpack_from(self._content, self._at)
        self._at += form.size
        return found

    def name(self) -> bytes:
        end = self._content.find(b"\0", self._at)
        if end < 0:
            raise ValueError("a word has no end")
        found = self._content[self._at : end]
        self._at = end + 1
        return found

    def flag(self) -> bool:
        return bool(self.unpacked(struct.Struct("<?"))[0])

    def numbers(self, kind: str, *shape: int) -> NDArray[Any]:
        """Return numbers mapped from the file."""
        size = np.dtype(kind).itemsize
        for length in shape:
            size *= length
        if min(shape) < 0 or self._at + size > len(self._content):
            raise ValueError(f"it has {len(self._content)} bytes, and {size} more are expected at byte {self._at}")
        if not size:
            return np.empty(shape, dtype=kind)
        found = np.memmap(self.path, dtype=kind, mode="r", offset=self._at, shape=shape)
        self._at += size
        return found


def _read(reader: _Reader) -> TextModel:
    magic, version = reader.unpacked(_HEAD)
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError(f"it begins with {magic} and version {version}, expected {_MAGIC} and {_VERSION}")
    arguments = Arguments(*reader.unpacked(_ARGUMENTS))
    _check(reader.path, arguments)
    vocabulary, pairs = _vocabulary(reader)
    vectors = _matrix(reader, quantized=reader.flag())
    kept = None
    if pairs is not None:
        kept, vectors = _in_order(pairs, vectors, len(vocabulary.words))
    # fastText looks at this flag in a quantized model only, but always stores it.
    weights = _matrix(reader, quantized=reader.flag() and isinstance(vectors, Quantized))
    rows = len(vocabulary.words) + (arguments.buckets if kept is None else len(kept))
    outputs = len(vocabulary.labels if arguments.kind == SUPERVISED else vocabulary.words)
    if vectors.shape != (rows, arguments.dim) or weights.shape != (outputs, arguments.dim):
        raise ValueError(f"its matrices have {vectors.shape} and {weights.shape} numbers, which do not fit its words")
    output = weights.values if isinstance(weights, Dense) else weights.rows(np.arange(outputs))
    return TextModel(arguments, vocabulary, kept, vectors, output, exclusive=arguments.loss == SOFTMAX)


def _in_order(pairs: NDArray[np.int32], vectors: Matrix, words: int) -> tuple[NDArray[np.int64], Matrix]:
    """Return the buckets that have a row, ascending, and the vectors with rows in that order."""
    by_bucket = pairs[np.argsort(pairs[:, 0])]
    kept, rows = by_bucket[:, 0].astype(np.int64), by_bucket[:, 1]
    if not isinstance(vectors, Quantized) or not np.array_equal(np.sort(rows), np.arange(len(rows))):
        raise ValueError("it lacks rows of buckets")
    if np.array_equal(rows, np.arange(len(rows))):
        return kept, vectors
    order = np.concatenate([np.arange(words), words + rows])
    norms = vectors.norms and (vectors.norms[0][order], vectors.norms[1])
    return kept, Quantized(vectors.codes[order], vectors.quantizer, norms)


def _check(path: Path, arguments: Arguments) -> None:
    unsupported = None
    if arguments.kind == SUPERVISED and arguments.loss == HIERARCHICAL_SOFTMAX:
        unsupported = "a classifier with a hierarchical softmax"
    elif arguments.kind == SUPERVISED and arguments.max_char > 0:
        unsupported = "a classifier with subwords"
    elif arguments.max_char > 0 and arguments.buckets < 1:
        raise ValueError("it has subwords and no buckets")
    if unsupported:
        raise ModelError(f"Model at {path} is {unsupported}, which local AWS cannot serve: serve it on AWS")


def _vocabulary(reader: _Reader) -> tuple[Vocabulary, NDArray[np.int32] | None]:
    """Return the words, and the pairs of a bucket and its row if only some buckets have one."""
    size, words, labels, tokens, pruned = reader.unpacked(_SIZES)
    entries = [(reader.name(), *reader.unpacked(_ENTRY)) for _ in range(size)]
    if size != words + labels or [kind for *_, kind in entries] != [_WORD] * words + [_LABEL] * labels:
        raise ValueError("its labels do not follow its words")
    names, counts = [name for name, *_ in entries], [count for _, count, _ in entries]
    vocabulary = Vocabulary(names[:words], names[words:], counts[:words], counts[words:], tokens)
    return vocabulary, None if pruned < 0 else reader.numbers("<i4", pruned, 2)


def _matrix(reader: _Reader, *, quantized: bool) -> Matrix:
    if not quantized:
        return Dense(reader.numbers("<f4", *reader.unpacked(_SHAPE)))
    has_norms, rows, columns, size = reader.unpacked(_QUANTIZED_SHAPE)
    codes = reader.numbers("u1", rows, size // max(rows, 1))
    quantizer = _quantizer(reader)
    if quantizer.columns != columns or quantizer.pieces != codes.shape[1]:
        raise ValueError(f"its quantized matrix has {columns} columns and codes for {quantizer.columns}")
    if not has_norms:
        return Quantized(codes, quantizer)
    return Quantized(codes, quantizer, (reader.numbers("u1", rows), _quantizer(reader)))


def _quantizer(reader: _Reader) -> Quantizer:
    columns, pieces, width, _ = reader.unpacked(_QUANTIZER)
    if width < 1 or pieces != -(-columns // width):
        raise ValueError(f"it cuts {columns} columns into {pieces} pieces of {width}")
    return Quantizer(columns, width, reader.numbers("<f4", columns * LEVELS))
