"""Reads the items of a distributed Map from S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from local_aws.stepfunctions.contracts.errors import ITEM_READER_FAILED, StatesError
from local_aws.stepfunctions.definition.model import ItemReader
from local_aws.stepfunctions.tasks.items.formats import FormatError, csv_rows, items, lines, text, unzipped
from local_aws.stepfunctions.tasks.items.objects import Bucket, Place
from local_aws.stepfunctions.tasks.sdk.names import sdk_member
from local_aws.stepfunctions.tasks.sdk.requests import parse
from local_aws.stepfunctions.tasks.tools import Tools

MOST_ITEMS = 100_000_000
_INVENTORY, _ATHENA = "S3_INVENTORY", "ATHENA_DATA"
_OPERATIONS = {"s3:getObject": "GetObject", "s3:listObjectsV2": "ListObjectsV2"}


@dataclass(frozen=True, slots=True)
class Item:
    """One item; `key` is of the members of a JSON object, `source` the context's Map.Item.Source.

    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html
    """

    value: Any
    key: str | None = None
    source: str = ""


class DatasetReader:
    """Reads datasets; the memory that it takes is that of a part of an object and of one item."""

    def __init__(self, tools: Tools) -> None:
        """Keep the surroundings."""
        self._tools = tools

    def read(
        self,
        reader: ItemReader,
        arguments: Mapping[str, Any],
        config: Mapping[str, Any],
        role_arn: str,
        state_machine_arn: str,
    ) -> Iterator[Item]:
        """The items, read as they are taken.

        `arguments` and `config` are Parameters and ReaderConfig after evaluation; MaxItems stands in the latter, also
        where it was declared by MaxItemsPath. Raises StatesError States.ItemReaderFailed.
        """
        bucket = Bucket(self._tools, Place(role_arn, state_machine_arn, ITEM_READER_FAILED))
        request = self._request(reader, arguments)
        found = _listing(bucket, request, config) if _lists(reader) else _dataset(bucket, request, config)
        try:
            yield from islice(found, _most(config))
        except FormatError as error:
            raise StatesError(ITEM_READER_FAILED, str(error)) from error

    def _request(self, reader: ItemReader, arguments: Mapping[str, Any]) -> dict[str, Any]:
        operation = next((name for end, name in _OPERATIONS.items() if reader.resource.endswith(end)), None)
        if operation is None:
            expected = ", ".join(f"arn:aws:states:::{name}" for name in _OPERATIONS)
            raise StatesError(
                ITEM_READER_FAILED, f"The ItemReader's Resource is {reader.resource}; expected {expected}"
            )
        request, findings = parse(self._tools.model("s3").operation_model(operation).input_shape, arguments, sdk_member)
        wrong = findings.unfit + [f"The field '{name}' is required but was missing" for name in findings.missing]
        if wrong:
            raise StatesError(ITEM_READER_FAILED, "; ".join(wrong))
        return request


def _lists(reader: ItemReader) -> bool:
    return reader.resource.endswith("listObjectsV2")


def _most(config: Mapping[str, Any]) -> int:
    """MaxItems, which a JSONata expression may give as any number; 0 is as absent."""
    most = config.get("MaxItems") or MOST_ITEMS
    if isinstance(most, bool) or not isinstance(most, int | float) or most != int(most) or most < 0:
        raise StatesError(ITEM_READER_FAILED, f"MaxItems is {most!r}; expected an integer that is not negative")
    return min(int(most), MOST_ITEMS)


def _listing(bucket: Bucket, request: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Item]:
    """The objects' metadata, or with LOAD_AND_FLATTEN the items in them."""
    name = request["Bucket"]
    flatten = config.get("Transformation", "NONE") == "LOAD_AND_FLATTEN"
    for entry in bucket.list(request):
        if not flatten:
            yield Item(entry, source=f"s3://{name}")
        elif not (entry["Key"].endswith("/") and entry["Size"] == 0):
            yield from _one(bucket, {"Bucket": name, "Key": entry["Key"]}, config)


def _dataset(bucket: Bucket, request: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Item]:
    kind = config.get("ManifestType") or (_INVENTORY if config.get("InputType") == "MANIFEST" else None)
    if kind is None:
        yield from _one(bucket, request, config)
    elif kind == _INVENTORY:
        yield from _inventory(bucket, request)
    elif kind == _ATHENA:
        yield from _athena(bucket, request, config)
    else:
        raise FormatError(f"ManifestType is '{kind}'; expected {_INVENTORY} or {_ATHENA}")


def _one(bucket: Bucket, request: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Item]:
    """The items of one object."""
    source = f"s3://{request['Bucket']}/{request['Key']}"
    for key, value in items(bucket.read(request), config):
        yield Item(value, key, source)


def _inventory(bucket: Bucket, request: Mapping[str, Any]) -> Iterator[Item]:
    """The rows of the files of an S3 inventory, which only its CSV form is read of.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html
    """
    try:
        manifest = json.loads(b"".join(bucket.read(request)))
        names = [name.strip() for name in manifest["fileSchema"].split(",")]
        kind, files = manifest["fileFormat"], [file["key"] for file in manifest["files"]]
        holder = manifest["destinationBucket"].rpartition(":")[2]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{request['Key']} is no manifest of an S3 inventory: {error!r}") from error
    if kind != "CSV":
        raise FormatError(f"The S3 inventory of {request['Key']} has the format {kind}; expected CSV")
    for key in files:
        chunks = bucket.read({"Bucket": holder, "Key": key})
        rows = lines(text(unzipped(chunks) if key.endswith(".gz") else chunks))
        for row in csv_rows(rows, names):
            yield Item(row, source=f"s3://{holder}/{key}")


def _athena(bucket: Bucket, request: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Item]:
    """The items of the objects that a manifest of Athena's UNLOAD lists, one URI a line.

    https://docs.aws.amazon.com/athena/latest/ug/unload.html
    """
    for line in lines(text(bucket.read(request))):
        uri = line.strip().strip('"')
        if not uri:
            continue
        name, found, key = uri.removeprefix("s3://").partition("/")
        if not found or not uri.startswith("s3://"):
            raise FormatError(f"{request['Key']} is no manifest of Athena: '{uri[:200]}' is no URI of S3")
        yield from _one(bucket, {"Bucket": name, "Key": key}, config)
