"""Deploy action of CloudFormation: one operation on a stack or a change set, begun and then polled.

https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html

What is there decides what an attempt does next, so one that a kill interrupts goes on, unless the kill has interrupted
the stack itself: that has failed then, and so does the action, with the reason.
"""

from __future__ import annotations

from local_aws.codepipeline.actions.artifacts import artifact_key
from local_aws.codepipeline.actions.cloudformation.configuration import Mode, file_place, refusal
from local_aws.codepipeline.actions.cloudformation.files import InputFiles, write_outputs
from local_aws.codepipeline.actions.cloudformation.parameters import Settings, read_settings
from local_aws.codepipeline.actions.cloudformation.stacks import (
    COMPLETE,
    REPLACED,
    Document,
    StackCalls,
    failure_text,
    is_without_changes,
    outputs_of,
)
from local_aws.codepipeline.actions.contract import ActionError, Failed, Outcome, Provider, Succeeded, Work
from local_aws.codepipeline.definition.rules import Rules
from local_aws.codepipeline.state.records import WAITING

TIMEOUT_S = 3 * 24 * 60 * 60
"""https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html"""
_MAX_INPUTS = 10
_MAX_BODY_BYTES = 51_200
"""The largest template in a request; a larger one lies in S3.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
_UNDER_WAY = "_IN_PROGRESS"
_IN_REVIEW = "REVIEW_IN_PROGRESS"


class CloudFormationDeploy(Provider):
    rules = Rules(
        inputs=(0, _MAX_INPUTS),
        outputs=(0, 1),
        required=frozenset({"ActionMode", "StackName"}),
        optional=frozenset(
            {
                "Capabilities",
                "ChangeSetName",
                "OutputFileName",
                "ParameterOverrides",
                "RoleArn",
                "TemplateConfiguration",
                "TemplatePath",
            }
        ),
        refusal=refusal,
    )

    def start(self, work: Work) -> Outcome:
        """Begin the operation; without anything to do the action is done."""
        calls, mode = StackCalls(self.tools, work), Mode(work.configuration["ActionMode"])
        stack = calls.describe()
        if mode is Mode.DELETE_ONLY:
            return self._delete(work, calls, stack)
        if mode is Mode.CHANGE_SET_EXECUTE:
            return self._execute(work, calls, stack)
        if mode is Mode.CHANGE_SET_REPLACE:
            return self._replace_change_set(work, calls, stack)
        if mode is Mode.REPLACE_ON_FAILURE and stack is not None and stack["StackStatus"] in REPLACED:
            return self._delete(work, calls, stack)
        return self._create_or_update(work, calls, stack)

    def resume(self, work: Work) -> Outcome:
        """After a restart, tell of a stack that the kill has interrupted; what it has undone is begun again.

        An operation that has ended well finds nothing to do when it is begun again.
        """
        mode = Mode(work.configuration["ActionMode"])
        if work.record.external_id is None or mode in (Mode.DELETE_ONLY, Mode.CHANGE_SET_REPLACE):
            return self.start(work)
        stack = StackCalls(self.tools, work).describe(work.record.external_id)
        begun_again = stack is None or stack["StackStatus"] in COMPLETE or stack["StackStatus"] == _IN_REVIEW
        return self.start(work) if begun_again else self.due(work)

    def due(self, work: Work) -> Outcome:
        """Look whether the operation has ended."""
        calls, mode = StackCalls(self.tools, work), Mode(work.configuration["ActionMode"])
        if mode is Mode.CHANGE_SET_REPLACE:
            return self._change_set_made(work, calls)
        stack = calls.describe(work.record.external_id)
        if stack is None:
            return self._deleted(work, calls, mode)
        if _is_under_way(stack):
            return self._wait(work)
        if mode is not Mode.DELETE_ONLY and stack["StackStatus"] in COMPLETE:
            return self._succeeded(work, stack)
        text = failure_text(mode, stack, calls.first_failure(stack["StackId"]))
        return Failed("JobFailed", text, stack["StackId"])

    def _create_or_update(self, work: Work, calls: StackCalls, stack: Document | None) -> Outcome:
        template, settings = self._deployment(work)
        if stack is None:
            return self._wait(work, calls.create(template, settings))
        if not calls.update(template, settings):
            return self._succeeded(work, stack)
        return self._wait(work, stack["StackId"])

    def _delete(self, work: Work, calls: StackCalls, stack: Document | None) -> Outcome:
        """A stack that does not exist is as good as deleted."""
        if stack is None:
            return Succeeded()
        calls.delete()
        return self._wait(work, stack["StackId"])

    def _deleted(self, work: Work, calls: StackCalls, mode: Mode) -> Outcome:
        if mode is Mode.REPLACE_ON_FAILURE:
            return self._create_or_update(work, calls, None)
        if mode is Mode.DELETE_ONLY:
            return Succeeded(external_id=work.record.external_id)
        return Failed("JobFailed", f"The stack {calls.name} has been deleted while it was deployed.")

    def _replace_change_set(self, work: Work, calls: StackCalls, stack: Document | None) -> Outcome:
        exists = stack is not None and stack["StackStatus"] != _IN_REVIEW
        return self._wait(work, calls.replace_change_set(*self._deployment(work), exists=exists))

    def _change_set_made(self, work: Work, calls: StackCalls) -> Outcome:
        made = calls.describe_change_set()
        if made is None:
            return Failed("JobFailed", f"The change set {work.configuration['ChangeSetName']} no longer exists.")
        if made["Status"].endswith(("_PENDING", _UNDER_WAY)):
            return self._wait(work)
        if made["Status"] == "CREATE_COMPLETE" or is_without_changes(made):
            return self._succeeded(work, calls.describe())
        reason = made.get("StatusReason", "No reason was provided.")
        return Failed("JobFailed", f"Failed to create change set. Status: {made['Status']}. Reason: {reason}")

    def _execute(self, work: Work, calls: StackCalls, stack: Document | None) -> Outcome:
        found, begun = calls.describe_change_set(), work.record.external_id is not None
        if stack is not None and begun and (found is None or found["ExecutionStatus"] == "EXECUTE_COMPLETE"):
            return self._wait(work, stack["StackId"])
        if found is None or stack is None:
            name = work.configuration["ChangeSetName"]
            raise ActionError("ConfigurationError", f"ChangeSet [{name}] does not exist")
        if is_without_changes(found):
            return self._succeeded(work, stack)
        calls.execute_change_set()
        return self._wait(work, stack["StackId"])

    def _deployment(self, work: Work) -> tuple[dict[str, str], Settings]:
        """The template as the request names it, and the settings. Raises ActionError."""
        files = InputFiles(self.tools, work)
        body = files.read(file_place("TemplatePath", work.configuration["TemplatePath"]))
        settings = read_settings(work.configuration, files)
        if len(body.encode()) <= _MAX_BODY_BYTES:
            return {"TemplateBody": body}, settings
        return {"TemplateURL": self._upload(work, body)}, settings

    def _upload(self, work: Work, body: str) -> str:
        """Put a template that is too large for a request into the artifact bucket; returns its URL."""
        store = work.pipeline.store
        key = artifact_key(work.pipeline.name, "Template", work.record.id)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": store.key_id} if store.key_id else {}
        self.tools.store_client(work).put_object(Bucket=store.bucket, Key=key, Body=body.encode(), **encryption)
        return f"https://s3.{self.tools.region}.amazonaws.com/{store.bucket}/{key}"

    def _wait(self, work: Work, external_id: str | None = None) -> Outcome:
        """Look again soon; `external_id` is the ARN of the stack or change set whose operation has just begun."""
        if self.tools.now() - work.record.started > TIMEOUT_S:
            return Failed("JobFailed", f"The action {work.action.name} has not ended within 3 days.")
        begun = {"phase": WAITING, "external_id": external_id, "external_url": self._url(external_id)}
        self.tools.state.update_action(work.record.id, due=self.tools.next_poll(work), **(begun if external_id else {}))
        return None

    def _succeeded(self, work: Work, stack: Document | None) -> Outcome:
        outputs = outputs_of(stack)
        write_outputs(self.tools, work, outputs)
        stack_id = stack["StackId"] if stack else None
        return Succeeded(outputs, external_id=stack_id, external_url=self._url(stack_id))

    def _url(self, arn: str | None) -> str | None:
        region = self.tools.region
        if arn is None:
            return None
        return f"{self.tools.console}/cloudformation/home?region={region}#/stacks/stackinfo?stackId={arn}"


def _is_under_way(stack: Document) -> bool:
    status: str = stack["StackStatus"]
    return status.endswith(_UNDER_WAY) and status != _IN_REVIEW
