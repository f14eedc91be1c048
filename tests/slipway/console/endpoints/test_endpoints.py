"""Lists and pages of endpoints, and what they predict, as a running local AWS has them."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from slipway.console.endpoints.asking import answer, ask
from slipway.console.endpoints.endpoint import endpoint
from slipway.console.endpoints.listing import endpoints
from slipway.console.shell import drawn
from slipway.session import Session

from tests.local_aws.sagemaker.house import House
from tests.local_server import LocalServer, wait_for
from tests.slipway.console.drawing import asked, links_of, session_at, text_of

NAME = "console-endpoint"
MARKUP = "<script>"


@pytest.fixture(scope="module")
def house(local_aws: LocalServer) -> House:
    """An endpoint of a model that no release has made."""
    house = House(local_aws, "console-endpoints")
    found = house.trained("console-endpoint-job")
    house.model(NAME, found["ModelArtifacts"]["S3ModelArtifacts"])
    house.sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=NAME, Tags=[{"Key": "team", "Value": MARKUP}])
    assert house.settled(NAME)["EndpointStatus"] == "InService"
    return house


@pytest.fixture(scope="module")
def session(house: House) -> Session:
    return session_at(house.server)


def test_the_list(session: Session) -> None:
    page = endpoints(asked(session, query={"name": NAME}))
    assert f"{NAME} " in text_of(page)
    assert "InService" in text_of(page)
    assert f"/_console/endpoints/{NAME}" in links_of(page)
    assert "No such endpoint is here." in text_of(endpoints(asked(session, query={"name": "console-no"})))


def test_an_endpoint_with_its_variants_models_and_tags(session: Session) -> None:
    page = endpoint(asked(session, name=NAME))
    told = text_of(page)
    for expected in ("AllTraffic", "1 ml.t2.medium", "s3://console-endpoints/out/console-endpoint-job", "team"):
        assert expected in told
    assert MARKUP not in drawn(page)
    assert f"/_console/logs?group=/aws/sagemaker/Endpoints/{NAME}" in links_of(page)
    assert page.again_s is None


def test_its_load_comes_from_cloudwatch(session: Session, house: House) -> None:
    house.invoke(NAME)

    def told() -> str:
        found = text_of(endpoint(asked(session, name=NAME, query={"window": "day"})))
        return found if "Latency of the model" in found else ""

    assert " in all." in wait_for(told, "the metrics of the invocations", 10)


def test_rows_are_sent_and_the_form_keeps_them(session: Session) -> None:
    assert "Body of the request" in text_of(ask(asked(session, name=NAME)))
    form = dict(parse_qsl("rows=0.9,0.9,0.9%0D%0A0.1,0.1,0.1&type=text/csv"))
    page = answer(asked(session, name=NAME), form)
    assert ">0.9,0.9,0.9\n0.1,0.1,0.1</textarea>" in drawn(page)
    shown = drawn(page).partition('aria-label="Answer"')[2].partition(">")[2].partition("<")[0]
    assert [round(float(line)) for line in shown.replace(",", "\n").split()] == [3, 0]


def test_what_the_container_refuses_is_shown_as_it_says_it(session: Session) -> None:
    page = answer(asked(session, name=NAME), {"rows": f"0.9,{MARKUP},0.9", "type": "text/csv"})
    assert f"{NAME}: the model refused the request: " in text_of(page)
    assert MARKUP not in drawn(page)
    assert "is empty" in text_of(answer(asked(session, name=NAME), {"rows": " "}))
