"""What `make policies` takes; that the file is as moto's copy says, `make check` compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from upkeep.managed_policies import main, rendered, selected


def policy(path: str = "/", **more: Any) -> dict[str, Any]:
    dates = {"CreateDate": "2020-01-01T00:00:00+00:00", "UpdateDate": "2021-01-01T00:00:00+00:00"}
    return {**dates, "DefaultVersionId": "v3", "Document": {"Statement": []}, "Path": path, "Other": 1, **more}


def test_the_services_policies_are_taken_under_their_path() -> None:
    published = {
        "AWSLambdaBasicExecutionRole": policy("/service-role/"),
        "AmazonSageMakerFullAccess": policy(),
        "AmazonSageMakerNotebooksServiceRolePolicy": policy("/aws-service-role/"),
        "AmazonSageMakerCanvasFullAccess": policy(),
        "AmazonGlacierReadOnlyAccess": policy(),
        "AdministratorAccess": policy(),
        "AdministratorAccess-Amplify": policy(),
    }
    taken = selected(published)
    assert list(taken) == [
        "AdministratorAccess",
        "AmazonSageMakerFullAccess",
        "service-role/AWSLambdaBasicExecutionRole",
    ]
    assert set(taken["AdministratorAccess"]) == {"CreateDate", "UpdateDate", "DefaultVersionId", "Document"}
    assert json.loads(rendered(taken)) == taken


def test_a_changed_file_is_noticed_and_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "managed_policies.json"
    assert main(["--check"], file) == 1
    assert "make policies" in capsys.readouterr().err
    assert main([], file) == 0
    assert main(["--check"], file) == 0
    file.write_text(file.read_text(encoding="utf-8").replace('"Allow"', '"Deny"', 1), encoding="utf-8")
    assert main(["--check"], file) == 1
    assert main(["--chek"], file) == 2
