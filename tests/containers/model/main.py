"""What SageMaker runs: `train`, which fits a model, and `serve`, which answers /ping and /invocations.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms.html
"""

import csv
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from bayes import auc, fit, predict

ML = Path(os.environ.get("OPT_ML", "/opt/ml"))
PORT = int(os.environ.get("OPT_PORT", "8080"))
MODEL = ML / "model" / "model.json"


def rows_of(channel: str) -> Iterator[list[str]]:
    folder = ML / "input" / "data" / channel
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.reader(file)


def train() -> None:
    hyperparameters = json.loads((ML / "input" / "config" / "hyperparameters.json").read_text())
    positive = hyperparameters["positive"]
    rows = list(rows_of("train"))
    model = fit(rows, positive)
    checked = list(rows_of("validation"))
    found = auc(checked, [predict(model, row[1:]) for row in checked], positive)
    sys.stdout.write(f"validation auc: {found:.4f}\n")
    MODEL.parent.mkdir(parents=True, exist_ok=True)
    MODEL.write_text(json.dumps(model))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: ClassVar[dict[str, Any]] = {}

    def do_GET(self) -> None:
        self.answer(200 if self.path == "/ping" else 404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        rows = list(csv.reader(body.splitlines()))
        self.answer(200, "".join(f"{predict(self.model, row):.6f}\n" for row in rows).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def serve() -> None:
    Handler.model = json.loads(MODEL.read_text())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer((("127.0.0.1" if "OPT_PORT" in os.environ else ""), PORT), Handler).serve_forever()


if __name__ == "__main__":
    try:
        {"train": train, "serve": serve}[sys.argv[1]]()
    except Exception as error:  # noqa: BLE001 - whatever it is, SageMaker shows it
        (ML / "output" / "failure").write_text(f"{type(error).__name__}: {error}")
        traceback.print_exc()
        sys.exit(1)
