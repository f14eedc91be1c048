"""The workflow for images on a local AWS: uploads and executions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.workflows import installation
from tests.workflows.installation import DATA_BUCKET, Ended
from workflows.images.sample import PREFIX, objects

SAMPLE = dict(objects())


@dataclass
class Installation(installation.Installation):
    """A checkout, its local AWS, and the images of the sample under further prefixes."""

    def put(self, files: Mapping[str, bytes]) -> None:
        s3 = self.client("s3")
        for key, content in files.items():
            s3.put_object(Bucket=DATA_BUCKET, Key=key, Body=content)

    def images(self, **more: bytes | None) -> str:
        """Upload a few of the sample's images below a new prefix; `more` adds files, or leaves out folders."""
        prefix = f"workflows/images/{uuid.uuid4().hex[:8]}"
        left_out = [name for name, content in more.items() if content is None]
        few = {key.removeprefix(f"{PREFIX}/"): content for key, content in SAMPLE.items() if key[-6:-4] in ("00", "03")}
        kept = {name: content for name, content in few.items() if not name.startswith(tuple(left_out))}
        added = {name: content for name, content in more.items() if content is not None}
        self.put({f"{prefix}/{name}": content for name, content in {**kept, **added}.items()})
        return prefix

    def start(self, **given: Any) -> str:
        asked = {"prefix": PREFIX, "image_shape": "3,32,32", "num_layers": 20, **given}
        return self.start_machine("images", asked)

    def run(self, **given: Any) -> Ended:
        return self.ended(self.start(**given))

    def models(self) -> set[str]:
        listed = self.client("sagemaker").list_models(NameContains="slipway-local-images", MaxResults=100)["Models"]
        return {model["ModelName"] for model in listed}
