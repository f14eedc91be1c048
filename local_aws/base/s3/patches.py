"""The patches of S3 and its keys."""

from __future__ import annotations

from local_aws.base.patch import DOCS, TESTS, Patch, all_of
from local_aws.base.s3 import object_index, object_lock, objects
from local_aws.base.s3.uploads import Uploads

PATCHES: tuple[Patch, ...] = (
    Patch(
        name="ask_for_locks",
        replaces=("core.iam_actions.s3_additional_checks",),
        why="An upload with a lock of its own needs the actions of the lock, too.",
        source=f"{DOCS}/AmazonS3/latest/userguide/object-lock.html",
        tests=(
            f"{TESTS}/s3/test_object_lock.py::test_rights_are_asked_for_and_a_bucket_policy_holds_for_the_root_user_too",
        ),
        apply=lambda _: object_lock.ask_for_locks(),
    ),
    Patch(
        name="store_object_records",
        replaces=all_of("services.s3", "_buckets._data", "_object_versions._data", "_persist_object", "S3_PERSIST"),
        why="A bucket holds any number of objects; MiniStack keeps records and versions in memory.",
        source=f"{DOCS}/AmazonS3/latest/userguide/UsingObjects.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda parts: object_index.store_object_records(parts.records),
    ),
    Patch(
        name="list_by_prefix",
        replaces=all_of("services.s3", "_collect_list_entries", "_list_object_versions"),
        why="A listing reads what it may name; MiniStack goes through all objects, and the versions of all buckets.",
        source=f"{DOCS}/AmazonS3/latest/userguide/using-prefixes.html",
        tests=(f"{TESTS}/state/test_history_on_disk.py::test_what_is_given_is_not_held_in_memory",),
        apply=lambda _: object_index.list_by_prefix(),
    ),
    Patch(
        name="use_default_key",
        replaces=("services.s3._resolve_sse_write_headers", "services.kms._key_metadata"),
        why="aws:kms without a key takes the account's key aws/s3.",
        source=f"{DOCS}/AmazonS3/latest/userguide/specifying-kms-encryption.html",
        tests=(f"{TESTS}/iam/test_managed_policies.py::test_kms_encryption_without_a_key_id_takes_the_managed_key",),
        apply=lambda _: objects.use_default_key(),
    ),
    Patch(
        name="lock_objects",
        replaces=all_of(
            "services.s3",
            "_object_retention._data",
            "_object_legal_hold._data",
            "_object_lock_header_error",
            "_copy_object",
            "_create_multipart_upload",
            "_complete_multipart_upload",
            "_put_object_retention",
            "_put_object_lock_configuration",
            "_put_bucket_versioning",
            "_delete_object",
            "_delete_objects",
        ),
        why="A lock holds for every way into a bucket, and lasts; MiniStack keeps some of it in memory.",
        source=f"{DOCS}/AmazonS3/latest/userguide/object-lock.html",
        tests=(
            f"{TESTS}/s3/test_object_lock.py::test_every_way_into_the_bucket_takes_its_lock",
            f"{TESTS}/s3/test_object_lock.py::test_a_lock_grows_and_is_weakened_only_in_governance",
            f"{TESTS}/s3/test_object_lock.py::test_locks_outlive_the_process",
        ),
        apply=lambda parts: object_lock.lock_objects(parts.store),
    ),
    Patch(
        name="store_uploads",
        replaces=all_of(
            "services.s3",
            "_upload_part",
            "_upload_part_copy",
            "_complete_multipart_upload",
            "_abort_multipart_upload",
            "get_state",
            "load_persisted_state",
        ),
        why="An upload of several parts lasts until it is completed or aborted; MiniStack keeps it in memory.",
        source=f"{DOCS}/AmazonS3/latest/userguide/mpuoverview.html",
        tests=(f"{TESTS}/s3/test_uploads.py::test_an_upload_goes_on_after_a_stop_and_a_kill",),
        apply=lambda parts: Uploads(parts.settings.state / "s3-uploads").install(),
    ),
)
