from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.settings import ACCOUNT
from local_aws.stepfunctions.registry import arns
from local_aws.stepfunctions.registry.names import require_name
from local_aws.wire import AwsError

PREFIX = f"arn:aws:states:us-east-1:{ACCOUNT}"
KINDS = (arns.MACHINE, arns.EXECUTION, arns.EXPRESS, arns.ACTIVITY, arns.MAP_RUN)


@pytest.mark.parametrize(
    ("text", "kind", "name", "label", "rest"),
    [
        ("stateMachine:m", arns.MACHINE, "m", "", ""),
        ("stateMachine:m:7", arns.MACHINE, "m", "", "7"),
        ("stateMachine:m/Map", arns.MACHINE, "m", "Map", ""),
        ("execution:m:e", arns.EXECUTION, "m", "", "e"),
        ("execution:m/Map:e", arns.EXECUTION, "m", "Map", "e"),
        ("express:m:e:id", arns.EXPRESS, "m", "", "e:id"),
        ("express:m/Map:e:id", arns.EXPRESS, "m", "Map", "e:id"),
        ("activity:a", arns.ACTIVITY, "a", "", ""),
        ("mapRun:m/Map:id", arns.MAP_RUN, "m", "Map", "id"),
    ],
)
def test_forms(text: str, kind: str, name: str, label: str, rest: str) -> None:
    found = arns.read(f"{PREFIX}:{text}", *KINDS)
    assert (found.kind, found.name, found.label, found.rest) == (kind, name, label, rest)
    assert found.machine == f"{PREFIX}:stateMachine:{name}"


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:s3:::bucket",
        "arn:aws:states:us-east-1",
        f"{PREFIX}:stateMachine:",
        f"{PREFIX}:execution:m",
        f"{PREFIX}:mapRun:m:x",
        f"{PREFIX}:stateMachine:m:1:2",
    ],
)
def test_texts_that_are_no_arn(text: str) -> None:
    with pytest.raises(AwsError, match="InvalidArn"):
        arns.read(text, *KINDS)


@given(text=st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(AwsError, match="InvalidArn"):
        arns.read(text, *KINDS)


def test_versions_and_aliases() -> None:
    version, alias, plain = (arns.read(f"{PREFIX}:stateMachine:m{end}", *KINDS) for end in (":1", ":v1", ""))
    assert (version.is_version, version.is_alias) == (True, False)
    assert (alias.is_version, alias.is_alias) == (False, True)
    assert (plain.is_version, plain.is_alias) == (False, False)


@pytest.mark.parametrize("character", [*' \t<>{}[]?*"#%\\^|~`$&,;:/', "\u0000", "\u0085", "\ufffe", "\U0010ffff"])
def test_characters_that_names_may_not_have(character: str) -> None:
    with pytest.raises(AwsError, match="InvalidName"):
        require_name(f"a{character}b")


@pytest.mark.parametrize("name", ["orders-1_x", "a.b", "ümlaut", "a+b@c", "(x)"])
def test_names(name: str) -> None:
    assert require_name(name) == name
