"""Granted is used: what the roles of the workflows may do, against what they did in a run of all samples."""

from __future__ import annotations

import json

from slipway.stacks.workflow_estimate import SAMPLES

from tests.releases.house import House


def test_samples_use_what_is_granted_and_are_denied_nothing(with_workflows: House) -> None:
    found = json.loads(with_workflows.slipway("permissions", "--json").stdout)
    assert (found["denied"], found["unused"], found["untouched"]) == ([], [], [])
    roles = {grant["role"] for grant in found["used"]}
    # Only an execution that ends badly is swept.
    assert roles | {"SweepFunctionRole"} == {grant["role"] for grant in [*found["used"], *found["listed"]]}
    assert len(roles) >= 15


def test_samples_enter_the_states_that_their_cost_is_made_of(with_workflows: House) -> None:
    """Of the systems that wait for no endpoint: how often one is looked at differs from run to run."""
    states = with_workflows.client("stepfunctions")
    machines = states.list_state_machines(maxResults=1000)["stateMachines"]
    for system, sample in SAMPLES.items():
        if any(work.kind == "endpoint" for work in sample.work):
            continue
        entered = 0
        for machine in machines:
            if machine["name"].startswith(f"slipway-local-{system}"):
                for one in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
                    history = states.get_execution_history(executionArn=one["executionArn"], maxResults=1000)
                    entered += sum("stateEnteredEventDetails" in event for event in history["events"])
        assert entered == sample.transitions, system


def test_samples_run_the_jobs_that_their_cost_is_made_of(with_workflows: House) -> None:
    sagemaker = with_workflows.client("sagemaker")
    for kind in ("training", "processing", "transform"):
        answer = getattr(sagemaker, f"list_{kind}_jobs")(MaxResults=100)
        names = [job[f"{kind.title()}JobName"] for job in answer[f"{kind.title()}JobSummaries"]]
        for system, sample in SAMPLES.items():
            of_system = [name for name in names if name.startswith(f"slipway-local-{system}-")]
            assert len(of_system) == sum(work.count for work in sample.work if work.kind == kind), (system, kind)
