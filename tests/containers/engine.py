"""A little stand-in for Docker: an image is the folder of its Dockerfile, a container the program of its ENTRYPOINT.

It keeps images in `store` beside it, notes each command in `store/commands`, one JSON list a line, and speaks to a
registry over HTTP as Docker does. A container's program finds its folder for /opt/ml in OPT_ML, its port in OPT_PORT.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shlex
import signal
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

STORE = Path(__file__).parent / "store"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
VALUED = {"--name", "--label", "--pull", "--env-file", "--stop-timeout", "--network", "--volume", "--publish"}
VALUED |= {"--memory", "--pids-limit", "--user", "--entrypoint"}


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def place_of(reference: str) -> Path:
    return STORE / "images" / reference.replace("/", "_")


def request(method: str, url: str, body: bytes | None = None, kind: str = "", folder: str = "") -> Any:
    registry = url.split("/")[2]
    config = Path(folder or os.environ.get("DOCKER_CONFIG", str(STORE))) / "config.json"
    auth = json.loads(config.read_text())["auths"][registry]["auth"]
    headers = {"Authorization": f"Basic {auth}", **({"Content-Type": kind} if kind else {})}
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=30)  # noqa: S310


def login(words: list[str]) -> int:
    folder = Path(os.environ.get("DOCKER_CONFIG", str(STORE)))
    folder.mkdir(parents=True, exist_ok=True)
    auth = base64.b64encode(f"AWS:{sys.stdin.read()}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {words[-1]: {"auth": auth}}}))
    request("GET", f"http://{words[-1]}/v2/")
    return 0


def build(words: list[str]) -> int:
    options = dict(zip(words[:-1:2], words[1:-1:2], strict=False))
    text = Path(options["--file"]).read_text()
    entry = next(line.partition(" ")[2] for line in text.splitlines() if line.startswith("ENTRYPOINT"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(Path(words[-1]).rglob("*")):
            archive.add(path, arcname=str(path.relative_to(words[-1])))
    place = place_of(options["--tag"])
    place.mkdir(parents=True, exist_ok=True)
    (place / "layer").write_bytes(buffer.getvalue())
    (place / "config").write_text(json.dumps({"config": {"Entrypoint": json.loads(entry)}}))
    return 0


def push(words: list[str]) -> int:
    address, _, tag = words[-1].rpartition(":")
    registry, _, name = address.partition("/")
    place, base = place_of(words[-1]), f"http://{registry}/v2/{name}"
    described = []
    for part in ("config", "layer"):
        content = (place / part).read_bytes()
        found = request("POST", f"{base}/blobs/uploads/", b"").headers["Location"]
        half = len(content) // 2
        found = request("PATCH", f"http://{registry}{found}", content[:half]).headers["Location"]
        request("PUT", f"http://{registry}{found}?digest={digest_of(content)}", content[half:])
        described.append({"mediaType": part, "digest": digest_of(content), "size": len(content)})
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
    request("PUT", f"{base}/manifests/{tag}", json.dumps(manifest).encode(), MANIFEST)
    return 0


def pull(words: list[str], folder: str) -> int:
    address, _, digest = words[-1].rpartition("@")
    registry, _, name = address.partition("/")
    base = f"http://{registry}/v2/{name}"
    content = request("GET", f"{base}/manifests/{digest}", folder=folder).read()
    manifest = json.loads(content)
    if digest_of(content) != digest:
        raise ValueError(digest)
    place = place_of(words[-1])
    place.mkdir(parents=True, exist_ok=True)
    for part, one in (("config", manifest["config"]), ("layer", manifest["layers"][0])):
        content = request("GET", f"{base}/blobs/{one['digest']}", folder=folder).read()
        (place / part).write_bytes(content)
    return 0


def run(words: list[str]) -> int:
    options, rest = {}, list(words)
    while rest[0].startswith("-"):
        name = rest.pop(0)
        options[name] = rest.pop(0) if name in VALUED else ""
    image, *arguments = rest
    place, work = place_of(image), STORE / "containers" / options["--name"]
    work.mkdir(parents=True)
    with tarfile.open(place / "layer") as archive:
        archive.extractall(work / "files", filter="data")
    folder, target = options["--volume"].split(":")[:2]
    if target == "/opt/ml/model":
        (work / "ml").mkdir()
        (work / "ml" / "output").mkdir()
        (work / "ml" / "model").symlink_to(folder)
        folder = str(work / "ml")
    variables = dict(line.partition("=")[::2] for line in Path(options["--env-file"]).read_text().splitlines())
    if "--publish" in options:
        variables["OPT_PORT"] = options["--publish"].split(":")[1]
    entry = json.loads((place / "config").read_text())["config"]["Entrypoint"]
    command = [sys.executable, str(work / "files" / Path(entry[-1]).name), *arguments]
    process = subprocess.Popen(command, env={**variables, "OPT_ML": folder, "PATH": os.environ["PATH"]})
    (work / "pid").write_text(str(process.pid))
    code = process.wait()
    return 128 - code if code < 0 else code


def kill(words: list[str]) -> int:
    place = STORE / "containers" / words[-1] / "pid"
    if not place.is_file():
        return 1
    os.kill(int(place.read_text()), signal.Signals[words[words.index("--signal") + 1]])
    return 0


def main(words: list[str]) -> int:
    folder = ""
    if words[0] == "--config":
        folder, words = words[1], words[2:]
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "commands").open("a") as notes:
        notes.write(json.dumps(words) + "\n")
    verb, rest = words[0], words[1:]
    if verb == "--version":
        sys.stdout.write("Docker version 0.0, a stand-in\n")
    elif verb == "info":
        sys.stdout.write("0.0\n")
    elif verb == "pull":
        return pull(rest, folder)
    elif verb in {"ps", "context", "rm"}:
        sys.stdout.write("")
    else:
        return {"login": login, "build": build, "push": push, "run": run, "kill": kill}[verb](rest)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (urllib.error.HTTPError, KeyError, OSError, ValueError) as error:
        said = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
        sys.stderr.write(f"{shlex.join(sys.argv[1:])}: {error!r} {said}\n")
        sys.exit(1)
