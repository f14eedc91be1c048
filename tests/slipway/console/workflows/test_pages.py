"""The room against a local AWS: what its pages show of executions, and what is decided on them."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from botocore.exceptions import ClientError
from slipway.console.room import Done, Page
from slipway.console.shell import at
from slipway.console.workflows.graph import graph_of
from slipway.console.workflows.starting import sample_input
from slipway.errors import SlipwayError

from tests.local_server import wait_for
from tests.slipway.console.workflows.conftest import BAD, Room

HERE = at("workflows", "parent")


def execution(name: str, **query: str | int) -> str:
    return at("workflows", "parent", "executions", name, **query)


@pytest.fixture(scope="module")
def failed(room: Room) -> str:
    room.run("went-wrong", bad=True)
    return "went-wrong"


def links(text: str) -> dict[str, str]:
    """Addresses by the accessible names of the links, or else their texts."""
    found = re.findall(r'<a href="([^"]*)"(?: aria-label="([^"]*)")?[^>]*>(?:([^<]*)</a>)?', text)
    return {unescape(label or shown): unescape(address) for address, label, shown in found}


def test_the_machines_are_listed_with_their_last_executions(room: Room, failed: str) -> None:
    text = room.text(at("workflows"))
    assert links(text)["parent"] == HERE
    assert f'href="{execution(failed)}"' in text
    assert "FAILED" in text


def test_the_executions_of_a_machine_are_shown_by_their_status(room: Room, failed: str) -> None:
    room.run("good")
    assert {"good", failed} <= links(room.text(HERE)).keys()
    text = room.text(f"{HERE}?status=SUCCEEDED")
    assert "good" in links(text)
    assert failed not in links(text)
    assert "No execution is TIMED_OUT" in room.text(f"{HERE}?status=TIMED_OUT")


def test_many_executions_are_paged(room: Room) -> None:
    address = at("workflows", "child")
    for number in range(22):
        room.client.start_execution(stateMachineArn=room.arn("child"), name=f"paged-{number}", input='{"bad": false}')
    seen = set()
    while True:
        found = links(room.text(address))
        seen |= {name for name in found if name.startswith("paged-")}
        if "Older" not in found:
            break
        address = found["Older"]
    assert len(seen) == 22
    assert found["Newest"] == at("workflows", "child")


def test_a_machine_is_found_by_its_whole_name_as_well(room: Room) -> None:
    assert room.page(at("workflows", "slipway-local-parent")).title == "parent"
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        room.page(at("workflows", "no-such-machine"))
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        room.page(execution("no-such-execution"))


def test_what_failed_is_shown_unless_a_state_is_chosen(room: Room, failed: str) -> None:
    text = room.text(execution(failed))
    assert '<h2 id="state-title">State Child</h2>' in text
    assert "Child.Failed" in text
    names = links(text)
    assert names["Child: Task, failed"] == f"{execution(failed, state='Child')}#state"
    assert "Each: Map, succeeded" in names
    assert "Item: Pass, succeeded 4 of 4" in names
    child = next(address for name, address in names.items() if name.startswith("execution "))
    assert "Child.Failed" in room.text(child)
    assert f'href="{execution(failed)}"' in room.text(child), "the child leads back to its parent"


def test_text_of_others_stays_text(room: Room, failed: str) -> None:
    for address in (execution(failed), execution(failed, state="Each"), f"{execution(failed)}/events"):
        text = room.text(address)
        assert "<b>" not in text
        assert "&lt;b&gt;bad" in text
    assert " style=" not in text


def test_a_state_is_shown_with_its_input_its_output_and_its_iterations(room: Room, failed: str) -> None:
    text = room.text(execution(failed, state="Each"))
    assert "4 iterations" in text
    item = links(room.text(execution(failed, state="Item", visit=3)))
    assert "Visit 3 of 4" in room.text(execution(failed, state="Item", visit=3))
    assert item["Before"] == f"{execution(failed, state='Item', visit=2)}#state"
    assert any(name.startswith("Each ") for name in item)
    assert "not been entered" in room.text(execution(failed, state="Elsewhere"))


def test_the_whole_of_an_input_is_a_file(room: Room, failed: str) -> None:
    found = room.file(f"{execution(failed)}/data?part=input")
    assert (json.loads(found.body)["said"], found.media_type) == (BAD, "application/json")
    address = re.search(r'href="([^"]*/data\?event=\d+[^"]*)"', room.text(f"{execution(failed)}/events"))
    assert address, "what is long has a link to the whole of it"
    assert "ExecutionArn" in json.loads(room.file(unescape(address[1])).body)
    assert room.file(f"{execution(failed)}/data?event=2&part=input").body == found.body
    assert room.file(f"{execution(failed)}/data?event=99999&part=input") is None
    assert room.file(f"{execution(failed)}/data?part=taskToken") is None


def test_events_are_shown_from_either_end(room: Room, failed: str) -> None:
    address = f"{execution(failed)}/events"
    newest = re.findall(r'<th scope="row"[^>]*>(\d+)</th>', room.text(address))
    oldest = re.findall(r'<th scope="row"[^>]*>(\d+)</th>', room.text(f"{address}?order=oldest"))
    assert oldest[0] == "1"
    assert [int(one) for one in newest] == sorted(map(int, newest), reverse=True)
    assert newest == oldest[::-1], "a short history is one page"


def test_an_execution_is_started_with_the_input_and_name_that_are_given(room: Room) -> None:
    done = room.decide(f"{HERE}/start", input='{"items": [], "hold": 0, "bad": false}', name="mine")
    assert isinstance(done, Done)
    assert done.address == execution("mine")
    again = room.text(f"{HERE}?again=mine")
    assert "&quot;items&quot;: []" in again


@pytest.mark.usefixtures("failed")
@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"input": '{"a": '}, "found text that is not JSON"),
        ({"input": '{"a": NaN}'}, "NaN is no number of JSON"),
        ({"input": "[" * 100_000}, "found text that is not JSON"),
        ({"input": "{}", "name": "two words"}, "found 'two words'"),
        ({"input": "{}", "name": "went-wrong"}, "already"),
    ],
)
def test_what_is_not_right_comes_back_with_what_was_given(room: Room, form: dict[str, str], said: str) -> None:
    before = len(room.client.list_executions(stateMachineArn=room.arn("parent"))["executions"])
    page = room.decide(f"{HERE}/start", **form)
    assert isinstance(page, Page)
    assert page.status == 409
    text = unescape(page.parts[0])
    assert said in text.lower() or said in text
    assert form["input"] in text
    assert len(room.client.list_executions(stateMachineArn=room.arn("parent"))["executions"]) == before


def test_an_execution_that_runs_is_stopped_with_error_and_cause(room: Room) -> None:
    arn = room.start("held", hold=1000)
    wait_for(lambda: "Hold: Wait, running" in links(room.text(execution("held"))), "Hold to be entered")
    page = room.page(execution("held"))
    assert page.again_s is not None
    assert "State Hold" in "".join(page.parts), "what runs is shown"
    with pytest.raises(SlipwayError, match="at most 256"):
        room.decide(f"{execution('held')}/stop", error="e" * 257)
    room.decide(f"{execution('held')}/stop", error="By.Hand", cause=BAD)
    wait_for(lambda: room.client.describe_execution(executionArn=arn)["status"] == "ABORTED", "the end")
    page = room.page(execution("held"))
    text = "".join(page.parts)
    assert "By.Hand" in text
    assert "Hold: Wait, aborted" in links(text)
    assert page.again_s is None


def test_an_execution_that_failed_is_redriven(room: Room) -> None:
    arn = room.run("again", bad=True)
    assert "Redrive from what failed" in room.text(execution("again"))
    room.decide(f"{execution('again')}/redrive")
    wait_for(lambda: room.client.describe_execution(executionArn=arn)["status"] != "RUNNING", "the end")
    text = room.text(execution("again"))
    assert "1 redrive" in text
    assert "Child: Task, failed" in " ".join(links(text))


def test_a_child_of_a_distributed_map_shows_what_it_runs() -> None:
    each = {"StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}
    states = {"Each": {"Type": "Map", "Label": "Own", "ItemProcessor": each, "End": True}}
    text = json.dumps({"StartAt": "Each", "States": states})
    assert [node.name for node in graph_of(text, "m", "Own").states] == ["Item"]
    assert [node.name for node in graph_of(text, "m", "Given").states] == ["Each", "Item"]


def test_the_sample_of_a_machine_of_the_project_is_offered(room: Room) -> None:
    given = sample_input(room.session, "images", "")
    assert given is not None
    assert given["prefix"] == "workflows/images/patterns"
    assert sample_input(room.session, "parent", "") is None
    names = [sample_input(room.session, "tabular", after) for after in ("one", "one", "two")]
    assert names[0] == names[1] != names[2], "a job's name is good for one job"


def test_another_is_started_with_the_input_of_one_whatever_its_name(room: Room) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html allows a plus sign."""
    room.run("one+one=two")
    again = links(room.text(execution("one+one=two")))["Start another with this input"]
    assert "&quot;hold&quot;: 0" in room.text(again)
