"""Every rule of https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html, and its examples."""

from __future__ import annotations

import re
import time

import pytest

from local_aws.codepipeline.definition.globs import GlobError, matches


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("*.java", ["a.java", ".java"], ["src/a.java", "a.javac"]),
        ("*.*", ["a.b", ".", "a.b.c"], ["ab", "a.b/c"]),
        ("*.{java,class}", ["a.java", "a.class"], ["a.jar", "a.{java,class}"]),
        ("foo.?", ["foo.a", "foo.é"], ["foo.", "foo.ab", "foo./"]),
        ("my-file.jar", ["my-file.jar"], ["directory/my-file.jar", "my-file_jar"]),
        ("directory/subdirectory/my-file.jar", ["directory/subdirectory/my-file.jar"], ["directory/my-file.jar"]),
        ("**", ["a", "a/b/c", ".hidden/x"], []),
        ("directory/**", ["directory/a", "directory/a/b"], ["directory", "other/directory/a"]),
        ("directory/*", ["directory/a", "directory/.a"], ["directory/a/b"]),
        ("**/README.md", ["a/README.md", "a/b/README.md"], ["README.md", "a/XREADME.md"]),
        ("common/**/*.js", ["common/a/b.js", "common/a/b/c.js"], ["common/b.js"]),
        ("main*", ["main", "mainline"], ["main/x", "the-main"]),
        ("feature/**", ["feature/a/b"], ["feature"]),
        (r"\*\{a\}", ["*{a}"], ["x{a}", r"\*\{a\}"]),
        ("[abc]x", ["ax", "cx"], ["dx", "abx"]),
        ("[a-c9]x", ["bx", "9x"], ["dx", "-x"]),
        ("[!a-c]x", ["dx", "!x"], ["ax", "/x"]),
        ("[*?\\]", ["*", "?", "\\"], ["a"]),
        ("[-a]", ["-", "a"], ["b"]),
        ("[a-]", ["-", "a"], ["b"]),
        ("[!-a]", ["b", "!"], ["-", "a"]),
        ("[^a]", ["^", "a"], ["b"]),
        ("x{,1*,[a-c]**}y", ["xy", "x12y", "xb/cy"], ["x1/2y", "xdy"]),
        ("{a,b}{c,d}", ["ac", "bd"], ["ab", "cd"]),
        ("a,b}", ["a,b}"], ["a"]),
    ],
)
def test_a_pattern_matches_whole_texts(pattern: str, taken: list[str], left: list[str]) -> None:
    assert [text for text in taken if not matches(pattern, text)] == []
    assert [text for text in left if matches(pattern, text)] == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{a,{b,c}}", "groups cannot be nested"),
        ("{a,b", "'{' is not closed"),
        ("[ab", "'[' is not closed"),
        ("[]", "at least one character"),
        ("[!]", "at least one character"),
        ("[a/b]", "no '/'"),
        ("[c-a]", "the range c-a is empty"),
        ("a\\", "nothing follows the backslash"),
    ],
)
def test_invalid_patterns_are_refused(pattern: str, why: str) -> None:
    with pytest.raises(GlobError, match=re.escape(why)):
        matches(pattern, "a")


def test_no_pattern_takes_more_than_its_length_for_each_character() -> None:
    """An expression that went back would take longer than the universe is old."""
    started = time.process_time()
    assert not matches("{*a,**a}" * 31, "a/" * 2000)
    assert not matches("**a" * 85, "a" * 4000 + "b")
    assert time.process_time() - started < 5
