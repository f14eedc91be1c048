"""What both machines are asked for: a model by name, and the date of the data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflows.runtime.errors import InputError
from workflows.runtime.task_input import read_input

STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""The key by which the console links an execution to the one that started it:
https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html"""

# A model of SageMaker has at most 63 of these characters, and the prefix of a key may have any of them.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html
_NAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Request:
    """The input of an execution."""

    ModelName: str
    DataDate: str

    @property
    def data(self) -> str:
        """The prefix of the data of that date."""
        return f"{self.model}input-data/{self.DataDate}/"

    @property
    def model(self) -> str:
        """The prefix of all that belongs to the model."""
        return f"workflows/lifecycle/{self.ModelName}/"


def read_request(given: Any) -> Request:
    """Read the input of an execution; InputError names what is missing, unknown or not valid."""
    known = {key: value for key, value in given.items() if key != STARTED_BY} if isinstance(given, Mapping) else given
    request = read_input(Request, known, "The input of the execution")
    if not _NAME.fullmatch(request.ModelName):
        raise InputError(
            f"ModelName: found {request.ModelName!r}; expected 1 to 63 letters, digits and hyphens, no hyphen at the "
            'beginning or the end. Start again with a name such as "churn".'
        )
    if not _is_date(request.DataDate):
        raise InputError(
            f"DataDate: found {request.DataDate!r}; expected a day as YYYY-MM-DD. Start again with one such as "
            '"2019-10-01".'
        )
    return request


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
