"""`python -m benchmarks.s3_stub OBJECTS LATENCY_S`: S3 with that many images, and nothing of what is written to it.

It answers ListObjectsV2 from numbers, each page after a fixed time, and takes objects and multipart uploads without
keeping them. It prints its port when it is ready. What it holds is below PREFIX: the classes a to e in `train` and
`test`, of which the first has half of all images.
"""

from __future__ import annotations

import asyncio
import sys
from bisect import bisect_left, bisect_right
from itertools import accumulate
from urllib.parse import parse_qs, quote, urlsplit

PREFIX = "workflows/images/large"
_SHARES = {"a": 0.5, "b": 0.2, "c": 0.15, "d": 0.1, "e": 0.05}
_SPLITS = {"test": 0.1, "train": 0.9}
_PAGE = 1_000
_OBJECT = (
    "<Contents><Key>{}</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
    "<ChecksumType>FULL_OBJECT</ChecksumType><Size>20480</Size><StorageClass>STANDARD</StorageClass></Contents>"
)


class Keys:
    """All keys in their order, each made when it is wanted."""

    def __init__(self, count: int) -> None:
        self.folders = [f"{PREFIX}/{split}/class-{name}/" for split in _SPLITS for name in _SHARES]
        shares = [int(count * part * share) for part in _SPLITS.values() for share in _SHARES.values()]
        self._ends = [0, *accumulate(shares)]

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> str:
        folder = bisect_right(self._ends, index) - 1
        return f"{self.folders[folder]}image-{index - self._ends[folder]:08d}.jpg"

    def page(self, prefix: str, after: str, most: int) -> tuple[range, bool]:
        """The indexes of a page, and whether more follow."""
        numbers = range(len(self))
        first = max(
            bisect_left(numbers, prefix, key=self.__getitem__), bisect_right(numbers, after, key=self.__getitem__)
        )
        end = bisect_left(numbers, prefix + "\U0010ffff", key=self.__getitem__)
        last = min(first + most, end)
        return range(first, max(first, last)), last < end


class Stub:
    """Answers requests."""

    def __init__(self, keys: Keys, latency_s: float) -> None:
        self._keys, self._latency_s = keys, latency_s

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a connection."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                if headers.get("expect"):
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                await reader.readexactly(int(headers.get("content-length", 0)))
                method, target, _ = first.split(" ")
                body = await self._answer(method, parse_qs(urlsplit(target).query, keep_blank_values=True))
                writer.write(b'HTTP/1.1 200 OK\r\nETag: "0"\r\nContent-Length: %d\r\n\r\n' % len(body) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, method: str, query: dict[str, list[str]]) -> bytes:
        given = {name: values[0] for name, values in query.items()}
        if given.get("list-type") == "2":
            await asyncio.sleep(self._latency_s)
            return self._listed(given).encode()
        if method == "POST" and "uploads" in given:
            return b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
        if method == "POST":
            return b"<CompleteMultipartUploadResult><ETag>0</ETag></CompleteMultipartUploadResult>"
        return b""

    def _listed(self, given: dict[str, str]) -> str:
        prefix = given.get("prefix", "")
        if given.get("delimiter"):
            folders = [folder for folder in self._keys.folders if folder.startswith(prefix)]
            inner = "".join(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in folders)
            return _result(inner, more=False)
        after = given.get("continuation-token") or given.get("start-after", "")
        found, more = self._keys.page(prefix, after, min(_PAGE, int(given.get("max-keys", _PAGE))))
        inner = "".join(_OBJECT.format(quote(self._keys[index])) for index in found)
        token = f"<NextContinuationToken>{self._keys[found[-1]]}</NextContinuationToken>" if more else ""
        return _result(token + inner, more=more)


def _result(inner: str, *, more: bool) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>large</Name><EncodingType>url</EncodingType><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{inner}</ListBucketResult>"
    )


async def _main(count: int, latency_s: float) -> None:
    server = await asyncio.start_server(Stub(Keys(count), latency_s).serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2])))
