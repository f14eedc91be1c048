"""What an endpoint of a release predicts, with an endpoint that a test plays."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from slipway.console.endpoints import asking
from slipway.console.endpoints.asking import MOST_ROWS, Model, answer
from slipway.console.shell import drawn
from slipway.datasets.rows import Columns
from slipway.releases.overview import session_for
from slipway.releases.predictions import Served

from tests.slipway.console.drawing import asked, links_of, session_with, text_of

ENDPOINT = "slipway-local-wine-prod"
COLUMNS = Columns("quality", tuple(f"f{number}" for number in range(10)))
ROW = ",".join("0123456789")


class Runtime:
    """Names a class for each row, and refuses a nine."""

    def __init__(self) -> None:
        self.calls = 0

    def invoke_endpoint(self, *, Body: bytes, **_request: Any) -> dict[str, Any]:  # noqa: N803
        self.calls += 1
        if Body.startswith(b"9"):
            error = {"Error": {"Code": "ModelError", "Message": "x"}, "OriginalMessage": "<b>no nine</b>"}
            raise ClientError(error, "InvokeEndpoint")
        label = {"score": [0.25, 0.75], "predicted_label": "<i>", "probabilities": {"<i>": 0.75}}
        return {"Body": BytesIO(json.dumps({"predictions": [label] * len(Body.splitlines())}).encode())}


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    made = Runtime()
    session = session_for(session_with(**{"sagemaker-runtime": made}), "wine")
    served = Served("prod", ENDPOINT, "m", "0123abcd-4567-89ab-cdef-0123456789ab", COLUMNS, None)
    monkeypatch.setattr(asking, "find_model", lambda _asked: Model(session, served))
    return made


def test_the_model_is_linked_whatever_the_name_of_the_installation(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    del runtime
    run = "0123abcd-4567-89ab-cdef-0123456789ab"
    served = Served("prod", "slipway-team-a-wine-prod", "m", run, COLUMNS, None)
    found = Model(session_for(session_with(), "wine"), served)
    monkeypatch.setattr(asking, "find_model", lambda _asked: found)
    page = asking.ask(asked(session_with(), name=served.endpoint))
    assert f"/_console/models/wine/releases/{run}" in links_of(page)


def predicted(rows: str) -> tuple[str, str]:
    page = answer(asked(session_with(), name=ENDPOINT), {"rows": rows})
    return text_of(page), drawn(page)


def test_each_row_has_its_prediction(runtime: Runtime) -> None:
    told, markup = predicted(f"{ROW}\r\n{ROW}")
    assert "2 predictions, with the first 8 of 10 features" in told
    assert "quality, predicted Probability Scores f0" in told
    assert "0.7500 0.2500, 0.7500 0 1 2" in told
    assert "<i>" not in markup
    assert runtime.calls == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,2", "rows: row 1: found 2 values; expected 10"),
        ("", "rows: found no rows"),
        ("\n".join([ROW] * (MOST_ROWS + 1)), "rows: found 501; expected at most 500."),
    ],
)
def test_wrong_rows_are_not_sent(runtime: Runtime, rows: str, said: str) -> None:
    told, _ = predicted(rows)
    assert said in told
    assert runtime.calls == 0


def test_an_error_of_the_container_is_text(runtime: Runtime) -> None:
    told, markup = predicted(f"9{ROW[1:]}")
    assert runtime.calls == 1
    assert "the model refused the rows:" in told
    assert "&lt;b&gt;no nine&lt;/b&gt;" in markup
