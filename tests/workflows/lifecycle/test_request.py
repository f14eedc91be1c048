from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.lifecycle.requests import MODEL, REQUEST
from workflows.lifecycle.request import STARTED_BY, read_request
from workflows.runtime.errors import InputError


def test_a_request_names_the_prefixes_of_its_data() -> None:
    request = read_request(REQUEST)
    assert (request.ModelName, request.DataDate) == (MODEL, "2019-10-01")
    assert request.model == f"workflows/lifecycle/{MODEL}/"
    assert request.data == f"workflows/lifecycle/{MODEL}/input-data/2019-10-01/"


def test_who_started_the_execution_is_no_part_of_the_request() -> None:
    assert read_request({**REQUEST, STARTED_BY: "arn"}) == read_request(REQUEST)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "The input of the execution: found nothing; expected an object with the keys ModelName, DataDate."),
        ([], "The input of the execution: found a list; expected an object with the keys ModelName, DataDate."),
        ({"ModelName": MODEL}, "lacks DataDate"),
        ({**REQUEST, "Datadate": "x"}, "has the unknown key Datadate"),
        ({**REQUEST, "ModelName": 7}, "has ModelName as a whole number instead of a text"),
        ({**REQUEST, "ModelName": "a/b"}, "ModelName: found 'a/b'; expected 1 to 63 letters, digits and hyphens"),
        ({**REQUEST, "ModelName": "-a"}, "ModelName: found '-a'"),
        ({**REQUEST, "ModelName": "a" * 64}, "ModelName: found 'aaa"),
        ({**REQUEST, "ModelName": "a\n"}, r"ModelName: found 'a\n'"),
        ({**REQUEST, "DataDate": "2019-02-29"}, "DataDate: found '2019-02-29'; expected a day as YYYY-MM-DD."),
        ({**REQUEST, "DataDate": "20191001"}, "DataDate: found '20191001'; expected a day as YYYY-MM-DD."),
        ({**REQUEST, "DataDate": "../2019-10-01"}, "DataDate: found '../2019-10-01'"),
    ],
)
def test_a_request_that_is_not_valid(given: Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_request(given)
    assert said in str(refused.value)
