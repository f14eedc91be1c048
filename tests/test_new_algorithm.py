"""An algorithm is a module and a line of the table: nothing else of the functions is touched for a new one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.local_server import ROOT
from tests.pipeline_lambdas.aws_doubles import plain_document

MODULE = """
import re
from pipeline_lambdas.algorithms.algorithm import Algorithm, Image, LogPattern, Target
from pipeline_lambdas.algorithms.answers import JSON, PredictionForm, json_numbers
from pipeline_lambdas.config.rules import as_text, choice, integer

TOY = Algorithm(
    name="toy-learner",
    title="Toy",
    reference="https://example.com",
    image=Image("toys", ("1", "2"), "toy"),
    content_types=("text/csv",),
    response_types=(JSON,),
    hyperparameters={
        "kind": choice("number", "class"),
        "bricks": as_text(integer(1)),
    },
    target=Target("kind", {"regression": ("number",), "binary": ("class",), "multiclass": ()}),
    dependencies=lambda values, validation: [],
    classes=lambda values: 2,
    form=lambda values: PredictionForm(
        accept=JSON, read=json_numbers("guess"), names_classes=values.get("kind") == "class"
    ),
    log=LogPattern(re.compile(r"brick (?P<step>\\d+): (?P<values>.*)"),
                   re.compile(r"(?P<channel>\\w+) (?P<metric>\\w+) (?P<value>\\S+)"), re.compile("; ")),
    missing_values=False,
    request_limit_bytes=1000,
    distributed=False,
)
"""
PROGRAM = """
import json, sys
from pathlib import Path
from inference_lambdas.judging.problems import metrics_of
from inference_lambdas.predicting.predictions import parse_predictions
from pipeline_lambdas.algorithms.table import ALGORITHMS, algorithm_of_image
from pipeline_lambdas.config.parsing import ConfigError, parse_config
from pipeline_lambdas.config.reference import reference_markdown
from pipeline_lambdas.evidence.learning_curves import curves
from upkeep.images import RELEASES, rewritten

given = json.load(sys.stdin)
config = parse_config(json.dumps(given["right"]), "f")
try:
    parse_config(json.dumps(given["wrong"]), "f")
except ConfigError as error:
    problems = error.problems
parsed = parse_predictions(b'{"predictions": [{"guess": 1}, {"guess": 0}]}', 2, config.prediction_form)
metrics = metrics_of(config)
metrics.add([1.0, 1.0], parsed.predictions)
toy = algorithm_of_image("registry/toys:2")
accounts = {"us-east-1": {one.mapping_key: "1" for one in ALGORITHMS.values() if one.image.registries}}
template = rewritten(Path(given["template"]).read_text(), accounts, RELEASES)
print(json.dumps({
    "problems": problems,
    "accuracy": metrics.values()["accuracy"],
    "logloss": metrics.values()["logloss"],
    "curves": curves(["brick 1: train height 2; validation height 3"], toy.log),
    "reference": "hyperparameters` of toy-learner" in reference_markdown(),
    "template": [line.strip() for line in template.splitlines() if "toy" in line.lower()],
}))
"""


def test_a_new_algorithm_is_a_module_and_a_line(tmp_path: Path) -> None:
    for package in ("pipeline_lambdas", "inference_lambdas", "scripts"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    algorithms = tmp_path / "pipeline_lambdas" / "algorithms"
    (algorithms / "toy.py").write_text(MODULE, encoding="utf-8")
    table = (algorithms / "table.py").read_text(encoding="utf-8")
    listed = table.replace("LINEAR_LEARNER)", "LINEAR_LEARNER, TOY)")
    imported = "from pipeline_lambdas.algorithms.xgboost import XGBOOST\n"
    assert listed != table
    added = listed.replace(imported, f"from pipeline_lambdas.algorithms.toy import TOY\n{imported}")
    (algorithms / "table.py").write_text(added, encoding="utf-8")
    document = {**plain_document(), "problem": "binary", "algorithm": {"name": "toy-learner", "version": 2}}
    document["hyperparameters"] = {"kind": "class", "bricks": 3}
    document["training"]["instance_count"] = 1
    for test in document["tests"].values():
        test["gates"] = {"accuracy": {"min": 0.5}}
    wrong = json.loads(json.dumps(document))
    wrong["hyperparameters"] = {"kind": "number", "bricks": 0, "eta": 1}
    wrong["training"]["instance_count"] = 2
    given = {"right": document, "wrong": wrong, "template": str(ROOT / "cloudformation" / "pipeline" / "stages.yml")}
    paths = os.pathsep.join(map(str, (tmp_path, tmp_path / "scripts")))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps(given),
        env={**os.environ, "PYTHONPATH": paths},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == [
        "f: hyperparameters.eta: found a hyperparameter that toy-learner lacks; expected those of its reference",
        "f: hyperparameters.bricks: found 0; expected an integer from 1",
        "f: hyperparameters.kind: found number; allowed for problem binary: class",
        "f: training.instance_count: found 2; expected 1, as toy-learner does not train on several together",
    ]
    assert (found["accuracy"], found["logloss"]) == (0.5, None)
    assert found["curves"] == {"train:height": [2], "validation:height": [3]}
    assert found["reference"]
    account = "- Account: !FindInMap [SageMakerImages, !Ref AWS::Region, ToyLearner]"
    arn = "- arn:${AWS::Partition}:ecr:${AWS::Region}:${Account}:repository/toys"
    assert found["template"] == [
        "us-east-1: {Xgboost: '1', ScikitLearn: '1', LinearLearner: '1', ToyLearner: '1'}",
        "- toy-learner=${Account}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}",
        account,
        *(arn, account) * 2,
    ]
