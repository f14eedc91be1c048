"""The tag of an image that is built from a model's folder: the hash of what it is made of.

Build tags the image so, and StartTraining finds it by the same hash of the same files, whoever pushed what meanwhile.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

_LENGTH = 40


def image_tag(dockerfile: str, files: Mapping[str, bytes]) -> str:
    """Return the tag for a folder's files by name and the Dockerfile among them.

    Times and permissions of the files do not count: an archive of CodePipeline does not keep them.
    """
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    text = json.dumps({"dockerfile": dockerfile, "files": hashes}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
