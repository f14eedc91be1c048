"""Activities, and the tokens by which work that is done elsewhere ends.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
"""

from __future__ import annotations

from local_aws.stepfunctions.operations.configuration import encryption_of
from local_aws.stepfunctions.operations.executions import engine
from local_aws.stepfunctions.operations.platform import Platform
from local_aws.stepfunctions.operations.tagging import tags_of
from local_aws.stepfunctions.registry import arns, faults
from local_aws.stepfunctions.registry.names import require_name
from local_aws.stepfunctions.registry.paging import page_of, take
from local_aws.stepfunctions.registry.records import ActivityRecord, Document
from local_aws.wire import AwsError, Caller

_POLL_S = 60.0
"""How long GetActivityTask waits for work."""


class Activities:
    """The operations on activities and task tokens."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._registry, self._engine = platform, platform.registry, platform.executions

    def create(self, caller: Caller, request: Document) -> Document:
        """Idempotent by the name; other tags of a repeat are ignored.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateActivity.html
        """
        name, now = require_name(request["name"]), self._platform.now()
        arn = arns.activity(self._platform.region, name)
        encryption = encryption_of(request.get("encryptionConfiguration"))
        tags = tags_of(caller, request, arn)
        with self._registry.transaction():
            activity = self._registry.activity(arn)
            if activity is None:
                activity = ActivityRecord(arn, name, now, encryption)
                self._registry.put_activity(activity)
                self._registry.put_tags(arn, tags)
            elif activity.encryption != encryption:
                raise AwsError(
                    "ActivityAlreadyExists",
                    f"Activity Already Exists: '{arn}'. EncryptionConfiguration may not be updated.",
                )
        return {"activityArn": arn, "creationDate": activity.created}

    def describe(self, _caller: Caller, request: Document) -> Document:
        """Show an activity.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeActivity.html
        """
        activity = self._require(request["activityArn"])
        return {
            "activityArn": activity.arn,
            "name": activity.name,
            "creationDate": activity.created,
            "encryptionConfiguration": activity.encryption,
        }

    def list_activities(self, _caller: Caller, request: Document) -> Document:
        """Show all activities by name.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListActivities.html
        """
        page = page_of("ListActivities", request, self._platform.now())
        shown, more = take(page, self._registry.activities(), lambda activity: (activity.name, activity.arn))
        listed = [{"activityArn": one.arn, "name": one.name, "creationDate": one.created} for one in shown]
        return {"activities": listed, **more}

    def delete(self, _caller: Caller, request: Document) -> None:
        """Remove an activity; to do it again does nothing.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteActivity.html
        """
        self._registry.delete_activity(arns.read(request["activityArn"], arns.ACTIVITY).text)

    def task(self, _caller: Caller, request: Document) -> Document:
        """Wait for work; without any the answer has no token.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html
        """
        activity = self._require(request["activityArn"])
        worker = require_name(request["workerName"]) if "workerName" in request else ""
        work = engine(lambda: self._engine.activity_work(activity.arn, worker, _POLL_S))
        return {} if work is None else {"taskToken": work.token, "input": work.input}

    def succeed(self, _caller: Caller, request: Document) -> None:
        """End a task with its output.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
        """
        engine(lambda: self._engine.succeed_task(request["taskToken"], request["output"]))

    def fail(self, _caller: Caller, request: Document) -> None:
        """End a task with an error.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
        """
        engine(lambda: self._engine.fail_task(request["taskToken"], request.get("error"), request.get("cause")))

    def heartbeat(self, _caller: Caller, request: Document) -> None:
        """Say that a task is still worked on.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskHeartbeat.html
        """
        engine(lambda: self._engine.heartbeat(request["taskToken"]))

    def _require(self, text: str) -> ActivityRecord:
        activity = self._registry.activity(arns.read(text, arns.ACTIVITY).text)
        if activity is None:
            raise faults.no_activity(text)
        return activity
