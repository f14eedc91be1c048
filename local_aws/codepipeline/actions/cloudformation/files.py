"""Files of a CloudFormation action: read from its input artifacts, written to its output artifact."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from local_aws.archive_limits import UNREADABLE, TooLargeError, check_zip
from local_aws.codepipeline.actions.artifacts import put_artifact
from local_aws.codepipeline.actions.cloudformation.configuration import FilePlace
from local_aws.codepipeline.actions.contract import ActionError, Tools, Work
from local_aws.codepipeline.state.records import ArtifactRecord

_CODE = "ConfigurationError"
MAX_ARTIFACT_BYTES = 256 * 1024 * 1024
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""


class InputFiles:
    """The files of the input artifacts of one attempt; each archive is read once."""

    def __init__(self, tools: Tools, work: Work) -> None:
        """Nothing is read yet."""
        self._tools, self._work = tools, work
        self._archives: dict[str, zipfile.ZipFile] = {}

    @property
    def region(self) -> str:
        """The Region of the artifacts."""
        return self._tools.region

    def artifact(self, name: str) -> ArtifactRecord:
        """The input artifact of that name. Raises ActionError."""
        for artifact in self._work.inputs:
            if artifact.name == name:
                return artifact
        inputs = ", ".join(one.name for one in self._work.inputs) or "none"
        raise ActionError(
            _CODE, f"The artifact {name} is no input artifact of action {self._work.action.name}, which has {inputs}."
        )

    def read(self, place: FilePlace) -> str:
        """The text of a file. Raises ActionError; the sentence about a missing one is AWS's.

        https://github.com/aws/copilot-cli/issues/5088
        """
        archive = self._archive(place.artifact)
        try:
            return archive.read(place.path).decode("utf-8")
        except KeyError:
            raise ActionError(_CODE, f"File [{place.path}] does not exist in artifact [{place.artifact}]") from None
        except UNREADABLE as error:  # what is not UTF-8 is a ValueError
            found = f"File [{place.path}] of artifact [{place.artifact}] cannot be read: {error}"
            raise ActionError(_CODE, found) from None

    def read_object(self, place: FilePlace) -> dict[str, Any]:
        """The JSON object in a file. Raises ActionError."""
        try:
            found = json.loads(self.read(place))
        except ValueError as error:
            found = error
        if not isinstance(found, dict):
            shown = found if isinstance(found, ValueError) else f"it holds a {type(found).__name__}"
            raise ActionError(
                _CODE, f"File [{place.path}] of artifact [{place.artifact}] is not a JSON object: {shown}"
            )
        return found

    def _archive(self, name: str) -> zipfile.ZipFile:
        if name not in self._archives:
            artifact = self.artifact(name)
            try:
                archive = zipfile.ZipFile(io.BytesIO(self._download(artifact)))
                check_zip(archive)
            except TooLargeError as error:
                raise ActionError(_CODE, f"The artifact {name} is too large: {error}") from None
            except UNREADABLE as error:
                raise ActionError(_CODE, f"The artifact {name} is not a zip archive: {error}") from None
            self._archives[name] = archive
        return self._archives[name]

    def _download(self, artifact: ArtifactRecord) -> bytes:
        """The archive. Raises ActionError; the sentence about missing permissions is AWS's.

        https://docs.aws.amazon.com/codepipeline/latest/userguide/troubleshooting.html
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loaded with the first client

        where = f"Amazon S3 object key '{artifact.key}' located in the Amazon S3 artifact bucket '{artifact.bucket}'"
        try:
            answer = self._tools.store_client(self._work).get_object(Bucket=artifact.bucket, Key=artifact.key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                raise ActionError(
                    _CODE,
                    f"The input artifact {artifact.name}, {where}, does not exist: the action that declares it as its "
                    "output has not written it.",
                ) from None
            raise ActionError(
                "PermissionError",
                f"Unable to access the artifact with {where}. The provided role does not have sufficient permissions.",
            ) from None
        if answer.get("ContentLength", 0) > MAX_ARTIFACT_BYTES:
            raise ActionError(
                _CODE,
                f"The input artifact {artifact.name} has {answer['ContentLength']:,} bytes; a CloudFormation action "
                f"reads at most {MAX_ARTIFACT_BYTES:,}.",
            )
        body: bytes = answer["Body"].read()
        return body


def write_outputs(tools: Tools, work: Work, outputs: Mapping[str, str]) -> None:
    """Put the stack's outputs as a JSON file into the output artifact; without OutputFileName there is none."""
    name = work.configuration.get("OutputFileName")
    if not name or not work.outputs:
        return
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        written.writestr(name, json.dumps(outputs))
    put_artifact(tools, work, archive.getvalue())
