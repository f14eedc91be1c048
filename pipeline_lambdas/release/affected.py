"""Decides which changes release a model, for the function and for the command line.

A push that arrives through a connection never reaches the function. For it, the triggers of
`cloudformation/pipeline.yml` hold the same rules as patterns, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable

TRAINING_CONFIG, PIPELINE_LAMBDAS, INFERENCE_LAMBDAS, DATASET = (
    "TrainingConfig",
    "PipelineLambdas",
    "InferenceLambdas",
    "Dataset",
)
"""The source actions of a pipeline."""

_CODE_FOLDERS = ("pipeline_lambdas/", "inference_lambdas/", "scripts/")
_CODE_FILES = frozenset({"buildspec.yml", "requirements/build.txt"})
_NO_CODE = ".md"


def config_file(model: str) -> str:
    """Return the name of a model's config file in its repository."""
    return f"{model}.yml"


def program_folder(model: str) -> str:
    """Return the prefix of the files of a model's program in the repository of its config."""
    return f"{model}/"


def releasing(source: str, model: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Return, sorted, the changed paths of a source's repository that release the model.

    Of the configs, that is the model's own, and whatever is in the folder of its program. Of the code, it is everything
    that goes into the functions or builds them, as every model has its own functions of the same code. Tests, templates
    and documentation do not count.
    """
    if source == TRAINING_CONFIG:
        return tuple(
            sorted({path for path in paths if path == config_file(model) or path.startswith(program_folder(model))})
        )
    return tuple(sorted({path for path in paths if _is_code(path)}))


def _is_code(path: str) -> bool:
    return path in _CODE_FILES or (path.startswith(_CODE_FOLDERS) and not path.endswith(_NO_CODE))
