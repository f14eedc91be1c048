"""Links as AWS's console has them lead to the pages of this one."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from slipway.console.access import BASE, Access
from slipway.console.application import Console
from slipway.console.aws_links import page_of
from slipway.console.live import Clock
from slipway.session import Session
from slipway.target import Options, Target
from slipway.terminal.output import Output

from pipeline_lambdas.evidence.actions import Console as Evidence
from tests.slipway.console.client import Client

RUN = "7a51d3aa-0c53-4f39-8f0b-1f1f1f1f1f1f"
PIPELINE = "slipway-local-wine-quality"
RELEASE = f"/models/wine-quality/releases/{RUN}"
ADDRESS = "http://127.0.0.1:4566/_console/aws"


def led_to(address: str, installation: str = "local") -> str:
    """The page that a link leads to, below the console's first; what stands behind # as the script tells it."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    query |= {"behind": parts.fragment} if parts.fragment else {}
    path = parts.path.removeprefix("/_console/aws").lstrip("/")
    return page_of(installation, path, query).removeprefix(BASE)


@pytest.mark.parametrize(
    ("link", "page"),
    [
        (f"/codesuite/codepipeline/pipelines/{PIPELINE}/executions/{RUN}/timeline?region=us-east-1", RELEASE),
        (f"/codesuite/codepipeline/pipelines/{PIPELINE}/view?region=us-east-1", "/models/wine-quality"),
        (
            f"/codepipeline/home?region=us-east-1#/view/{PIPELINE}/Approve/Approve/approve/a-token",
            "/models/wine-quality",
        ),
        (f"/codesuite/codepipeline/pipelines/other/executions/{RUN}/timeline", f"/pipelines/other/executions/{RUN}"),
        (
            "/s3/object/slipway-local-evidence-111122223333-us-east-1?region=us-east-1"
            f"&prefix=releases/wine-quality/{RUN}/draft-report.html&versionId=v1",
            RELEASE,
        ),
        (
            "/s3/object/slipway-local-data-111122223333-us-east-1?region=us-east-1&prefix=wine-quality/manifest.json",
            "/buckets/slipway-local-data-111122223333-us-east-1/object?key=wine-quality/manifest.json",
        ),
        ("/s3/buckets/a-bucket?region=us-east-1", "/buckets/a-bucket"),
        (
            f"/codesuite/codebuild/projects/{PIPELINE}-build/build/{PIPELINE}-build:1f/?region=us-east-1",
            f"/logs?group=/aws/codebuild/{PIPELINE}-build&stream=1f",
        ),
        (
            f"/codebuild/home?region=us-east-1#/builds/{PIPELINE}-build:1f/view/new",
            f"/logs?group=/aws/codebuild/{PIPELINE}-build&stream=1f",
        ),
        (
            "/codecommit/home?region=us-east-1#/repository/slipway-local-training-config/commit/0abc",
            "/repositories/slipway-local-training-config/commits/0abc",
        ),
        ("/codesuite/codecommit/repositories/r/browse?region=us-east-1", "/repositories/r"),
        (
            "/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/E;stream=AllTraffic/i-1",
            "/logs?group=/aws/sagemaker/Endpoints/E&stream=AllTraffic/i-1",
        ),
        (
            "/cloudwatch/home#logsV2:log-groups/log-group/$252Faws$252Flambda$252Ff/log-events/a$252F$255B1$255D",
            "/logs?group=/aws/lambda/f&stream=a/%5B1%5D",
        ),
        ("/sagemaker/home?region=us-east-1#/jobs/a-job", "/jobs/training/a-job"),
        ("/sagemaker/home?region=us-east-1#/processing-jobs/a-job", "/jobs/processing/a-job"),
        ("/sagemaker/home?region=us-east-1#/endpoints/e", "/endpoints/e"),
        ("/lambda/home?region=us-east-1#/functions/f?tab=code", "/logs?group=/aws/lambda/f"),
        (
            "/states/home?region=us-east-1#/executions/details/arn:aws:states:us-east-1:111122223333:execution:m:x",
            "/workflows/m/executions/x",
        ),
        (
            "/states/home?region=us-east-1#/statemachines/view/arn:aws:states:us-east-1:111122223333:stateMachine:m",
            "/workflows/m",
        ),
        (
            "/cloudformation/home?region=us-east-1#/stacks/stackinfo?stackId="
            "arn:aws:cloudformation:us-east-1:111122223333:stack/slipway-setup-local/1f",
            "/stacks/slipway-setup-local",
        ),
        ("/ec2/home?region=us-east-1#Instances:", "/"),
        (
            "/states/home#/v2/executions/details/arn:aws:states:us-east-1:111122223333:execution:m/Each:x",
            "/workflows/m/executions/x?label=Each",
        ),
        ("/states/home#/executions/details/none", "/workflows"),
    ],
)
def test_a_link_leads_to_what_it_names(link: str, page: str) -> None:
    assert led_to(f"{ADDRESS}{link}") == page


def test_the_links_of_evidence_lead_to_its_logs() -> None:
    group = "/aws/lambda/slipway-local-wine-quality-train-model"
    assert led_to(Evidence(ADDRESS, "us-east-1").log(group) or "") == f"/logs?group={group}"


def test_a_report_of_another_installation_is_an_object() -> None:
    bucket = "slipway-other-evidence-111122223333-us-east-1"
    key = f"releases/wine-quality/{RUN}/report.html"
    assert led_to(f"{ADDRESS}/s3/object/{bucket}?prefix={key}") == f"/buckets/{bucket}/object?key={key}"


@pytest.fixture
def browser() -> Client:
    target = Target("local AWS", "us-east-1", "local", endpoint_url="http://127.0.0.1:1")
    session = Session(Options(local=True, suffix="local"), Output())
    session.__dict__["target"] = target
    return Client(Console(session, Access("secret", 4566), Clock(60.0)).application(), "127.0.0.1:4566")


def test_a_link_goes_on_without_a_cookie_and_says_nothing(browser: Client) -> None:
    """A browser keeps the cookie back for a link in a mail, and sends it where the page leads that the link shows."""
    link = f"{ADDRESS}/codesuite/codepipeline/pipelines/{PIPELINE}/executions/{RUN}"
    answer = browser.get(link, sec_fetch_site="cross-site", sec_fetch_mode="navigate")
    assert answer.status == 200
    assert f'<meta http-equiv="refresh" content="0; url=/_console{RELEASE}">' in answer.text
    assert browser.get(f"{BASE}{RELEASE}").status == 403


def test_what_stands_behind_the_number_sign_is_told_by_a_script(browser: Client) -> None:
    page = browser.get(f"{ADDRESS}/sagemaker/home?region=us-east-1").text
    (script,) = re.findall(r'<script src="([^"]+)"', page)
    assert browser.get(script).status == 403  # the page itself tells nothing; a browser that was let in runs it
    browser.get(Access("secret", 4566).address())
    assert browser.get(script).status == 200
    assert "refresh" not in page
    told = browser.get(f"{ADDRESS}/sagemaker/home?region=us-east-1&behind=%2Fjobs%2F%22%3E%3Cscript%3E").text
    assert "<script" not in told
    assert "/_console/jobs/training/%22%3E%3Cscript%3E" in told


def test_a_link_never_leads_elsewhere() -> None:
    for path in ("//example.com", "s3/object/..", "http://example.com/", "codesuite/codecommit/repositories/%2F%2Fx"):
        assert led_to(f"{ADDRESS}/{path}").startswith("/")
        assert page_of("local", path, {}).startswith(f"{BASE}/")
