"""Links as AWS's console has them, answered with the page here that shows the same.

Evidence, messages and events of an installation link to the console of the target (parameter `ConsoleLinks` of the
pipeline's stack). The paths are AWS's own, so that nothing that writes a link knows which console answers. Some name
their place behind `#`, which browsers keep to themselves: a small script tells it (assets/aws_links.js).

A link may stand in a mail or a report, and a browser sends the console's cookie only to what the console's own pages
lead to. So the answer is a page that goes on by itself, holds nothing, and is for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl, unquote

from pipeline_lambdas.report.kit.markup import el
from slipway.console.shell import at

_BEHIND = "behind"
"""The field of the query that tells what stood behind `#`."""
_VIEWER = "logEventViewer:"
_EVIDENCE_PARTS = 4
_MACHINE_FIELD = 6
_ARN = "{arn}"

Found = Mapping[str, str]


def page(installation: str, path: str, query: Mapping[str, str]) -> str:
    """Return the page that leads on, as HTML."""
    address = page_of(installation, path, query)
    waits = path.endswith("/home") and _BEHIND not in query
    script = el("script", src=at("assets", "aws_links.js"), defer="defer") if waits else None
    goes = None if waits else el("meta", http_equiv="refresh", content=f"0; url={address}")
    icon = el("link", rel="icon", type="image/svg+xml", href=at("assets", "icon.svg"))
    head = el("head", el("meta", charset="utf-8"), el("title", "Slipway"), icon, goes, script)
    link = el("a", "To the first page" if waits else "To the page", href=address)
    body = el("body", el("main", el("h1", "Slipway"), el("p", link)))
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def page_of(installation: str, path: str, query: Mapping[str, str]) -> str:
    """Return the address of the page for a path of AWS's console below `AWS_LINKS`; the first page if none shows that.

    `installation` is the suffix whose pipelines are models'.
    """
    behind = query.get(_BEHIND, "").lstrip("#/")
    if behind.startswith(_VIEWER):
        pairs = (part.partition("=") for part in behind.removeprefix(_VIEWER).split(";"))
        return _log({name: value for name, _, value in pairs}, installation)
    place, _, asked = behind.partition("?")
    words = [f"{path.partition('/')[0]}#", *place.split("/")] if behind else path.strip("/").split("/")
    for form, address in _PLACES:
        found = _fitting(form.split("/"), words)
        if found is not None:
            return address({**query, **dict(parse_qsl(asked)), **found}, installation)
    return at("")


def _fitting(form: Sequence[str], words: Sequence[str]) -> dict[str, str] | None:
    """Return the words that stand for {names}; None for words that do not begin as the form says."""
    if len(words) < len(form):
        return None
    found: dict[str, str] = {}
    if form[-1] == _ARN:
        # That of a Map's child execution has a slash.
        words = [*words[: len(form) - 1], "/".join(words[len(form) - 1 :])]
    for name, word in zip(form, words, strict=False):
        if name.startswith("{") and word:
            found[name.strip("{}")] = word
        elif name != word:
            return None
    return found


def _pipeline(found: Found, installation: str) -> str:
    """A pipeline of the installation is a model's; others have pages of their own."""
    name, own = found["pipeline"], f"slipway-{installation}-"
    run = found.get("run", "")
    if name.startswith(own):
        return at("models", name.removeprefix(own), *(("releases", run) if run else ()))
    return at("pipelines", name, *(("executions", run) if run else ()))


def _object(found: Found, installation: str) -> str:
    """A report or a record is shown with its release; any other object by itself."""
    bucket, key = found["bucket"], found.get("prefix", "")
    parts = key.split("/")
    is_evidence = bucket.startswith(f"slipway-{installation}-evidence-") and parts[0] == "releases"
    if is_evidence and len(parts) == _EVIDENCE_PARTS:
        return at("models", parts[1], "releases", parts[2])
    version = {"version": found["versionId"]} if found.get("versionId") else {}
    return at("buckets", bucket, "object", key=key, **version) if key else at("buckets", bucket)


def _log(found: Found, _: str) -> str:
    # The console encodes names twice, the second time with `$` for `%`:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
    group, stream = (unquote(unquote(found.get(name, "").replace("$", "%"))) for name in ("group", "stream"))
    return at("logs", group=group, **({"stream": stream} if stream else {}))


def _build(found: Found, _: str) -> str:
    project, _, stream = unquote(found["build"]).partition(":")
    return at("logs", group=f"/aws/codebuild/{project}", **({"stream": stream} if stream else {}))


def _execution(found: Found, _: str) -> str:
    # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
    machine, *names = unquote(found["arn"]).split(":")[_MACHINE_FIELD:] or ("",)
    machine, _, label = machine.partition("/")
    of_map = {"label": label} if label else {}
    if not machine:
        return at("workflows")
    return at("workflows", machine, "executions", names[0], **of_map) if names else at("workflows", machine)


def _stack(found: Found, _: str) -> str:
    _, _, name = unquote(found.get("stackId", "")).partition("/")
    return at("stacks", name.partition("/")[0]) if name else at("stacks")


def _commit(found: Found, _: str) -> str:
    return at("repositories", found["name"], "commits", found["commit"])


def _job(kind: str) -> Callable[[Found, str], str]:
    return lambda found, _: at("jobs", kind, found["name"])


_PLACES: tuple[tuple[str, Callable[[Found, str], str]], ...] = (
    ("codesuite/codepipeline/pipelines/{pipeline}/executions/{run}", _pipeline),
    ("codesuite/codepipeline/pipelines/{pipeline}", _pipeline),
    ("codepipeline#/view/{pipeline}", _pipeline),
    ("s3/object/{bucket}", _object),
    ("s3/buckets/{bucket}", _object),
    ("codesuite/codebuild/projects/{name}/build/{build}", _build),
    ("codesuite/codebuild/projects/{build}", _build),
    ("codesuite/codebuild/{account}/projects/{name}/build/{build}", _build),
    ("codesuite/codebuild/{account}/projects/{build}", _build),
    ("codebuild#/builds/{build}", _build),
    ("codesuite/codecommit/repositories/{name}/commit/{commit}", _commit),
    ("codesuite/codecommit/repositories/{name}", lambda found, _: at("repositories", found["name"])),
    ("codecommit#/repository/{name}/commit/{commit}", _commit),
    ("codecommit#/repository/{name}", lambda found, _: at("repositories", found["name"])),
    ("cloudwatch#/logsV2:log-groups/log-group/{group}/log-events/{stream}", _log),
    ("cloudwatch#/logsV2:log-groups/log-group/{group}", _log),
    ("sagemaker#/jobs/{name}", _job("training")),
    ("sagemaker#/training-jobs/{name}", _job("training")),
    ("sagemaker#/hyper-tuning-jobs/{name}", _job("tuning")),
    ("sagemaker#/processing-jobs/{name}", _job("processing")),
    ("sagemaker#/transform-jobs/{name}", _job("transform")),
    ("sagemaker#/endpoints/{name}", lambda found, _: at("endpoints", found["name"])),
    ("lambda#/functions/{name}", lambda found, _: at("logs", group=f"/aws/lambda/{found['name']}")),
    ("states#/statemachines/view/{arn}", _execution),
    ("states#/executions/details/{arn}", _execution),
    ("states#/v2/executions/details/{arn}", _execution),
    ("cloudformation#/stacks/stackinfo", _stack),
)
"""How paths of AWS's console begin, `service#/...` for what stands behind `#`, to the page here."""
