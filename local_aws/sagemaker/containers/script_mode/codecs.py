"""The default decoders and encoders of the images' serving toolkits.

https://github.com/aws/sagemaker-containers, _encoders.py; https://github.com/aws/sagemaker-inference-toolkit,
decoder.py; https://github.com/aws/sagemaker-xgboost-container, encoder.py. numpy and XGBoost are imported when first
used, as a script may bring its own.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

CSV, JSON, NPY = "text/csv", "application/json", "application/x-npy"
TEXT_TYPES = (JSON, CSV)
"""Types whose bodies are decoded from UTF-8 before input_fn sees them."""
_LIBSVM = ("text/libsvm", "text/x-libsvm")


class UnsupportedFormatError(Exception):
    """A content type for which there is no default."""

    def __init__(self, content_type: object) -> None:
        super().__init__(
            f"Content type {content_type} is not supported by this framework.\n\nPlease implement input_fn to "
            "to deserialize the request data or an output_fn to\nserialize the response. For more information, see the "
            "SageMaker Python SDK README."
        )


def decode(body: Any, content_type: object) -> Any:
    """The body as an array (sagemaker-containers). CSV of one row has one dimension, as in the image."""
    import numpy as np  # noqa: PLC0415 - see the module

    if content_type == CSV:
        rows = np.array(list(csv.reader(io.StringIO(body), strict=True))).squeeze()
        try:
            return rows.astype(None)
        except ValueError:
            return rows
    if content_type == JSON:
        return np.array(json.loads(body))
    if content_type == NPY:
        return np.load(io.BytesIO(body))
    raise UnsupportedFormatError(content_type)


def decode_for_torch(body: Any, content_type: object) -> Any:
    """The body as an array (sagemaker-inference)."""
    import numpy as np  # noqa: PLC0415 - see the module

    if content_type == CSV:
        return np.genfromtxt(io.StringIO(body), delimiter=",")
    return decode(body, content_type)


def decode_to_matrix(body: Any, content_type: object) -> Any:
    """The body as a DMatrix; parameters of the content type are ignored."""
    import numpy as np  # noqa: PLC0415 - see the module
    import xgboost as xgb  # noqa: PLC0415 - see the module

    kind = str(content_type).partition(";")[0].strip().lower()
    if kind == CSV:
        text = body.decode() if isinstance(body, bytes) else body
        sniffed = csv.Sniffer().sniff(text.split("\n")[0][:512]).delimiter
        delimiter = "," if sniffed.isalnum() else sniffed
        rows = [["nan" if cell == "" else cell for cell in line.split(delimiter)] for line in text.split("\n")]
        return xgb.DMatrix(np.array(rows).astype(float))
    if kind in _LIBSVM:
        return xgb.DMatrix(_sparse(body if isinstance(body, bytes) else body.encode()))
    raise UnsupportedFormatError(kind)


def _sparse(body: bytes) -> Any:
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - see the module

    from local_aws.sagemaker.containers.toolkit import libsvm_text  # noqa: PLC0415 - imports numpy
    from local_aws.sagemaker.containers.toolkit.fields import Text  # noqa: PLC0415 - imports numpy

    parsed = libsvm_text.parse(Text.of(body), labelled=False)
    return csr_matrix((parsed.values, parsed.indexes, parsed.pointers), shape=(parsed.rows, parsed.columns))


def encode(prediction: Any, accept: object) -> str | bytes:
    """A prediction as text, or as the bytes of an NPY file."""
    import numpy as np  # noqa: PLC0415 - see the module

    if accept == CSV:
        array = np.array(prediction)
        rows = array.reshape(-1, 1) if array.ndim == 1 else array
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(rows)
        return stream.getvalue()
    if accept == JSON:
        return json.dumps(prediction, default=_plain)
    if accept == NPY:
        buffer = io.BytesIO()
        np.save(buffer, prediction)
        return buffer.getvalue()
    raise UnsupportedFormatError(accept)


def _plain(value: Any) -> Any:
    """An array or a number of numpy, as JSON has it. Raises TypeError."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
