"""S3 Object Lock, where MiniStack's leaves out what S3 does; locks are kept with the services' state.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
The sentences of refusals are those that were recorded from S3:
https://github.com/localstack/localstack/blob/main/tests/aws/services/s3/test_s3_api.snapshot.json
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import ParseError, fromstring

from local_aws.base.s3.lock_table import LockTable
from local_aws.base.tables import ministack
from local_aws.state.store import Store

MODES = ("GOVERNANCE", "COMPLIANCE")
LONGEST_DAYS = 36_500
_MODE, _UNTIL = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
_HOLD = "x-amz-object-lock-legal-hold"
_BYPASS = "x-amz-bypass-governance-retention"
_PROTECTED = "Access Denied because object protected by object lock."
_Answer = tuple[int, dict[str, str], bytes]


def lock_objects(store: Store) -> None:
    """Keep locks in the store, and let every operation that makes, changes or breaks one behave as S3's."""
    s3 = ministack("services.s3")
    s3._object_retention._data = LockTable(store, "retention")  # noqa: SLF001
    s3._object_legal_hold._data = LockTable(store, "legal-hold")  # noqa: SLF001
    s3._object_lock_header_error = _refuse_upload(s3._object_lock_header_error)  # noqa: SLF001
    s3._copy_object = _lock_copy(s3._copy_object)  # noqa: SLF001
    s3._create_multipart_upload = _remember_lock(s3._create_multipart_upload)  # noqa: SLF001
    s3._complete_multipart_upload = _lock_upload(s3._complete_multipart_upload)  # noqa: SLF001
    s3._put_object_retention = _put_retention  # noqa: SLF001
    s3._put_object_lock_configuration = _refuse_period(s3._put_object_lock_configuration)  # noqa: SLF001
    s3._put_bucket_versioning = _keep_versioning(s3._put_bucket_versioning)  # noqa: SLF001
    s3._delete_object = _refuse_bypass(s3._delete_object)  # noqa: SLF001
    s3._delete_objects = _refuse_bypass(s3._delete_objects)  # noqa: SLF001


def ask_for_locks() -> None:
    """Ask for the actions of the lock that an upload brings, beside `s3:PutObject`.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
    """
    actions = ministack("core.iam_actions")
    checks = actions.s3_additional_checks

    def s3_checks(method: str, path: str, headers: dict[str, str], *rest: Any) -> list[tuple[str, str]]:
        locking = _lock_actions(method, headers, f"arn:aws:s3:::{path.lstrip('/')}")
        return [*checks(method, path, headers, *rest), *locking]

    actions.s3_additional_checks = s3_checks


def _lock_actions(method: str, headers: Mapping[str, str], arn: str) -> list[tuple[str, str]]:
    """The actions that an upload with a lock of its own needs beside `s3:PutObject`, on the object.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html#object-lock-permissions
    """
    if method not in {"PUT", "POST"}:
        return []
    actions = {"s3:PutObjectRetention": (_MODE, _UNTIL), "s3:PutObjectLegalHold": (_HOLD,)}
    return [(action, arn) for action, names in actions.items() if any(headers.get(name) for name in names)]


def _refuse_upload(refuse: Callable[..., _Answer | None]) -> Callable[..., _Answer | None]:
    """Look at the lock that an upload asks for, and at the checksum that one with a lock needs.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html; the bucket's default counts:
    https://github.com/nextflow-io/nextflow/issues/5347
    """

    def error(bucket: str, headers: Mapping[str, str]) -> _Answer | None:
        mode, until, hold = (headers.get(name, "") for name in (_MODE, _UNTIL, _HOLD))
        refused = _faults(mode, until, hold) or refuse(bucket, headers)
        locks = mode or hold or _configuration(bucket).get("default_retention")
        has_body = "x-amz-copy-source" not in headers and "content-length" in headers
        if refused or not locks or not has_body or int(headers["content-length"] or 0) == 0 or _is_checked(headers):
            return refused
        return _refusal(
            "InvalidRequest",
            "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock "
            "parameters",
        )

    return error


