"""What the container's root wrote becomes the user's, where the engine runs as root and local AWS does not."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from local_aws.sagemaker.containers.own_images.launch import EngineContainers, Run

USER = 4321


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files to others")
def test_a_link_to_nothing_does_not_prevent_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(tmp_path, USER, USER)
    (tmp_path / "latest").symlink_to("checkpoint-that-was-removed")
    monkeypatch.setattr(os, "getuid", lambda: USER)
    engine = MagicMock()
    EngineContainers(engine, 4566, "state")._hand_over(Run("churn@sha256:0", "token", {}), tmp_path)
    (call,) = engine.run.call_args_list
    assert f"chown -R {USER}:" in call.args[-1]
