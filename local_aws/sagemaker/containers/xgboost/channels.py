"""The container's check of the input channels.

Channels: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html; content types are compared as literal
texts, so `text/csv;label_size=1` is refused although the data parser would understand it:
https://github.com/aws/sagemaker-xgboost-container/blob/master/src/sagemaker_algorithm_toolkit/channel_validation.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws.sagemaker.containers.toolkit.exceptions import NotEmulatedError, UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

CSV = "csv"
LIBSVM = "libsvm"
PARQUET = "parquet"
RECORDIO = "recordio-protobuf"

FORMATS = {
    "csv": CSV,
    "libsvm": LIBSVM,
    "parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "text/csv": CSV,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "application/x-parquet": PARQUET,
    "application/x-recordio-protobuf": RECORDIO,
}
EMULATED = (CSV, LIBSVM)

_DEFAULT_CONTENT_TYPE = "text/libsvm"
_DISTRIBUTIONS = ("ShardedByS3Key", "FullyReplicated")
_CHANNELS = ("train", "validation", "code")
_NO_PIPE = (
    "Pipe mode for CSV is no longer supported. Please use Fast File mode (default) instead. "
    "Set input_mode='File' in your SageMaker Estimator or TrainingInput."
)


def format_of(content_type: str | None) -> str:
    """Return the data format of a content type, which may have parameters; no content type means libsvm.

    Raises UserError with the container's text.
    """
    if content_type is None:
        return LIBSVM
    name, *rest = (part.strip() for part in content_type.lower().split(";"))
    if name not in FORMATS:
        raise UserError(f"{content_type} is not an accepted ContentType: {', '.join(FORMATS)}.")
    if FORMATS[name] == CSV:
        parameters = dict(part.partition("=")[::2] for part in rest)
        if parameters.get("label_size", "1").strip('"') != "1":
            raise UserError(
                f"{content_type} is not an accepted csv ContentType. Optional parameter label_size must be equal to 1"
            )
    return FORMATS[name]


def validate(config: Mapping[str, Mapping[str, str]]) -> str:
    """Check inputdataconfig.json and return the data format: that of train, for both channels.

    Raises UserError with the container's text, NotEmulatedError for Parquet and RecordIO.
    """
    if "train" not in config:
        raise UserError("Missing required channel: train")
    for name, given in config.items():
        if name not in _CHANNELS:
            raise UserError(f"Extraneous channel found: {name}")
        _check_channel(name, {"ContentType": _DEFAULT_CONTENT_TYPE} | dict(given))
    data_format = format_of(config["train"].get("ContentType"))
    if data_format not in EMULATED:
        raise NotEmulatedError(
            f"Channel 'train' has ContentType {config['train']['ContentType']!r}: local AWS reads csv and libsvm. "
            "Convert the data to CSV, or train on AWS."
        )
    return data_format


def _check_channel(name: str, given: dict[str, str]) -> None:
    content_type = given["ContentType"]
    mode = given.get("TrainingInputMode", "File")
    known = content_type == "text/python" if name == "code" else content_type in FORMATS
    if known and mode == "Pipe" and FORMATS.get(content_type) == CSV:
        raise UserError(_NO_PIPE)
    # A container sees a FastFile mount as files; AWS does not document whether the mode here is then `File`.
    if not known or mode not in ("File", "FastFile") or _distribution(given) not in _DISTRIBUTIONS:
        raise UserError(f"Channel configuration for '{name}' channel is not supported: {given}")


def _distribution(given: dict[str, str]) -> str:
    return given.get("S3DistributionType", "FullyReplicated")
