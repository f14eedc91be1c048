"""Streams the files of a channel as batches: one request each, in constant memory, from any position on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from inference_lambdas.predicting.rows import Block, RowError, RowFormat, parse_block
from pipeline_lambdas.runtime.failures import ConfigurationError

# Some ten thousand rows: the cost of a request is spread over many, memory stays small, and both limits below are
# far above.
TARGET_BYTES = 1024 * 1024
# What SageMaker takes; a container may take less.
# https://docs.aws.amazon.com/sagemaker/latest/dg/deploy-model-options.html
INSTANCE_LIMIT_BYTES = 25_000_000
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html
SERVERLESS_LIMIT_BYTES = 4 * 1024 * 1024


class Stream(Protocol):
    """An object being read; `aws.s3.ObjectStream` is one."""

    uri: str
    etag: str | None
    size_bytes: int

    def read(self, size: int, /) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on: the file's index, the byte offset in it, the next line, and what is known by then.

    `etag` pins the file's content, `columns` is None until the first row was read, `rows` counts all so far.
    """

    file: int = 0
    offset: int = 0
    line: int = 1
    rows: int = 0
    columns: int | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One request: labels, rows and body in the same order; `end` is the position behind it."""

    block: Block
    labels: list[float]
    label_texts: Sequence[bytes]
    rows: list[bytes]
    body: bytes
    end: Position


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How the channel is read.

    `sizes` are those of the files in bytes. `open_file` opens a file by its index at an offset, pinned to an
    ETag if there is one.
    """

    sizes: tuple[int, ...]
    form: RowFormat
    limit_bytes: int
    open_file: Callable[[int, int, str | None], Stream]
    max_rows: int | None = None
    columns: int | None = None
    target_bytes: int = TARGET_BYTES


def batches(plan: BatchPlan, start: Position) -> Iterator[Batch]:
    """Yield the batches from `start` on.

    Raises RowError for a row that is wrong or a file without rows.
    """
    position = start
    if position.columns is None and plan.columns is not None:
        position = Position(columns=plan.columns)
    while position.file < len(plan.sizes) and not _enough(plan, position):
        if position.offset >= plan.sizes[position.file] > 0:
            # An earlier invocation ended just behind the file's last row; S3 refuses a range that starts there.
            position = _next_file(position)
            continue
        stream = plan.open_file(position.file, position.offset, position.etag)
        try:
            rows_before = position.rows if position.offset == 0 else None
            for batch in _batches_of_file(plan, stream, position):
                yield batch
                position = batch.end
                if _enough(plan, position):
                    return
        finally:
            stream.close()
        if position.rows == rows_before:
            raise RowError(f"{stream.uri}: found no rows; expected rows of numbers")
        position = _next_file(position)


def _next_file(position: Position) -> Position:
    return Position(file=position.file + 1, rows=position.rows, columns=position.columns)


def _enough(plan: BatchPlan, position: Position) -> bool:
    return plan.max_rows is not None and position.rows >= plan.max_rows


def _batches_of_file(plan: BatchPlan, stream: Stream, start: Position) -> Iterator[Batch]:
    rows, columns = start.rows, start.columns
    for block in blocks(stream, plan, start):
        wanted = None if plan.max_rows is None else plan.max_rows - rows
        parsed = parse_block(block, plan.form, columns, wanted)
        if not parsed.labels:
            continue
        rows, columns = rows + len(parsed.labels), parsed.columns
        end = Position(
            file=start.file,
            offset=block.end_offset,
            line=block.first_line + block.content.count(b"\n"),
            rows=rows,
            columns=columns,
            etag=stream.etag,
        )
        yield Batch(block, parsed.labels, parsed.label_texts, parsed.rows, parsed.body, end)


def blocks(stream: Stream, plan: BatchPlan, start: Position) -> Iterator[Block]:
    """Yield runs of whole lines of at most the target size; a longer line comes with what follows, up to the limit.

    Where a block ends depends only on where it starts, so an evaluation that is continued sends the same requests.
    """
    offset, line, tail = start.offset, start.line, b""
    while True:
        chunk = stream.read(plan.target_bytes - len(tail) if len(tail) < plan.target_bytes else plan.target_bytes)
        content = tail + chunk
        cut = content.rfind(b"\n") + 1 if chunk else len(content)
        if cut:
            offset += cut
            block = Block(stream.uri, content[:cut], line, offset)
            yield block
            line += block.content.count(b"\n")
        if not chunk:
            return
        tail = content[cut:]
        if len(tail) + plan.target_bytes > plan.limit_bytes:
            raise ConfigurationError(
                f"{stream.uri}: line {line}: found a row of more than {len(tail)} bytes; expected at most "
                f"{plan.limit_bytes - plan.target_bytes}, as one request to the endpoint holds whole rows"
            )
