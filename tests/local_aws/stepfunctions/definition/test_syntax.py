from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_aws.stepfunctions.definition.syntax import FUNCTIONS, dynamic_form, is_variable_name, path_form

SINGLE = ["$", "$$", "$.a", "$.a.b[0].c", "$['a b'].c", '$["a"]', "$.a[-1]", "$$.Map.Item.Value", "$x", "$x.y", "$.a-b"]
MANY = ["$.a[*]", "$..a", "$.*", "$.a[0:2]", "$.a[0,1]", "$.a['x','y']", "$..[0]", "$.a.length()"]
FILTERS = ["$.a[?(@.b == 'x)')].c", "$[?(@.a > 1 && (@.b < 2))]", "$.a[?(@.b =~ /x\\/y/)]", "$..a[?(@.b in ['x'])]"]
NO_PATHS = ["", "a", "a.$", "$.", "$[", "$.a b", "$.a[", "$.a[x]", "$_x", "$.a[?(@.b]", "$1", "$.a.", "States.UUID()"]
CALLS = [
    "States.UUID()",
    "States.Format('Hello {}', $.name)",
    "States.Array(1, -2.5e3, true, null, 'it\\'s', $$.State.Name, $v)",
    "States.MathAdd(States.ArrayLength($.a), $.b[?(@.c == 1)].d)",
    "States.Format( 'a' , $.b )",
]
NO_CALLS = [
    "States.Nothing()",
    "States.Array(1,)",
    "States.Array(1 2)",
    "States.Array($.a",
    "States.UUID() x",
    'States.Format("a")',
    "states.UUID()",
    "States.Array(a)",
    "States.Array(States.Nothing())",
    "States.Array(States.",
]


@pytest.mark.parametrize("text", SINGLE)
def test_a_reference_path_names_one_value(text: str) -> None:
    assert path_form(text).valid
    assert path_form(text).single


@pytest.mark.parametrize("text", [*MANY, *FILTERS])
def test_a_path_may_name_several_values(text: str) -> None:
    assert path_form(text).valid
    assert not path_form(text).single


@pytest.mark.parametrize("text", NO_PATHS)
def test_what_is_no_path(text: str) -> None:
    assert not path_form(text).valid


@pytest.mark.parametrize("text", [*CALLS, *SINGLE, *MANY])
def test_a_dynamic_field_holds_a_call_or_a_path(text: str) -> None:
    assert dynamic_form(text).valid


@pytest.mark.parametrize("text", [*NO_CALLS, *NO_PATHS[:-1]])
def test_what_no_dynamic_field_holds(text: str) -> None:
    assert not dynamic_form(text).valid


def test_variables_and_the_context_object_are_told_apart() -> None:
    assert path_form("$order.id").variables == {"order"}
    assert path_form("$$.Execution.Id").context
    assert not path_form("$.order").variables
    assert dynamic_form("States.Array($a, States.MathAdd($b.c, 1), $.d)").variables == {"a", "b"}


def test_all_functions_are_known() -> None:
    assert len(FUNCTIONS) == 18


def test_functions_nest_ten_deep() -> None:
    def nested(depth: int) -> str:
        return "States.Array(" * depth + "1" + ")" * depth

    assert dynamic_form(nested(10)).valid
    assert not dynamic_form(nested(11)).valid


NAMES = {
    **dict.fromkeys(["x", "orderId", "a_1", "größe", "x" * 80], True),
    **dict.fromkeys(["", "_x", "1a", "a-b", "a b", "a.b", "$a", "x" * 81], False),
}


@pytest.mark.parametrize("name", NAMES)
def test_names_of_variables(name: str) -> None:
    assert is_variable_name(name) is NAMES[name]


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True), max_size=5), st.integers(0, 9))
def test_a_path_of_names_and_an_index_is_a_reference_path(names: list[str], index: int) -> None:
    dotted = "$" + "".join(f".{name}" for name in names) + f"[{index}]"
    quoted = "$" + "".join(f"['{name}']" for name in names) + f"[{index}]"
    assert path_form(dotted).single
    assert path_form(quoted).single
    assert path_form(dotted + "[*]").valid
    assert not path_form(dotted + "[*]").single


@given(st.text(max_size=40))
def test_any_text_has_a_form(text: str) -> None:
    assert not path_form(text).valid or text.startswith("$")
    assert not dynamic_form(text).valid or text.startswith(("$", "States."))
