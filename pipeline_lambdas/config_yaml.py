"""YAML as plain values, with the mistakes that YAML itself lets pass refused."""

from __future__ import annotations

from typing import Any

import yaml

SIZE_LIMIT = 256 * 1024


class YamlError(ValueError):
    """The text is no YAML document; the message starts with line and column where these are known."""


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice, of which YAML would silently take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[object, yaml.Node] = {}
        for key_node, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if isinstance(key_node, yaml.ScalarNode) and key_node.tag != "tag:yaml.org,2002:merge":
                if key_node.value in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key_node.value} is given twice", key_node.start_mark
                    )
                seen[key_node.value] = key_node
        return super().construct_mapping(node, deep)


def load(text: str) -> object:
    """Return the document's values; YamlError if it is none."""
    if len(text) > SIZE_LIMIT:
        raise YamlError(f"found {len(text)} characters; allowed are at most {SIZE_LIMIT}")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader
    except yaml.MarkedYAMLError as error:
        raise YamlError(_told(error)) from None
    except (yaml.YAMLError, ValueError) as error:
        # Characters that YAML forbids, and dates and numbers in a form of their own that are none.
        raise YamlError(" ".join(str(error).split())) from None
    except RecursionError:
        raise YamlError("found values nested too deeply to read") from None


def _told(error: yaml.MarkedYAMLError) -> str:
    text = f"{_place(error.problem_mark or error.context_mark)}: {error.problem or error.context}"
    if error.context and error.context_mark and error.problem_mark:
        # A bracket that is never closed is only noticed at the end of the file.
        text += f" ({error.context} from {_place(error.context_mark)})"
    return text


def _place(mark: yaml.Mark | None) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
