"""Whatever stands in a file that others wrote, there is a config or a problem in words: never another error."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline_lambdas.config.parsing import ConfigError, TrainingConfig, parse_config
from tests.pipeline_lambdas.aws_doubles import sample_text

FILE = "wine-quality.yml"
_WORDS = """
a model : { } [ ] , &x *x << <<: !!int !!bool !x ' " # %YAML ... ? 0x 0b_ 1:1 2026-02-30 .inf = ~ true 1e400 | > --- -
hyperparameters tests environments \\UFFFFFFFF \\uD800
"""
_SPACES = (": ", "- ", "\n", "\n  ", "|\n", ">\n", "---\n", "\u2028", "\t", "\ufeff", "\0", "9" * 70)
_PIECES = st.sampled_from((*_WORDS.split(), *_SPACES))


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.text(max_size=200), st.lists(_PIECES, max_size=40).map("".join), st.binary(max_size=200)))
def test_whatever_a_file_holds_there_is_a_config_or_a_problem(content: str | bytes) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(content, FILE)
    assert all(problem.startswith(f"{FILE}: ") for problem in caught.value.problems)
    str(caught.value).encode()


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_a_config_with_anything_put_into_it_is_one_or_told_of(data: st.DataObject) -> None:
    sample = sample_text()
    start = data.draw(st.integers(0, len(sample)))
    end = start + data.draw(st.integers(0, 20))
    put = data.draw(st.one_of(st.text(max_size=20), st.lists(_PIECES, max_size=4).map("".join)))
    with suppress(ConfigError):
        assert isinstance(parse_config(sample[:start] + put + sample[end:], FILE), TrainingConfig)
