from __future__ import annotations

import sys

from local_aws.stepfunctions.language.expressions import query
from local_aws.stepfunctions.language.scope import Scope


def test_jsonata_leaves_the_recursion_limit_of_the_process_alone() -> None:
    limit = sys.getrecursionlimit()
    assert query(None, Scope()).evaluate("{% 1 + 1 %}", "Output") == 2
    assert sys.getrecursionlimit() == limit < 10_000
