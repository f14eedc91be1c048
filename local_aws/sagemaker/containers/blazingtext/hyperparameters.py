"""The container's own check of hyperparameters, before any data is read.

Names, values and defaults: https://docs.aws.amazon.com/sagemaker/latest/dg/blazingtext_hyperparameters.html. One that
belongs to another mode is ignored, as AWS's own example gives `batch_size` to skipgram
(https://github.com/aws/amazon-sagemaker-examples, blazingtext_word2vec_subwords_text8.ipynb); the log says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.sagemaker.containers.toolkit.kinds import POSITIVE, Kind, check, integer, one_of

SUPERVISED, SKIPGRAM, CBOW, BATCH_SKIPGRAM = "supervised", "skipgram", "cbow", "batch_skipgram"
MODES = (BATCH_SKIPGRAM, SKIPGRAM, CBOW, SUPERVISED)

_LARGEST = 2**31 - 1
"""A model's file has whole numbers in 32 bits with a sign."""
_COUNT = integer(1, _LARGEST)
_TRUTH = one_of("True", "False", "true", "false")
_WORD_VECTORS = (BATCH_SKIPGRAM, SKIPGRAM, CBOW)

_KINDS: dict[str, tuple[Kind, str, tuple[str, ...]]] = {
    "mode": (one_of(*MODES), "", MODES),
    "epochs": (_COUNT, "5", MODES),
    "learning_rate": (POSITIVE, "0.05", MODES),
    "min_count": (integer(0, _LARGEST), "5", MODES),
    "vector_dim": (_COUNT, "100", MODES),
    "buckets": (_COUNT, "2000000", MODES),
    "word_ngrams": (_COUNT, "2", (SUPERVISED,)),
    "early_stopping": (_TRUTH, "False", (SUPERVISED,)),
    "patience": (_COUNT, "4", (SUPERVISED,)),
    "min_epochs": (_COUNT, "5", (SUPERVISED,)),
    "window_size": (_COUNT, "5", _WORD_VECTORS),
    "negative_samples": (_COUNT, "5", _WORD_VECTORS),
    "sampling_threshold": (POSITIVE, "0.0001", _WORD_VECTORS),
    "evaluation": (_TRUTH, "True", _WORD_VECTORS),
    "batch_size": (_COUNT, "11", (BATCH_SKIPGRAM,)),
    "subwords": (_TRUTH, "False", (SKIPGRAM, CBOW)),
    "min_char": (_COUNT, "3", (SKIPGRAM, CBOW)),
    "max_char": (_COUNT, "6", (SKIPGRAM, CBOW)),
    "_tuning_objective_metric": (Kind("a metric", lambda _: True), "", MODES),
}
"""The kind, the default and the modes of each; `mode` is required."""


@dataclass(frozen=True)
class Settings:
    """The hyperparameters of a mode as texts, with defaults for those that were not given."""

    texts: Mapping[str, str]
    ignored: tuple[str, ...]

    @property
    def mode(self) -> str:
        return self.texts["mode"]

    def integer(self, name: str) -> int:
        return int(float(self.texts[name]))

    def number(self, name: str) -> float:
        return float(self.texts[name])

    def truth(self, name: str) -> bool:
        return self.texts[name].lower() == "true"


def validate(given: Mapping[str, str]) -> Settings:
    """Return the hyperparameters; raises CustomerError for the first fault."""
    check(given, {name: kind for name, (kind, *_) in _KINDS.items()}, ["mode"])
    mode = given["mode"]
    texts = {name: given.get(name, default) for name, (_, default, modes) in _KINDS.items() if mode in modes}
    return Settings(texts, tuple(name for name in given if name not in texts))
