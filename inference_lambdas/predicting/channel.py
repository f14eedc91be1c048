"""The rows of an evaluation's channel, streamed from S3 as batches."""

from __future__ import annotations

from collections.abc import Iterator

from inference_lambdas.aws.s3 import ObjectStream
from inference_lambdas.predicting.batching import Batch, BatchPlan, Position, Stream, batches
from inference_lambdas.predicting.plan import Evaluation
from pipeline_lambdas.runtime.failures import ConfigurationError


def channel_batches(evaluation: Evaluation, start: Position) -> Iterator[Batch]:
    """Yield the batches from `start` on.

    Raises ConfigurationError for a file of another size than the manifest says, RowError for a row that is wrong.
    """
    files = evaluation.files

    def open_file(index: int, offset: int, etag: str | None) -> Stream:
        file = files[index]
        stream = ObjectStream(evaluation.data, evaluation.dataset.key(file), offset, etag)
        if stream.size_bytes != file.size_bytes:
            raise ConfigurationError(
                f"{stream.uri}: found {stream.size_bytes} bytes; expected {file.size_bytes}, the size in the manifest. "
                "Upload the dataset again."
            )
        return stream

    plan = BatchPlan(
        sizes=tuple(file.size_bytes for file in files),
        form=evaluation.row_format,
        limit_bytes=evaluation.limit_bytes,
        open_file=open_file,
        max_rows=evaluation.test.max_rows,
        columns=len(evaluation.dataset.columns) or None,
        target_bytes=evaluation.target_bytes,
    )
    return batches(plan, start)
