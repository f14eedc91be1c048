"""jsonata-python, without what it does to the whole process: on import it sets the recursion limit to 10,000.

Under that limit a deep JSON document would overflow the stack of a thread where threads have little of it, as on macOS.
What bounds an expression here is `language/queries/bounds.py`, far below Python's own limit.
"""

import sys

_LIMIT = sys.getrecursionlimit()

from jsonata.functions import Functions  # noqa: E402 - after the limit is known
from jsonata.jexception import JException  # noqa: E402
from jsonata.jsonata import Jsonata  # noqa: E402
from jsonata.parser import Parser  # noqa: E402
from jsonata.utils import Utils  # noqa: E402

sys.setrecursionlimit(_LIMIT)

__all__ = ["Functions", "JException", "Jsonata", "Parser", "Utils"]
