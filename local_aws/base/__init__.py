"""MiniStack extended: the one package that touches its tables and functions.

MiniStack has no interface for further services, so what AWS does otherwise is put into its place: `patches.py` has
the tables of it. `check_tables` looks at start whether all that is used is still there, and names the version that this
package was written for, so that another version fails with a sentence and not halfway through a release.
"""

from local_aws.base.cloudformation.replacements import CREATE_ONLY
from local_aws.base.cloudformation.stacks import ended_stacks, stacks_under_way
from local_aws.base.cloudformation.template_findings import TemplateFindings
from local_aws.base.cloudwatch.alarms import put_metric
from local_aws.base.cloudwatch.service_logs import deliver_logs, has_log_group
from local_aws.base.events import PipelineTarget, find_connection, put_event
from local_aws.base.functions.asynchronous import AsynchronousInvocations
from local_aws.base.functions.processes import FunctionProcesses
from local_aws.base.iam.callers import enforce, identify, root_caller
from local_aws.base.iam.calls import CallRecorder
from local_aws.base.iam.roles import (
    AccessKey,
    Credentials,
    RoleNotAssumableError,
    assume_role,
    end_session,
    find_access_key,
    require_trust,
)
from local_aws.base.iam.signing import (
    accept_caller,
    expects_callback,
    knows_service,
    refusal_answer,
    resolve_key,
    routes_to,
    speaks_query,
)
from local_aws.base.patch import Front, Parts, Patch
from local_aws.base.patches import apply_patches
from local_aws.base.s3.objects import read_object
from local_aws.base.s3.uploads import Uploads
from local_aws.base.tables import BaseMismatchError, ResourceType, asgi_app, check_tables

__all__ = [
    "CREATE_ONLY",
    "AccessKey",
    "AsynchronousInvocations",
    "BaseMismatchError",
    "CallRecorder",
    "Credentials",
    "Front",
    "FunctionProcesses",
    "Parts",
    "Patch",
    "PipelineTarget",
    "ResourceType",
    "RoleNotAssumableError",
    "TemplateFindings",
    "Uploads",
    "accept_caller",
    "apply_patches",
    "asgi_app",
    "assume_role",
    "check_tables",
    "deliver_logs",
    "end_session",
    "ended_stacks",
    "enforce",
    "expects_callback",
    "find_access_key",
    "find_connection",
    "has_log_group",
    "identify",
    "knows_service",
    "put_event",
    "put_metric",
    "read_object",
    "refusal_answer",
    "require_trust",
    "resolve_key",
    "root_caller",
    "routes_to",
    "speaks_query",
    "stacks_under_way",
]
