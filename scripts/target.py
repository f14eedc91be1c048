"""Where the verbs work: on AWS, or on local AWS. Decided here and nowhere else.

Both speak the same protocol, so a verb only asks the target for a client and never which of the two it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scripts.errors import SlipwayError

LOCAL_PORT = 4566
LOCAL_REGION = "us-east-1"
LOCAL_ACCOUNT = "111122223333"
LOCAL_SUFFIX, AWS_SUFFIX = "local", "main"
_LOCAL_KEY = "test"
_LOCAL_SECRET = "test"  # noqa: S105 - what local AWS knows its root user by, no secret


@dataclass(frozen=True)
class Options:
    """What the command line says about the target and the installation; None where it says nothing."""

    local: bool | None = None
    profile: str | None = None
    region: str | None = None
    suffix: str | None = None
    model: str = "wine-quality"
    port: int = LOCAL_PORT
    as_json: bool = False


@dataclass(frozen=True)
class Target:
    """An account and a Region, and how to reach them."""

    title: str
    region: str
    suffix: str
    endpoint_url: str | None = None
    profile: str | None = None
    poll_s: float = 3.0
    """How long to wait between two questions about something that is going on."""
    event_timeout_s: float = 120.0
    """How long the start of a release may follow the change that causes it."""
    git_credential_helper: str = ""
    """Value of git's `credential.helper` for the repositories."""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the pipeline stack that follow from where it is: local AWS has no console to link to."""
        return {"ConsoleLinks": "false"} if self.is_local else {}

    @property
    def is_local(self) -> bool:
        """Whether there is something to start and stop."""
        return self.endpoint_url is not None

    def client(self, service: str) -> Any:
        """A boto3 client, made when it is first asked for."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    def signed_in(self, url: str) -> str:
        """A repository's URL as a person uses it: for local AWS with the name and password that it asks for."""
        return url.replace("://", f"://{_LOCAL_KEY}:{_LOCAL_SECRET}@", 1) if self.is_local else url

    def object_url(self, bucket: str, key: str) -> str:
        """The address of an object, as CloudFormation takes a template's.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
        """
        if self.endpoint_url:
            return f"{self.endpoint_url}/{bucket}/{key}"
        import boto3  # noqa: PLC0415
        from botocore import UNSIGNED  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415

        # botocore's own rules know the domain of every partition; unsigned, the address is all that remains.
        style = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
        config = Config(signature_version=UNSIGNED, s3=style)
        client = boto3.Session(profile_name=self.profile).client("s3", region_name=self.region, config=config)
        return str(client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}))

    def aws(self, arguments: str) -> str:
        """A command of the AWS CLI that a person can copy, for the same target."""
        where = f" --endpoint-url {self.endpoint_url}" if self.endpoint_url else ""
        profile = f" --profile {self.profile}" if self.profile else ""
        return f"aws {arguments} --region {self.region}{profile}{where}"

    def account(self) -> str:
        """The account's number."""
        if self.is_local:
            return LOCAL_ACCOUNT
        return str(self.client("sts").get_caller_identity()["Account"])

    def _make(self, service: str) -> Any:
        import boto3  # noqa: PLC0415 - half a second that `slipway --help` does not need
        from botocore.config import Config  # noqa: PLC0415

        if self.endpoint_url is None:
            session = boto3.Session(profile_name=self.profile, region_name=self.region)
            return session.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 5}))
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=self.region,
            aws_access_key_id=_LOCAL_KEY,
            aws_secret_access_key=_LOCAL_SECRET,
            config=Config(
                connect_timeout=5,
                proxies={},  # a proxy of the user's is for the world outside
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )


def decide_target(options: Options, has_credentials: Callable[[str | None], bool] | None = None) -> Target:
    """Local AWS with --local, AWS with --aws or --profile; without either AWS if credentials for it are configured.

    Raises SlipwayError for options that contradict each other and where AWS lacks a Region.
    """
    if options.local and options.profile:
        raise SlipwayError("--local and --profile exclude each other: local AWS has no profiles.")
    local = options.local
    if local is None:
        local = not options.profile and not (has_credentials or aws_credentials_configured)(options.profile)
    return _local(options) if local else _aws(options)


def aws_credentials_configured(profile: str | None) -> bool:
    """Whether the environment or a configuration file holds credentials for AWS.

    The role of an EC2 instance does not count: to look for it costs seconds wherever there is none. Say --aws there.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    session = Session(profile=profile)
    try:
        session.get_component("credential_provider").remove("iam-role")
        return session.get_credentials() is not None
    except BotoCoreError as error:
        raise SlipwayError(
            f"The AWS configuration cannot be used: {error}", "Mend it, or work on this machine only: --local"
        ) from None


def _local(options: Options) -> Target:
    return Target(
        title="local AWS",
        region=options.region or LOCAL_REGION,
        suffix=options.suffix or LOCAL_SUFFIX,
        endpoint_url=f"http://127.0.0.1:{options.port}",
        poll_s=0.1,
        event_timeout_s=20.0,
        git_credential_helper=f"!f() {{ echo username={_LOCAL_KEY}; echo password={_LOCAL_SECRET}; }}; f",
    )


def _aws(options: Options) -> Target:
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    try:
        # The variable of the other SDKs, which botocore does not know:
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
        region = options.region or os.environ.get("AWS_REGION")
        region = region or Session(profile=options.profile).get_config_variable("region")
    except ProfileNotFound as error:
        raise SlipwayError(f"{error}.", "`aws configure list-profiles` shows the profiles.") from None
    if not region:
        raise SlipwayError("No AWS Region is configured.", "Name one with --region, or set AWS_REGION.")
    profile = f" --profile {options.profile}" if options.profile else ""
    return Target(
        title="AWS",
        region=str(region),
        suffix=options.suffix or AWS_SUFFIX,
        profile=options.profile,
        # https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
        git_credential_helper=f"!aws{profile} codecommit credential-helper $@",
    )
