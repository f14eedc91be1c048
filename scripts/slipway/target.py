"""Decides the target of the verbs, AWS or local AWS; no other module does.

Both speak the same protocol, so a verb only asks the target for a client and never which of the two it is.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slipway.endpoint import LocalEndpoint, local_endpoint
from slipway.errors import SlipwayError
from slipway.installation.local_key import read_local_key
from slipway.project import find_project

LOCAL_PORT = 4566
LOCAL_REGION = "us-east-1"
LOCAL_ACCOUNT = "111122223333"
_KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE")
LOCAL_SUFFIX, AWS_SUFFIX = "local", "main"
_REST = 4.0
"""The pause after a look at what goes on, in times of how long that took."""


@dataclass(frozen=True)
class Options:
    """The command line's options for target and installation; None for those not given."""

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
    git_settings: tuple[str, ...] = ()
    """What git is configured with to sign in to the repositories, `name=value` each."""
    state: Path = Path()
    """The folder of all that local AWS holds."""
    own_key: bool = False
    """Whether local AWS is called with the profile's or the environment's key, not with the root user's."""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters of the pipeline stack that depend on the target: local AWS is its own console."""
        return {"ConsoleLinks": f"{self.endpoint_url}/_console/aws"} if self.is_local else {}

    @property
    def is_local(self) -> bool:
        """Whether the target can be started and stopped."""
        return self.endpoint_url is not None

    def rest(self, looked_s: float) -> None:
        """Wait before the next look at something that goes on.

        Longer where the last look took long, `looked_s`: on one machine it takes the processor of what is waited for.
        """
        time.sleep(max(self.poll_s, _REST * looked_s))

    def client(self, service: str) -> Any:
        """Return a boto3 client, created on first use."""
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    @property
    def port(self) -> int:
        """The port of local AWS."""
        return urlsplit(self.endpoint_url or "").port or LOCAL_PORT

    def clone(self, url: str, folder: str) -> str:
        """Return a command that clones a repository; git in the clone can then sign in."""
        settings = "".join(f"-c {shlex.quote(setting)} " for setting in self.git_settings) if self.is_local else ""
        return f"git clone {settings}{url} {folder}"

    def object_url(self, bucket: str, key: str) -> str:
        """Return the address of an object in the form that CloudFormation accepts for a template.

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
        """Return a command of the AWS CLI that a person can copy, for the same target."""
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

        session = boto3.Session(profile_name=self.profile, region_name=self.region)
        if self.endpoint_url is None:
            return session.client(service, config=Config(retries={"mode": "standard", "total_max_attempts": 5}))
        root = None if self.own_key else read_local_key(self.state)
        return session.client(
            service,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=root and root.access_key_id,
            aws_secret_access_key=root and root.secret_access_key,
            config=Config(
                connect_timeout=5,
                proxies={},  # a proxy of the user's is for the world outside
                retries={"total_max_attempts": 1},
                s3={"addressing_style": "path"},
            ),
        )


def decide_target(options: Options, has_credentials: Callable[[str | None], bool] | None = None) -> Target:
    """Return local AWS with --local, AWS with --aws or --profile; without either, AWS if it has credentials.

    An endpoint URL on loopback, in the environment or the profile, means local AWS as --local does. Raises SlipwayError
    for options that contradict each other, and for AWS without a Region.
    """
    if options.local and options.profile:
        raise SlipwayError("--local and --profile exclude each other: local AWS has no profiles.")
    if options.local:
        return _local(options, None)
    endpoint = local_endpoint(options.profile)
    if endpoint and options.local is False:
        raise SlipwayError(
            f"--aws contradicts {endpoint.said_by}, which is on this machine.", "Unset it, or leave --aws out."
        )
    if endpoint:
        return _local(options, endpoint)
    if options.local is False or options.profile or (has_credentials or aws_credentials_configured)(options.profile):
        return _aws(options)
    return _local(options, None)


def aws_credentials_configured(profile: str | None) -> bool:
    """Tell whether the environment or a configuration file holds credentials for AWS.

    The role of an EC2 instance does not count: looking for one takes seconds on any other machine. Use --aws there.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    session = Session(profile=profile)
    try:
        session.get_component("credential_provider").remove("iam-role")
        return session.get_credentials() is not None
    except BotoCoreError as error:
        raise SlipwayError(
            f"The AWS configuration cannot be used: {error}", "Fix it, or work on this machine only: --local"
        ) from None


def local_target(port: int, region: str, suffix: str, state: Path) -> Target:
    """Return the local AWS at a port, which holds all that it has in the folder `state`."""
    return Target(
        title="local AWS",
        region=region,
        suffix=suffix,
        endpoint_url=f"http://127.0.0.1:{port}",
        poll_s=0.1,
        event_timeout_s=20.0,
        # Written by local AWS: a helper that signs, for this address alone.
        git_settings=(f"include.path={state / 'gitconfig'}",),
        state=state,
    )


def _local(options: Options, endpoint: LocalEndpoint | None) -> Target:
    state = find_project().work / "local"
    port = endpoint.port if endpoint and options.port == LOCAL_PORT else options.port
    target = local_target(port, options.region or LOCAL_REGION, options.suffix or LOCAL_SUFFIX, state)
    own_key = endpoint is not None and (bool(options.profile) or not os.environ.keys().isdisjoint(_KEY_VARIABLES))
    return replace(target, profile=options.profile, own_key=own_key)


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
        # The empty value first: helpers of the user's own are for other repositories.
        git_settings=(
            "credential.useHttpPath=true",
            "credential.helper=",
            f"credential.helper=!aws{profile} codecommit credential-helper $@",
        ),
    )
