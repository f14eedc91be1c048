from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.codebuild.running.wildcards import Wildcards


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.txt", "a.txt", True),
        ("a.txt", "b/a.txt", False),
        ("*.txt", "a.txt", True),
        ("*.txt", "b/a.txt", False),
        ("**/*", "a.txt", True),
        ("**/*", "b/c/a.txt", True),
        ("**/a.txt", "ba.txt", False),
        ("out/**", "out/b/a.txt", True),
        ("out/?.txt", "out/a.txt", True),
        ("out/?.txt", "out//.txt", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "axxbyy", False),
        ("", "", True),
        ("", "a", False),
        ("**/" * 60 + "b", "a/" * 2000 + "c", False),
        ("*a" * 200 + "b", "a" * 4000, False),
    ],
)
def test_matches_of_a_pattern(pattern: str, name: str, fits: bool) -> None:
    assert Wildcards(pattern).match(name) is fits


@given(st.text("ab/*?", max_size=8), st.text("ab/", max_size=8))
def test_as_an_expression_that_goes_back_would_say(pattern: str, name: str) -> None:
    expression = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", pattern)
    expected = re.fullmatch("".join(expression.get(token) or re.escape(token) for token in tokens), name) is not None
    assert Wildcards(pattern).match(name) is expected
