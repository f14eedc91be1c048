"""Links as AWS's console has them, answered with the page here that shows the same.

Evidence, messages and events of an installation link to the console of the target (parameter `ConsoleLinks` of the
pipeline's stack). The paths are AWS's own, so that nothing that writes a link knows which console answers. Some name
their place behind `#`, which browsers keep to themselves: a small script tells it (assets/aws_links.js).

A link may stand in a mail or a report, and a browser sends the console's cookie only to what the console's own pages
lead to. So the answer is a page that goes on by itself, holds nothing, and is for everybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from pipeline_lambdas.report.kit.markup import Html, el
from slipway.console.shell import at

_PIPELINE = r"codesuite/codepipeline/pipelines/(?P<pipeline>[^/]+)"
_ANY = r"(?:[/?].*)?"
_JOBS = {
    "jobs": "training",
    "training-jobs": "training",
    "hyper-tuning-jobs": "tuning",
    "processing-jobs": "processing",
    "transform-jobs": "transform",
}
"""What SageMaker's console calls the jobs, to what they are called here."""
_BEHIND = "behind"
"""The field of the query that tells what stood behind `#`."""
_MACHINE_FIELD = 6

Found = Mapping[str, str]


def page_of(installation: str, path: str, query: Mapping[str, str]) -> str:
    """Return the address of the page for a path of AWS's console below `AWS_LINKS`; the first page if none shows that.

    `installation` is the suffix whose pipelines are shown.
    """
    behind = query.get(_BEHIND, "").lstrip("#").lstrip("/")
    service = path.partition("/")[0]
    text = f"{service}#{behind}" if behind else path.strip("/")
    for pattern, address in _PLACES:
        found = re.fullmatch(pattern, text)
        if found:
            return address({**query, **{name: value or "" for name, value in found.groupdict().items()}}, installation)
    return at("")


def needs_script(path: str, query: Mapping[str, str]) -> bool:
    """Tell whether the place stands behind `#`, and is not told yet."""
    return path.endswith("/home") and _BEHIND not in query


def page(installation: str, path: str, query: Mapping[str, str]) -> str:
    """Return the page that leads on, as HTML."""
    address = page_of(installation, path, query)
    waits = needs_script(path, query)
    script = el("script", src=at("assets", "aws_links.js"), defer="defer") if waits else None
    goes = None if waits else el("meta", http_equiv="refresh", content=f"0; url={address}")
    icon = el("link", rel="icon", type="image/svg+xml", href=at("assets", "icon.svg"))
    head = el("head", el("meta", charset="utf-8"), el("title", "Slipway"), icon, goes, script)
    link: Html = el("a", "To the first page" if waits else "To the page", href=address)
    body = el("body", el("main", el("h1", "Slipway"), el("p", link)))
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def _pipeline(found: Found, installation: str) -> str:
    """A pipeline of the installation is a model's; others have pages of their own."""
    name, own = found["pipeline"], f"slipway-{installation}-"
    of_model = (
        ("models", name.removeprefix(own), "releases") if name.startswith(own) else ("pipelines", name, "executions")
    )
    return at(*of_model, found["run"]) if "run" in found else at(*of_model[:2])


def _object(found: Found, installation: str) -> str:
    """A report or a record is shown with its release; any other object by itself."""
    key = found.get("prefix", "")
    evidence = re.fullmatch(r"releases/(?P<model>[^/]+)/(?P<run>[0-9a-f-]{36})/.+", key)
    if evidence and found["bucket"].startswith(f"slipway-{installation}-evidence-"):
        return at("models", evidence["model"], "releases", evidence["run"])
    version = {"version": found["versionId"]} if found.get("versionId") else {}
    return at("buckets", found["bucket"], "object", key=key, **version) if key else at("buckets", found["bucket"])


def _log(found: Found, _: str) -> str:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html: the console
    # encodes names twice, the second time with `$` for `%`.
    group, stream = (unquote(unquote(found.get(name, "").replace("$", "%"))) for name in ("group", "stream"))
    return at("logs", group=group, **({"stream": stream} if stream else {}))


def _build(found: Found, _: str) -> str:
    project, _, stream = unquote(found["build"]).partition(":")
    return at("logs", group=f"/aws/codebuild/{project}", **({"stream": stream} if stream else {}))


def _execution(found: Found, _: str) -> str:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    machine, *names = unquote(found["arn"]).split(":")[_MACHINE_FIELD:] or ("",)
    return at("workflows", machine, "executions", names[0]) if names else at("workflows")


def _stack(found: Found, _: str) -> str:
    arn = unquote(found["arn"])
    return at("stacks", arn.split("/")[1] if "/" in arn else arn)


_PLACES: tuple[tuple[str, Callable[[Found, str], str]], ...] = (
    (rf"{_PIPELINE}/executions/(?P<run>[0-9a-f-]+){_ANY}", _pipeline),
    (rf"{_PIPELINE}{_ANY}", _pipeline),
    (rf"codepipeline#view/(?P<pipeline>[^/?]+){_ANY}", _pipeline),
    (r"s3/(?:object|buckets)/(?P<bucket>[^/]+)", _object),
    (r"codesuite/codebuild/(?:\d+/)?projects/[^/]+/build/(?P<build>[^/]+)" + _ANY, _build),
    (r"codesuite/codebuild/(?:\d+/)?projects/(?P<build>[^/]+)" + _ANY, _build),
    (r"codebuild#builds/(?P<build>[^/]+)" + _ANY, _build),
    (
        r"(?:codesuite/codecommit/repositories|codecommit#repository)/(?P<name>[^/]+)/commit/(?P<commit>[0-9a-f]+)"
        + _ANY,
        lambda found, _: at("repositories", found["name"], "commits", found["commit"]),
    ),
    (
        r"(?:codesuite/codecommit/repositories|codecommit#repository)/(?P<name>[^/]+)" + _ANY,
        lambda found, _: at("repositories", found["name"]),
    ),
    (r"cloudwatch#logsV2:log-groups/log-group/(?P<group>[^/]+)(?:/log-events(?:/(?P<stream>[^/?]+))?)?" + _ANY, _log),
    (r"cloudwatch#logEventViewer:group=(?P<group>[^;]+)(?:;stream=(?P<stream>[^;]+))?(?:;.*)?", _log),
    (
        rf"sagemaker#(?P<kind>{'|'.join(_JOBS)})/(?P<name>[^/?]+){_ANY}",
        lambda found, _: at("jobs", _JOBS[found["kind"]], found["name"]),
    ),
    (r"sagemaker#endpoints/(?P<name>[^/?]+)" + _ANY, lambda found, _: at("endpoints", found["name"])),
    (r"lambda#functions/(?P<name>[^/?]+)" + _ANY, lambda found, _: at("logs", group=f"/aws/lambda/{found['name']}")),
    (r"states#(?:v2/)?executions/details/(?P<arn>[^?]+)" + _ANY, _execution),
    (r"cloudformation#stacks/stackinfo\?(?:.*&)?stackId=(?P<arn>[^&]+).*", _stack),
)
"""What AWS's console calls a place, `service/path` or `service#what stands behind`, to the page here."""
