"""The template of a stack, as it was sent."""

from __future__ import annotations

import json

from slipway.console.room import Asked, Page
from slipway.console.shell import panel
from slipway.console.stacks.places import above, address, named
from slipway.console.texts import text_pages


def template(asked: Asked) -> Page:
    """Draw the page."""
    found = asked.session.client("cloudformation").get_template(StackName=named(asked), TemplateStage="Original")
    body = found["TemplateBody"]
    # botocore parses a template of JSON: https://docs.aws.amazon.com/boto3/latest/reference/services/cloudformation.html
    text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
    shown = text_pages(
        "Lines of the template",
        text.replace("\r\n", "\n"),
        asked.page_number,
        lambda page: address(asked, "template", page=str(page)),
    )
    return Page("Template", [panel("template", "Template", *shown)], above(asked))
