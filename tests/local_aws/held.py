"""A program that prints, as JSON, how many bytes the services of MiniStack hold of what they are given.

It runs apart, with the settings of a server: `held.py FOLDER`. Of each service it tells the growth over the first half,
when what is kept of the last ones fills up, and over the second, when it is full.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from local_aws import base
from local_aws.base.tables import ministack
from local_aws.gate.signature import signing_key
from local_aws.serving.server import LocalAws
from local_aws.settings import ACCOUNT, Settings
from tests import left_out

HALF = 600
EVENTS_A_PUT = 10
_UPLOAD_ID = re.compile(rb"<UploadId>(.+?)</UploadId>")


def main(folder: Path) -> None:
    """Give each service twice as much as it may keep, and tell what the second half of it costs."""
    left_out.heed()
    settings = Settings(folder)
    os.environ.update(settings.server_environment())
    settings.make_folders()
    LocalAws(settings)
    given = {
        "alarms": _alarm,
        "events": _event,
        "functions": _function,
        "logs": _log(),
        "metrics": _metric,
        "objects": _object(),
        "marks": _mark,
        "patterns": _pattern,
        "signatures": _signature,
        "sessions": _session(),
        "uploads": _upload(),
    }
    tracemalloc.start()
    found = {name: held(give) for name, give in given.items()}
    sys.stdout.write(json.dumps({**found, "listings": listed()}))


def held(give: Callable[[int], object]) -> tuple[int, int]:
    """Bytes that each half leaves in memory."""
    give(0)
    taken = [tracemalloc.get_traced_memory()[0]]
    for half in (range(1, HALF), range(HALF, 2 * HALF)):
        for number in half:
            give(number)
        taken.append(tracemalloc.get_traced_memory()[0])
    return taken[1] - taken[0], taken[2] - taken[1]


def listed() -> tuple[int, int]:
    """Bytes that listings of one of many objects take at most: of objects, and of versions."""
    s3, peaks = ministack("services.s3"), []
    for listing in (s3._list_objects_v2, s3._list_object_versions):
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        status, _, body = listing("held-objects", {"prefix": f"releases/{HALF}"})
        assert status == 200
        assert body.count(b"<Key>") == 1
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    return peaks[0], peaks[1]


def _log() -> Callable[[int], object]:
    logs = ministack("services.cloudwatch_logs")
    logs._create_log_group({"logGroupName": "held"})

    def give(number: int) -> None:
        place = {"logGroupName": "held", "logStreamName": f"stream-{number}"}
        logs._create_log_stream(place)
        events = [{"timestamp": number, "message": f"line {line} " * 10} for line in range(EVENTS_A_PUT)]
        status, _, _ = logs._put_log_events({**place, "logEvents": events})
        assert status == 200

    return give


def _metric(number: int) -> None:
    cloudwatch = ministack("services.cloudwatch")
    cloudwatch.record_metric("Held", "metric", number, "None", {"Job": f"job-{number}"})
    cloudwatch.record_metric("Held", "metric", number, "None", {"Job": "always the same"})


def _pattern(number: int) -> None:
    evaluator = ministack("core.iam_evaluator")
    arn = f"arn:aws:s3:::slipway-artifacts/release-{number}/"
    assert evaluator.fnmatch_iam_cs(f"{arn}model.tar.gz", f"{arn}*")
    assert not evaluator.fnmatch_iam_cs(arn, f"{arn}*.gz")


def _mark(number: int) -> None:
    evaluator = ministack("core.iam_evaluator")
    assert not evaluator.fnmatch_iam_cs("arn:aws:s3:::slipway", f"arn:aws:s3:::slipway-{number}-?")


def _signature(number: int) -> None:
    assert signing_key(f"a secret of session {number}", "20260101", "us-east-1", "s3")


def _alarm(number: int) -> None:
    history = ministack("services.cloudwatch")
    history._record_history(f"alarm-{number}", "OK", "ALARM", "Threshold Crossed: " + "1 datapoint. " * 20)


def _event(number: int) -> None:
    entry = {"Source": "held", "DetailType": "held", "Detail": json.dumps({"number": number, "text": "x" * 400})}
    status, _, _ = ministack("services.eventbridge")._put_events({"Entries": [entry]})
    assert status == 200


def _function(number: int) -> None:
    """A function that was invoked long ago, and is looked for by what ends idle ones."""
    runtime = ministack("core.lambda_runtime")
    worker = runtime.Worker(f"held-{number}", {"Description": "x" * 400}, b"x" * 400)
    worker.last_used = 0.0
    runtime._workers[f"held-{number}"] = [worker]
    ministack("services.lambda_svc").reap_idle_workers()


def _session() -> Callable[[int], object]:
    arn = f"arn:aws:iam::{ACCOUNT}:role/held"
    statement = {"Effect": "Allow", "Principal": {"Service": "held.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ministack("services.iam")._roles["held"] = {"Arn": arn, "AssumeRolePolicyDocument": {"Statement": statement}}

    def give(number: int) -> None:
        objects = [f"arn:aws:s3:::artifacts/{number}/{part}" for part in range(10)]
        policy = {"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects}}
        found = base.assume_role(arn, "held.amazonaws.com", "held", "arn", policy)
        assert base.find_access_key(found.access_key_id, found.session_token)

    return give


def _object() -> Callable[[int], object]:
    s3 = ministack("services.s3")
    s3._create_bucket("held-objects", b"")
    s3._bucket_versioning["held-objects"] = "Enabled"

    def give(number: int) -> None:
        body = str(number).encode() * 1000
        status, _, _ = s3._put_object("held-objects", f"releases/{number}", body, {})
        assert status == 200
        assert s3._get_object_data("held-objects", f"releases/{number // 2}") == str(number // 2).encode() * 1000

    return give


def _upload() -> Callable[[int], object]:
    s3 = ministack("services.s3")
    s3._create_bucket("held-uploads", b"")

    def give(number: int) -> None:
        place = "held-uploads", f"uploads/{number % 2}"
        _, _, answer = s3._create_multipart_upload(*place, {})
        [upload] = _UPLOAD_ID.findall(answer)
        part = {"uploadId": upload.decode(), "partNumber": "1"}
        _, headers, _ = s3._upload_part(*place, b"part", part, {})
        listed = f"<Part><PartNumber>1</PartNumber><ETag>{headers['ETag']}</ETag></Part>"
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        for _ in range(2):  # as a client that has not seen the answer
            status, _, _ = s3._complete_multipart_upload(*place, body, part, {})
            assert status == 200

    return give


if __name__ == "__main__":
    main(Path(sys.argv[1]))
