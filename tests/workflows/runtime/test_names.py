"""Names of an execution: the same for it, and others for every other."""

from __future__ import annotations

import re

from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.scope import Scope
from workflows.runtime.names import mark, unique

ARN = "arn:aws:states:us-east-1:111122223333:execution:slipway-local-images:one"


def test_a_redrive_has_names_of_its_own() -> None:
    names = {unique("slipway-local-images", ARN, redrives) for redrives in range(3)}
    assert len(names) == 3
    assert all(re.fullmatch("slipway-local-images-[0-9a-f]{12}", name) for name in names)
    assert mark(ARN) == mark(ARN, 0) != mark(ARN + "x")


def test_jsonata_writes_the_same() -> None:
    """The expression of the docstring, as local AWS evaluates it."""
    assert mark.__doc__
    expression = "".join(line.strip() for line in mark.__doc__.splitlines() if line.startswith(" " * 8))
    context = {"Execution": {"Id": ARN, "RedriveCount": 2}}
    assert query({}, Scope(context, {})).evaluate("{% " + expression + " %}", "Output") == mark(ARN, 2)
