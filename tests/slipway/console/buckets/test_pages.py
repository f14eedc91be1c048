"""The pages of buckets: keys and contents are whatever somebody put there."""

from __future__ import annotations

import gzip
import struct
import zlib
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.local_server import ACCOUNT, REGION, LocalServer
from tests.slipway.console.visits import Visit, Visitor

BUCKET = "console-objects"
KEYS = (
    "<script>alert(1)</script>.txt",
    '"quoted"&amp;/=?#+.txt',
    "new\nline/and  spaces .txt",
    "100%/%2F/%zz.txt",
    "../up/./here.txt",
    "a//b.txt",
    "/first.txt",
    "\u00e9/\u65e5\u672c/\U0001f600.txt",
    "folder/",
    "folder/in it.txt",
)
MANY = 130
REPORT = "releases/wine/0123/report.html"


@pytest.fixture(scope="module")
def visitor(local_aws: LocalServer) -> Visitor:
    return Visitor(local_aws)


@pytest.fixture(scope="module")
def bucket(local_aws: LocalServer) -> str:
    client = local_aws.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in (*KEYS, *(f"many/{number:03d}" for number in range(MANY))):
        client.put_object(Bucket=BUCKET, Key=key, Body=key.encode(), ContentType="text/html")
    return BUCKET


def _put(server: LocalServer, key: str, body: bytes, media_type: str, **more: object) -> str:
    server.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body, ContentType=media_type, **more)
    return f"/buckets/{BUCKET}/object?key={quote(key)}"


def _objects(visitor: Visitor, address: str) -> dict[str, str]:
    """All keys of a bucket with the addresses of their pages, found by the links as a person does."""
    found: dict[str, str] = {}
    waiting, seen = [address], {address}
    while waiting:
        page = visitor.get(waiting.pop())
        assert page.status == 200
        assert "<script>alert" not in page.text
        for link in {*page.links} - seen:
            seen.add(link)
            if "/object?" in link:
                found[parse_qs(urlsplit(link).query)["key"][0]] = link
            else:
                waiting.append(link)
    return found


def test_every_key_is_reached_by_links_and_saved_as_it_is(visitor: Visitor, bucket: str) -> None:
    found = _objects(visitor, f"/_console/buckets/{bucket}")
    assert found.keys() >= {*KEYS}
    assert sum(key.startswith("many/") for key in found) == MANY
    for key in KEYS:
        page = visitor.get(found[key])
        assert page.status == 200
        assert f'<span class="name">{_escaped(key)}</span>' in page.text
        saved = visitor.get(page.link("/download?"))
        assert saved.body == key.encode()
        assert saved.headers["content-type"] == "application/octet-stream"
        assert saved.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
        assert saved.headers["content-length"] == str(len(saved.body))
        for above in page.text.partition('class="trail"')[2].partition("</nav>")[0].split('href="')[1:]:
            assert visitor.get(above.partition('"')[0]).status == 200


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "image/png"])
def test_what_could_run_is_text(visitor: Visitor, local_aws: LocalServer, media_type: str) -> None:
    written = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(2)</script></svg>"
    page = visitor.get(_put(local_aws, "page.svg", written.encode(), media_type))
    assert written in page.shown
    assert written not in page.text
    assert "<img" not in page.text
    for file in ("image", "report"):
        assert visitor.get(f"/buckets/{BUCKET}/{file}?key=page.svg").status == 404


@pytest.mark.usefixtures("bucket")
def test_an_image_is_shown_with_the_type_that_it_has(visitor: Visitor, local_aws: LocalServer) -> None:
    page = visitor.get(_put(local_aws, "a <b>.png", _png(), "text/html"))
    address = page.text.partition('<img src="')[2].partition('"')[0]
    image = visitor.get(address)
    assert (image.status, image.body) == (200, _png())
    assert image.headers["content-type"] == "image/png"
    assert image.headers["x-content-type-options"] == "nosniff"


def _png() -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\1\2\3")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.usefixtures("bucket")
def test_a_report_is_a_page_in_which_nothing_runs(visitor: Visitor, local_aws: LocalServer) -> None:
    page = visitor.get(_put(local_aws, REPORT, b"<h1>Report</h1>", "text/html"))
    report = visitor.get(page.link("/report?"))
    assert report.body == b"<h1>Report</h1>"
    policy = report.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")


@pytest.mark.usefixtures("bucket")
def test_tables_and_json_are_shown_as_such_and_as_text(visitor: Visitor, local_aws: LocalServer) -> None:
    page = visitor.get(_put(local_aws, "t.csv", b'name,value\n"<i>a</i>",1.50\nb,2\n', "text/plain"))
    assert '<th scope="col" class="k">name</th>' in page.text
    assert '<td class="k">&lt;i&gt;a&lt;/i&gt;</td><td class="k">1.50</td>' in page.text
    assert '"<i>a</i>",1.50' in visitor.get(page.link("view=text")).shown
    page = visitor.get(_put(local_aws, "j.json", b'{"a":[1.50,{}]}', "text/plain"))
    assert '{\n  "a": [\n    1.50,\n    {}\n  ]\n}\n' in page.shown