def _is_checked(headers: Mapping[str, str]) -> bool:
    named = {*headers, *(one.strip() for one in headers.get("x-amz-trailer", "").lower().split(","))}
    return "content-md5" in named or any(one.startswith("x-amz-checksum-") for one in named)


def _faults(mode: str, until: str, hold: str) -> _Answer | None:
    if bool(mode) != bool(until):
        missing = _UNTIL if mode else _MODE
        return _refusal("InvalidArgument", f"{_UNTIL} and {_MODE} must both be supplied", missing)
    if mode and mode not in MODES:
        return _refusal("InvalidArgument", "Unknown wormMode directive.", _MODE)
    if hold and hold not in {"ON", "OFF"}:
        return _refusal("InvalidArgument", "Legal Hold must be either of 'ON' or 'OFF'", _HOLD)
    return _faults_of_date(until, _UNTIL) if until else None


def _faults_of_date(text: str, name: str) -> _Answer | None:
    at = _date(text)
    if at is None:
        return _refusal("InvalidArgument", "The retain until date must be provided in ISO 8601 format", name)
    if at <= datetime.now(UTC):
        return _refusal("InvalidArgument", "The retain until date must be in the future!", name)
    return None


def _remember_lock(create: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """Keep the lock that an upload of several parts begins with until it is completed."""

    def create_upload(bucket: str, key: str, headers: Mapping[str, str]) -> _Answer:
        answer = create(bucket, key, headers)
        lock = {name: headers[name] for name in (_MODE, _UNTIL, _HOLD) if headers.get(name)}
        if answer[0] == HTTPStatus.OK and lock:
            ministack("services.s3")._multipart_uploads[_text_of(answer[2], "UploadId")]["lock"] = lock  # noqa: SLF001
        return answer

    return create_upload


def _lock_upload(complete: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def complete_upload(bucket: str, key: str, body: bytes, query: Mapping[str, Any], *more: Any) -> _Answer:
        s3 = ministack("services.s3")
        upload = s3._multipart_uploads.get(s3._qp(query, "uploadId"))  # noqa: SLF001
        lock = upload.get("lock", {}) if upload else {}
        answer = complete(bucket, key, body, query, *more)
        if upload:  # one that is completed again answers as before, and changes nothing
            _lock(bucket, key, answer, lock)
        return answer

    return complete_upload


def _lock_copy(copy: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/copy-object.html: a copy has no lock of its source."""

    def copy_object(bucket: str, key: str, headers: Mapping[str, str]) -> _Answer:
        answer = copy(bucket, key, headers)
        _lock(bucket, key, answer, headers)
        return answer

    return copy_object


def _lock(bucket: str, key: str, answer: _Answer, headers: Mapping[str, str]) -> None:
    """Give the version that was made the lock of the request, or of the bucket."""
    s3, version = ministack("services.s3"), answer[1].get("x-amz-version-id")
    if answer[0] == HTTPStatus.OK and version and _configuration(bucket):
        for locks in (s3._object_retention, s3._object_legal_hold):  # noqa: SLF001
            locks.pop((bucket, key, version), None)
        s3._apply_object_lock_from_headers(bucket, key, headers, version)  # noqa: SLF001


def _put_retention(
    bucket_name: str, key: str, body: bytes, headers: Mapping[str, str], query: Mapping[str, Any] | None = None
) -> _Answer:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectRetention.html."""
    s3 = ministack("services.s3")
    bucket = s3._ensure_bucket(bucket_name)  # noqa: SLF001
    if bucket is None:
        return s3._no_such_bucket(bucket_name)  # type: ignore[no-any-return]  # noqa: SLF001
    target, missing = s3._object_lock_target(bucket_name, key, bucket, query)  # noqa: SLF001
    if missing:
        return missing  # type: ignore[no-any-return]
    if not _configuration(bucket_name):
        return _refusal("InvalidRequest", "Bucket is missing Object Lock Configuration")
    mode, until = _text_of(body, "Mode"), _text_of(body, "RetainUntilDate")
    if b"Retention" not in body:
        mode = "none"  # not what takes a lock away, which is an empty one
    refused = _faults_of_retention(mode, until, s3._object_retention.get(target), headers)  # noqa: SLF001
    if refused:
        return refused
    if mode:
        s3._object_retention[target] = {"Mode": mode, "RetainUntilDate": _text(until)}  # noqa: SLF001
    else:
        s3._object_retention.pop(target, None)  # noqa: SLF001
    return HTTPStatus.OK, {"Content-Type": "application/xml"}, b""


def _faults_of_retention(
    mode: str, until: str, held: Mapping[str, str] | None, headers: Mapping[str, str]
) -> _Answer | None:
    """Any period may be made longer; shorter, ended or of another mode only in GOVERNANCE, by who may bypass it.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html; another mode is another lock:
    https://github.com/ceph/s3-tests/blob/master/s3tests/functional/test_s3.py
    """
    if bool(mode) != bool(until) or (mode and mode not in MODES):
        return _refusal("MalformedXML", ministack("services.s3")._MALFORMED_XML)  # noqa: SLF001
    refused = _faults_of_date(until, "RetainUntilDate") if until else None
    if refused or held is None or not _is_kept(held, headers):
        return refused
    longer = mode == held["Mode"] and _text(until) >= _text(held["RetainUntilDate"])
    return None if longer else _refusal("AccessDenied", _PROTECTED, status=HTTPStatus.FORBIDDEN)


def _is_kept(held: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Whether a lock still holds, and this request cannot lift it; IAM has been asked for the right to bypass."""
    until = _date(held["RetainUntilDate"])
    if until is None or until <= datetime.now(UTC):
        return False
    return held["Mode"] == "COMPLIANCE" or headers.get(_BYPASS, "").lower() != "true"


def _refuse_period(put: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectLockConfiguration.html."""

    def put_configuration(bucket: str, body: bytes) -> _Answer:
        for unit, most in (("Days", LONGEST_DAYS), ("Years", LONGEST_DAYS // 365)):
            text = _text_of(body, unit)
            if not text.lstrip("-").isdecimal():
                continue
            if int(text) < 1:
                return _refusal("InvalidArgument", "Default retention period must be a positive integer value.", unit)
            if int(text) > most:
                return _refusal("InvalidArgument", "Default retention period too large.", unit)
        return put(bucket, body)

    return put_configuration


def _keep_versioning(put: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def put_versioning(bucket: str, body: bytes) -> _Answer:
        if _configuration(bucket) and _text_of(body, "Status") == "Suspended":
            return _refusal(
                "InvalidBucketState",
                "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
                status=HTTPStatus.CONFLICT,
            )
        return put(bucket, body)

    return put_versioning


def _refuse_bypass(delete: Callable[..., _Answer]) -> Callable[..., _Answer]:
    def delete_with_lock(bucket: str, *more: Any) -> _Answer:
        headers: Mapping[str, str] = next((one for one in more if isinstance(one, dict)), {})
        if headers.get(_BYPASS) and bucket in ministack("services.s3")._buckets and not _configuration(bucket):  # noqa: SLF001
            return _refusal("InvalidArgument", f"{_BYPASS} is only applicable to Object Lock enabled buckets.", _BYPASS)
        return delete(bucket, *more)

    return delete_with_lock


def _configuration(bucket: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = ministack("services.s3")._bucket_object_lock.get(bucket) or {}  # noqa: SLF001
    return found


def _refusal(code: str, message: str, argument: str = "", status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> _Answer:
    extra = {"ArgumentName": argument} if argument else None
    answer: _Answer = ministack("services.s3")._error(code, message, status, extra=extra)  # noqa: SLF001
    return answer


def _text_of(body: bytes, name: str) -> str:
    """The text of the first element of a name; empty where there is none, which the operation itself looks at."""
    try:
        found = [one.text or "" for one in fromstring(body).iter() if one.tag.rpartition("}")[2] == name]  # noqa: S314
    except ParseError:
        return ""
    return found[0] if found else ""


def _date(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _text(until: str) -> str:
    at = _date(until)
    return until if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
