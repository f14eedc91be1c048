"""CloudFormation: properties that MiniStack's own resource types leave out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

from local_aws.base.tables import ministack

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def ended_stacks() -> frozenset[tuple[str, str, int]]:
    """Id, status and number of events of each stack in which nothing is under way."""
    module = ministack("services.cloudformation")
    events = module._stack_events._data  # noqa: SLF001
    return frozenset(
        (stack["StackId"], stack["StackStatus"], len(events.get((*scope, stack["StackId"]), ())))
        for (*scope, _), stack in list(module._stacks._data.items())  # noqa: SLF001
        if not stack["StackStatus"].endswith("_IN_PROGRESS")
    )


def stacks_under_way() -> bool:
    """Whether something is under way in a stack."""
    stacks = list(ministack("services.cloudformation")._stacks._data.values())  # noqa: SLF001
    return any(stack["StackStatus"].endswith("_IN_PROGRESS") for stack in stacks)


def encrypt_stack_buckets() -> None:
    """Apply the encryption of a bucket, whose removal takes it away.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-bucketencryption.html
    """
    provisioners, s3 = ministack("services.cloudformation.provisioners"), ministack("services.s3")
    apply = provisioners._s3_apply_configurations  # noqa: SLF001

    def apply_configurations(name: str, properties: Mapping[str, Any], *old: Any) -> None:
        apply(name, properties, *old)
        rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        if rules:
            s3._put_bucket_encryption(name, _encryption_document(rules))  # noqa: SLF001
        else:
            s3._delete_bucket_encryption(name)  # noqa: SLF001

    provisioners._s3_apply_configurations = apply_configurations  # noqa: SLF001


def _encryption_document(rules: list[Mapping[str, Any]]) -> bytes:
    """The body of PutBucketEncryption for a template's rules."""
    document = Element("ServerSideEncryptionConfiguration", xmlns=_NAMESPACE)
    for rule in rules:
        element = SubElement(document, "Rule")
        default = rule.get("ServerSideEncryptionByDefault", {})
        applied = SubElement(element, "ApplyServerSideEncryptionByDefault")
        for name in ("SSEAlgorithm", "KMSMasterKeyID"):
            if default.get(name):
                SubElement(applied, name).text = str(default[name])
        SubElement(element, "BucketKeyEnabled").text = str(rule.get("BucketKeyEnabled", False)).lower()
    return tostring(document)


def keep_full_buckets() -> None:
    """Let S3 itself delete a bucket with its stack, as it refuses one that holds objects, versions or delete markers.

    MiniStack's own type forgets the bucket whatever it holds, and leaves behind what is known about its objects.
    The reason is S3's: https://github.com/F5Networks/f5-aws-cloudformation/issues/95
    """
    provisioners, s3 = ministack("services.cloudformation.provisioners"), ministack("services.s3")

    def delete(bucket: str, _properties: Mapping[str, Any]) -> None:
        status, _, body = s3._delete_bucket(bucket)  # noqa: SLF001
        if status < HTTPStatus.BAD_REQUEST:
            return
        error = fromstring(body)  # noqa: S314 - MiniStack's own answer
        code, message, request = (error.findtext(name) for name in ("Code", "Message", "RequestId"))
        if code == "NoSuchBucket":
            return
        if code == "BucketNotEmpty" and bucket in s3._bucket_versioning:  # noqa: SLF001
            message = f"{message}. You must delete all versions in the bucket."
        raise ValueError(
            f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code}; Request ID: {request}; "
            "Proxy: null)"
        )

    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["delete"] = delete  # noqa: SLF001


def refuse_existing_log_groups() -> None:
    """Fail the creation of a log group whose name is taken; MiniStack empties the one that is there and takes it over.

    The message is CloudFormation's: https://github.com/serverless/serverless/issues/3168
    """
    provisioners, logs = ministack("services.cloudformation.provisioners"), ministack("services.cloudwatch_logs")
    handler = provisioners._RESOURCE_HANDLERS["AWS::Logs::LogGroup"]  # noqa: SLF001
    create = handler["create"]

    def create_group(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name = properties.get("LogGroupName")
        if name in logs._log_groups:  # noqa: SLF001
            identifier = json.dumps({"/properties/LogGroupName": name}, separators=(",", ":"))
            raise ValueError(
                f"Resource handler returned message: \"Resource of type 'AWS::Logs::LogGroup' with identifier "
                f"'{identifier}' already exists.\" (RequestToken: {uuid4()}, HandlerErrorCode: AlreadyExists)"
            )
        return create(logical_id, properties, stack_name)

    handler.update(create=create_group)


def require_packages() -> None:
    """Fail a function whose package is not in its bucket; MiniStack makes one without code.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    """
    provisioners, s3 = ministack("services.cloudformation.provisioners"), ministack("services.s3")
    handler = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]  # noqa: SLF001
    create, update = handler["create"], handler["update"]

    def require(properties: Mapping[str, Any]) -> None:
        code = properties.get("Code", {})
        bucket, key = code.get("S3Bucket"), code.get("S3Key")
        if bucket and s3._get_object_data(bucket, key, version_id=code.get("S3ObjectVersion")) is None:  # noqa: SLF001
            raise ValueError(
                "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does "
                f"not exist. (s3://{bucket}/{key})"
            )

    def create_function(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        require(properties)
        return create(logical_id, properties, stack_name)

    def update_function(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        require(new)
        return update(physical_id, old, new, *rest)

    handler.update(create=create_function, update=update_function)


def name_inline_code() -> None:
    """Put code that stands in a template into a file `index`, whatever the handler is called.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
    """
    provisioners = ministack("services.cloudformation.provisioners")
    zip_inline = provisioners._zip_inline  # noqa: SLF001

    def zip_as_index(source: str | None, _handler: str, *runtime: str) -> Any:
        return zip_inline(source, "index.handler", *runtime)

    provisioners._zip_inline = zip_as_index  # noqa: SLF001


def encrypt_stack_functions() -> None:
    """Set the key of a function's environment.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """

    def encrypt(name: str, properties: Mapping[str, Any]) -> None:
        function = ministack("services.lambda_svc")._functions[name]  # noqa: SLF001
        _set_or_remove(function["config"], "KMSKeyArn", properties.get("KmsKeyArn"))

    _finish("AWS::Lambda::Function", encrypt)


def encrypt_stack_topics() -> None:
    """Set the key of a topic.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-topic.html
    """

    def encrypt(arn: str, properties: Mapping[str, Any]) -> None:
        topic = ministack("services.sns")._topics[arn]  # noqa: SLF001
        _set_or_remove(topic["attributes"], "KmsMasterKeyId", properties.get("KmsMasterKeyId"))

    _finish("AWS::SNS::Topic", encrypt)


def _finish(resource_type: str, apply: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Let `apply` see the physical id and the properties of a resource after each creation and update."""
    handler = ministack("services.cloudformation.provisioners")._RESOURCE_HANDLERS[resource_type]  # noqa: SLF001
    create, update = handler["create"], handler["update"]

    def create_and_finish(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        made = create(logical_id, properties, stack_name)
        apply(made[0], properties)
        return made

    def update_and_finish(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        made = update(physical_id, old, new, *rest)
        apply(made[0], new)
        return made

    handler.update(create=create_and_finish, update=update_and_finish)


def _set_or_remove(values: dict[str, Any], name: str, value: Any) -> None:
    if value is None:
        values.pop(name, None)
    else:
        values[name] = value
