"""Multipart uploads: there until they are completed or aborted, whatever becomes of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws.base import Uploads
from local_aws.base.tables import ministack
from tests.local_server import LocalServer

FIVE_MIB = 5 << 20


def test_an_upload_goes_on_after_a_stop_and_a_kill(own_local_aws: LocalServer) -> None:
    server = own_local_aws
    s3 = server.client("s3")
    s3.create_bucket(Bucket="parts")
    s3.put_object(Bucket="parts", Key="source", Body=b"copied")
    upload: dict[str, Any] = {"Bucket": "parts", "Key": "a/b"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, Metadata={"kept": "yes"})["UploadId"]
    ended: dict[str, Any] = {"Bucket": "parts", "Key": "c"}
    ended["UploadId"] = s3.create_multipart_upload(**ended)["UploadId"]
    s3.upload_part(**ended, PartNumber=1, Body=b"gone")
    s3.abort_multipart_upload(**ended)
    s3.upload_part(**upload, PartNumber=1, Body=b"another" * 1_000)
    etags = [s3.upload_part(**upload, PartNumber=1, Body=b"x" * FIVE_MIB)["ETag"]]
    server.down()
    server.up()
    [listed] = s3.list_multipart_uploads(Bucket="parts")["Uploads"]
    assert listed["UploadId"] == upload["UploadId"]
    [part] = s3.list_parts(**upload)["Parts"]
    assert (part["PartNumber"], part["Size"], part["ETag"]) == (1, FIVE_MIB, etags[0])
    copied = s3.upload_part_copy(**upload, PartNumber=2, CopySource="parts/source")
    etags.append(copied["CopyPartResult"]["ETag"])
    server.kill()
    server.up()
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    server.kill()
    server.up()
    found = s3.get_object(Bucket="parts", Key="a/b")
    assert (found["Body"].read(), found["Metadata"]) == (b"x" * FIVE_MIB + b"copied", {"kept": "yes"})
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="parts")
    assert list((server.state / "s3-uploads").iterdir()) == []


def test_a_part_that_is_not_stored_is_not_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = ministack("services.s3")
    uploads = Uploads(tmp_path / "file")
    (tmp_path / "file").touch()  # where a folder would be
    part = {"body": b"new", "etag": '"new"', "size": 3}
    known: dict[str, Any] = {"u": {"parts": {1: {"body": b"old", "etag": '"old"', "size": 3}}}}
    monkeypatch.setattr(s3, "_multipart_uploads", known)

    def upload_part(_bucket: str, _key: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        known["u"]["parts"][int(query["partNumber"])] = part
        return 200, {}, b""

    store = uploads._storing(upload_part)
    for number in ("1", "2"):
        status, _, body = store("b", "k", {"uploadId": "u", "partNumber": number})
        assert status == 503
        assert b"cannot store the part" in body
    assert [(number, one["body"]) for number, one in known["u"]["parts"].items()] == [(1, b"old")]


def test_an_upload_id_names_no_folder(own_local_aws: LocalServer) -> None:
    s3 = own_local_aws.client("s3")
    s3.create_bucket(Bucket="parts")
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.upload_part(Bucket="parts", Key="k", UploadId="../x", PartNumber=1, Body=b"x")
    with pytest.raises(ClientError, match="NoSuchUpload"):
        s3.abort_multipart_upload(Bucket="parts", Key="k", UploadId="../git")
    assert (own_local_aws.state / "git").is_dir()
