"""The endpoint of a release, asked in each way that the documentation names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.local_server import ROOT
from tests.releases.house import PREFIX, House

PAGE = (ROOT / "docs" / "predict.md").read_text(encoding="utf-8")
ROW = "7.4,0.7,0,1.9,0.076,11,34,0.9978,3.51,0.56,9.4"
COLUMNS = json.loads((ROOT / "data" / "wine-quality" / "columns.json").read_text(encoding="utf-8"))


def block(name: str) -> str:
    """The lines of a block of code in the page."""
    found = PAGE.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
    return "\n".join(found.strip().splitlines()[1:-1])


def surroundings(house: House) -> dict[str, str]:
    """The variables that the page names, with the keys that the tests' own clients sign with."""
    keys = house.client("sagemaker-runtime")._request_signer._credentials.get_frozen_credentials()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **inherited,
        "AWS_ACCESS_KEY_ID": keys.access_key,
        "AWS_SECRET_ACCESS_KEY": keys.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": house.server.url,
    }


def predicted(house: House, *arguments: str) -> float:
    done = house.slipway("predict", *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["predicts"] == "quality"
    (prediction,) = document["predictions"]
    return float(prediction)


def test_every_way_of_asking_gives_the_same_answer(house: House) -> None:
    expected = predicted(house, "--row", ROW)
    named = dict(zip(COLUMNS, [0, *map(float, ROW.split(","))], strict=True))
    backwards = json.dumps(dict(reversed(named.items())))
    file = house.root / "rows.json"
    file.write_text(backwards, encoding="utf-8")
    assert predicted(house, str(file)) == expected
    assert predicted(house, "--row", ROW, "--env", "test") > 0
    code = subprocess.run(
        [sys.executable, "-c", block("boto3")], env=surroundings(house), capture_output=True, text=True, check=False
    )
    assert code.returncode == 0, code.stderr
    assert float(code.stdout) == pytest.approx(expected)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_signs_as_the_page_says(house: House) -> None:
    done = subprocess.run(
        ["sh", "-c", block("curl")], env=surroundings(house), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert float(done.stdout) == pytest.approx(predicted(house, "--row", ROW))


def test_what_cannot_be_asked_says_why(house: House) -> None:
    with_label = house.slipway("predict", "--row", f"7,{ROW}")
    assert with_label.returncode == 1
    assert "found 12 values; expected 11: fixed acidity" in with_label.stderr
    assert "The label, quality, is what is predicted" in with_label.stderr
    missing = house.slipway("predict", "--row", ROW, "--model", "red-wine")
    assert missing.returncode == 1
    assert "found no endpoint of any environment" in missing.stderr
    assert f"{PREFIX}-prod" not in missing.stderr
