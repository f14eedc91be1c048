"""Checks CreateTransformJob's request: what SageMaker refuses beyond its service model, and what is not emulated.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

from __future__ import annotations

from local_aws.sagemaker.faults import invalid, not_emulated
from local_aws.sagemaker.refusals import check_environment, check_uri, check_volume_key, refuse
from local_aws.sagemaker.transform.data_processing import CSV, JSON, JSON_LINES
from local_aws.sagemaker.transform.json_paths import PathError, parse
from local_aws.wire import Document

_MAX_MB = 100


def check(request: Document) -> None:
    """Raise ValidationException for a request that SageMaker refuses, or that local AWS cannot run."""
    refuse(request, {"DataCaptureConfig": "data capture of transform jobs (DataCaptureConfig)"})
    source, output = request["TransformInput"], request["TransformOutput"]
    data = source["DataSource"]["S3DataSource"]
    if data["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise invalid(f"The S3DataType {data['S3DataType']} is not valid for a transform job.")
    check_uri(data["S3Uri"])
    check_uri(output["S3OutputPath"])
    if source.get("SplitType", "None") not in ("None", "Line"):
        raise not_emulated(f"binary records (SplitType {source['SplitType']})")
    resources = request["TransformResources"]
    check_volume_key("VolumeKmsKeyId", resources.get("VolumeKmsKeyId"), resources["InstanceType"])
    _check_limits(request)
    check_environment(request.get("Environment", {}))
    if request.get("DataProcessing"):
        _check_processing(request["DataProcessing"], source, output)


def with_defaults(request: Document) -> Document:
    """The request with SageMaker's defaults."""
    source = {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]}
    output = {"AssembleWith": "None", "KmsKeyId": "", **request["TransformOutput"]}
    given = request.get("DataProcessing", {})
    processing = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None", **given}
    return {**request, "TransformInput": source, "TransformOutput": output, "DataProcessing": processing}


def _check_limits(request: Document) -> None:
    size, parallel = request.get("MaxPayloadInMB"), request.get("MaxConcurrentTransforms") or 1
    if size == 0:
        raise invalid("MaxPayloadInMB is 0, which streams the data; built-in algorithms do not support it.")
    if (size or 0) > _MAX_MB or (size or 0) * parallel > _MAX_MB:
        raise invalid(
            f"MaxPayloadInMB ({size}) and its product with MaxConcurrentTransforms ({parallel}) must not exceed "
            f"{_MAX_MB}."
        )
    split = request["TransformInput"].get("SplitType", "None") != "None"
    if request.get("BatchStrategy") and not split:
        raise invalid("BatchStrategy needs a SplitType of Line, RecordIO or TFRecord.")


def _check_processing(processing: Document, source: Document, output: Document) -> None:
    for member in ("InputFilter", "OutputFilter"):
        try:
            parse(processing.get(member) or "$")
        except PathError as error:
            raise invalid(f"{member}: {error}") from None
    joins, filters = processing.get("JoinSource") == "Input", processing.get("OutputFilter", "$") != "$"
    if not joins and not filters and processing.get("InputFilter", "$") == "$":
        return
    kind = source.get("ContentType")
    if kind not in (CSV, JSON, JSON_LINES):
        raise invalid(f"DataProcessing needs a ContentType of {CSV}, {JSON} or {JSON_LINES}; found {kind}.")
    split, assemble = source.get("SplitType", "None"), output.get("AssembleWith", "None")
    if split != assemble or (kind != JSON and split != "Line"):
        raise invalid(f"DataProcessing of {kind} needs SplitType and AssembleWith Line; found {split} and {assemble}.")
    if (joins or filters) and output.get("Accept", kind) != kind:
        raise invalid(f"DataProcessing needs Accept to be the ContentType {kind}; found {output['Accept']}.")
