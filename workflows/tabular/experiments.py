"""Experiments side by side: each trained and scored on the validation rows, the best saved as a model."""

from __future__ import annotations

from workflows.compose import (
    CONTEXT,
    RESULT,
    STATE_INPUT,
    Catch,
    Chain,
    Choice,
    ExecutionInput,
    Expression,
    Field,
    Map,
    Pass,
    Rule,
    Workflow,
    caught,
    fail,
    join,
    sentence,
    variable,
)
from workflows.compose.expressions import literal
from workflows.compose.failures import FAILURE
from workflows.tabular.algorithm import CHANNELS, CONTENT, HYPERPARAMETERS, JOB_MARK, METRIC, PREFIX, XGBOOST

MOST = 50
"""Experiments. Their rows stand in one variable, which holds at most 256 KiB, so each has at most 5 KiB:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""
_SIZE_LIMIT, _REASON_LIMIT, _CAUSE_LIMIT = 800, 1024, 20_000
"""Characters of an experiment as JSON, of a failure's reason, and of an execution's cause, which may have 32,768."""
execution_input = ExecutionInput({"Experiments": Field(list, most=MOST)})
AT_ONCE = 4
"""Trainings side by side; accounts have quotas of instances for training jobs."""

# --- One experiment.
index, given = STATE_INPUT["Index"], STATE_INPUT["Experiment"]
row = {"Name": given["Name"], "HyperParameters": given["HyperParameters"]}
as_text = Expression(f"$each({given}.HyperParameters, function($value, $key) {{ {{ $key: $string($value) }} }})")

reason = Expression(f"$substring({variable('reason')}, 0, {_REASON_LIMIT})")
keep = Pass("Keep Failure", output={**row, "Status": "Failed", "Reason": reason})
train = XGBOOST.training(
    "Train Experiment",
    join(PREFIX, JOB_MARK, "-", Expression(f"$string({index})")),
    Expression(f"$merge([{literal(HYPERPARAMETERS)}, {as_text}])"),
    CHANNELS,
    CONTENT,
    output={
        **row,
        "Status": "Completed",
        "TrainingJobName": RESULT["TrainingJobName"],
        "Value": Expression(f"{RESULT}.FinalMetricDataList[MetricName = '{METRIC}'].Value"),
        "ModelData": RESULT["ModelArtifacts"]["S3ModelArtifacts"],
    },
    catch=[Catch(keep, output=STATE_INPUT, assign={"reason": sentence("Train Experiment")}, tells="reason")],
)
is_wrong = Expression(
    # Not with `!=`, which is false where a side has no value.
    f"$not($type({given}) = 'object' and $type({given}.Name) = 'string' "
    f"and $type({given}.HyperParameters) = 'object' and $count($keys({given})) = 2)"
)
is_long = Expression(f"$length($string({given})) > {_SIZE_LIMIT}")


def refuse(name: str, reason: str) -> Pass:
    row = {"Name": Expression(f"'number ' & $string({index} + 1)"), "HyperParameters": {}, "Status": "Failed"}
    return Pass(name, output={**row, "Reason": reason})


rules = [
    Rule(
        is_wrong,
        refuse("Refuse Experiment", "It is not an object with a text Name and an object HyperParameters, and no more."),
    ),
    Rule(is_long, refuse("Refuse Long Experiment", f"It has more than {_SIZE_LIMIT} characters as JSON.")),
]
one = Chain([Choice("Is Experiment Right", rules), train])

# --- All of them.
all_rows = variable("experiments")
best = Expression(f"$sort({all_rows}[Status = 'Completed'], function($one, $other) {{ $one.Value > $other.Value }})[0]")
experiments = Map(
    "Experiments",
    execution_input["Experiments"],
    one,
    max_concurrency=AT_ONCE,
    item={"Index": CONTEXT["Map"]["Item"]["Index"], "Experiment": CONTEXT["Map"]["Item"]["Value"]},
    assign={"experiments": RESULT},
    catch=[caught("Experiments", fail("Experiments Failed", "WorkflowError"))],
)
none_completed = fail("No Experiment Completed", "ModelError")
reasons = Expression(
    f"$substring('No experiment completed: ' & ($count({all_rows}) = 0 ? 'the input lists none.' "
    f": $join({all_rows}.(Name & ': ' & Reason), '; ')), 0, {_CAUSE_LIMIT})"
)
choose = Choice(
    "Is There A Model",
    [Rule(Expression(f"$count({all_rows}[Status = 'Completed']) = 0"), none_completed, assign={FAILURE: reasons})],
)
model = join(PREFIX, JOB_MARK)
save = XGBOOST.model(
    "Save Best Model",
    model,
    Expression(f"{best}.ModelData"),
    output={
        "Metric": METRIC,
        "Best": best,
        "ModelName": model,
        "Experiments": Expression(f"[{all_rows}]"),
    },
    catch=[caught("Save Best Model", fail("Model Not Saved", "WorkflowError"))],
)

workflow = Workflow(
    name="tabular-experiments",
    steps=Chain([experiments, choose, save]),
    input=execution_input,
    comment="Abalone: experiments with hyperparameters side by side, the best saved",
)