@pytest.mark.usefixtures("bucket")
def test_only_the_beginning_of_a_large_object_is_read(visitor: Visitor, local_aws: LocalServer) -> None:
    lines = b"".join(b"line %06d \xc3\xa9\n" % number for number in range(40_000))
    page = visitor.get(_put(local_aws, "large.txt", lines, "text/plain"))
    assert "The first 262 kB of 600 kB." in page.shown
    assert "line 000999" in page.shown
    later = visitor.get(page.link("page=2"))
    assert "line 001000" in later.shown
    assert 'id="L1001"' in later.text
    assert len(page.body) < 200_000


@pytest.mark.usefixtures("bucket")
def test_a_packed_text_is_unpacked_in_bounds(visitor: Visitor, local_aws: LocalServer) -> None:
    page = visitor.get(_put(local_aws, "t.csv.gz", gzip.compress(b"a,b\n1,2\n"), "text/plain"))
    assert "Unpacked." in page.shown
    assert '<td class="k">1</td><td class="k">2</td>' in page.text
    page = visitor.get(_put(local_aws, "bomb.gz", gzip.compress(b"x\n" * 5_000_000), "text/plain"))
    assert "Unpacked; the first 262 kB." in page.shown
    assert len(page.body) < 200_000
    broken = visitor.get(_put(local_aws, "broken.gz", b"\x1f\x8b\x08\x00\xff\xff", "text/plain"))
    assert "neither text" in broken.shown


@pytest.mark.usefixtures("bucket")
def test_an_object_of_the_evidence_leads_to_its_release(visitor: Visitor, local_aws: LocalServer) -> None:
    evidence = f"slipway-local-evidence-{ACCOUNT}-{REGION}"
    local_aws.client("s3").create_bucket(Bucket=evidence)
    local_aws.client("s3").put_object(Bucket=evidence, Key=REPORT, Body=b"<h1>")
    release = "/_console/models/wine/releases/0123"
    assert release in visitor.get(f"/buckets/{evidence}/object?key={REPORT}").links
    assert release not in visitor.get(_put(local_aws, REPORT, b"<h1>", "text/html")).links


@pytest.mark.usefixtures("bucket")
def test_what_is_no_text_is_told(visitor: Visitor, local_aws: LocalServer) -> None:
    assert "It is empty." in visitor.get(_put(local_aws, "empty", b"", "text/plain")).shown
    assert "neither text" in visitor.get(_put(local_aws, "binary", bytes(range(256)), "text/plain")).shown


@pytest.mark.usefixtures("bucket")
def test_versions_metadata_and_what_is_deleted(visitor: Visitor, local_aws: LocalServer) -> None:
    address = _put(local_aws, "v", b"old one", "text/plain", Metadata={"by": "<i>me</i>"})
    _put(local_aws, "v", b"new one", "text/plain")
    _put(local_aws, "v/below", b"another key", "text/plain")
    page = visitor.get(address)
    assert "new one" in page.shown
    versions = [link for link in page.links if "version=" in link]
    assert len(versions) == 2
    old = visitor.get(versions[1])
    assert "old one" in old.shown
    assert "<i>me</i>" in old.shown
    assert visitor.get(old.link("/download?")).body == b"old one"
    local_aws.client("s3").delete_object(Bucket=BUCKET, Key="v")
    gone = visitor.get(address)
    assert (gone.status, "The object is deleted" in gone.shown) == (200, True)
    assert "old one" in visitor.get(gone.links[-1]).shown


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/buckets/no-such-bucket", 404, "NoSuchBucket"),
        (f"/buckets/{BUCKET}/object?key=none", 404, "No object has this key."),
        (f"/buckets/{BUCKET}/object", 400, "expected the key of an object"),
        (f"/buckets/{BUCKET}/download?key=none", 404, "NoSuchKey"),
        (f"/buckets/{BUCKET}?prefix=none/", 200, "No key begins with this."),
    ],
)
@pytest.mark.usefixtures("bucket")
def test_what_does_not_exist_is_said(visitor: Visitor, path: str, status: int, said: str) -> None:
    page = visitor.get(path)
    assert (page.status, said in page.shown) == (status, True), page.shown


def test_all_buckets_are_listed(visitor: Visitor, bucket: str) -> None:
    page: Visit = visitor.get("/buckets")
    assert page.link(bucket) == f"/_console/buckets/{bucket}"
