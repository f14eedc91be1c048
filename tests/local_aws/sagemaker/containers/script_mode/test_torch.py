"""A script with the real PyTorch, trained and served; skipped where torch is not installed, as it is no dependency."""

from __future__ import annotations

import importlib.util
import json

import pytest

from tests.local_aws.sagemaker.containers.script_mode.scripts import PYTORCH, hyperparameters, job, served, tarball
from tests.local_aws.sagemaker.house import House

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs torch in this environment: pip install torch"
)

NETWORK = """
import argparse, os, shutil
from pathlib import Path
import numpy as np
import torch

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
    given = parser.parse_args()
    torch.manual_seed(0)
    read = np.loadtxt(Path(os.environ["SM_CHANNEL_TRAIN"]) / "data.csv", delimiter=",")
    rows = torch.tensor(read, dtype=torch.float32)
    features, wanted = rows[:, 1:], rows[:, :1]
    model = torch.nn.Linear(features.shape[1], 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for epoch in range(given.epochs):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(features), wanted)
        loss.backward()
        optimizer.step()
    print(f"loss={loss.item():.6f};")
    torch.jit.script(model).save(os.path.join(os.environ["SM_MODEL_DIR"], "model.pt"))
    code = Path(os.environ["SM_MODEL_DIR"], "code")
    code.mkdir()
    # Serving has functions of the image alone.
    (code / "inference.py").write_text("")
"""


def test_a_torch_script_is_trained_and_served_by_the_images_own_functions(house: House) -> None:
    definitions = [{"Name": "train:loss", "Regex": r"loss=(\S+);"}]
    asked = job(
        house,
        f"{house.name}-1",
        PYTORCH,
        tarball(train__py=NETWORK),
        algorithm={"MetricDefinitions": definitions},
        HyperParameters=hyperparameters("train.py", epochs=300),
    )
    house.sagemaker.create_training_job(**asked)
    found = house.ended(f"{house.name}-1")
    assert found["TrainingJobStatus"] == "Completed", found
    [metric] = found["FinalMetricDataList"]
    assert metric["Value"] < 0.05
    uri = found["ModelArtifacts"]["S3ModelArtifacts"]
    image = PYTORCH.replace("training", "inference")
    endpoint = served(house, house.name, image, uri, SAGEMAKER_PROGRAM="inference.py")
    assert endpoint["EndpointStatus"] == "InService", endpoint
    two = b"0.1,0.2,0.3\n0.4,0.5,0.6\n"
    assert [row[0] for row in json.loads(house.invoke(house.name, two))] == pytest.approx([0.6, 1.5], abs=0.3)
