"""Granted is used: what the roles may do, against what they did in releases."""

from __future__ import annotations

import json
import math
import time

from tests.local_server import ROOT
from tests.releases.house import FINAL, MODEL, House

SAMPLE = (ROOT / "training_config" / f"{MODEL}.yml").read_text(encoding="utf-8")


def test_releases_use_what_is_granted_and_are_denied_nothing(house: House) -> None:
    started = time.time()
    before = house.newest()
    house.upload(ROOT / "data" / MODEL, [])  # whatever a case before has left
    assert house.wait_for_end(house.wait_for_new(before))["status"] in FINAL
    before = house.newest()
    house.push_config(f"{SAMPLE}# pushed at {before}\n", message="Start a release by a push")
    assert house.wait_for_end(house.wait_for_new(before))["status"] == "Succeeded"
    done = house.slipway("permissions", "--json")
    found = json.loads(done.stdout)
    assert (found["unused"], found["untouched"]) == ([], [])
    # A case before may have denied a role something to see it fail.
    since = f"{math.ceil(time.time() - started)}s"
    assert json.loads(house.slipway("permissions", "--json", "--since", since).stdout)["denied"] == []
    roles = {grant["role"] for grant in found["used"]}
    # A release that succeeds needs none of these: one ends a failed release, one settles the job of a function that
    # died, and one is for a model with metrics of its own.
    spared = {"EndReleaseFunctionRole", "SettleJobFunctionRole", "MetricsRole"}
    every = {grant["role"] for grant in [*found["used"], *found["listed"]]}
    assert roles | spared == every
    assert len(roles) >= 8
