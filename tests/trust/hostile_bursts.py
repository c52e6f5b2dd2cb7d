"""Many long bodies at one time: answers of an upstream that go on and on, and requests that never quite end."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.support.bytes_upstream import Seen
from tests.trust.client import Client, Grant
from tests.trust.hostile_answers import CHUNKED, HEAD, JSON, chunk
from tests.trust.verdict import Verdict

LONG_ANSWER = "a long answer among many"
"""The tool that gives one."""
AT_ONCE = 60
GROWTH = 300_000_000
"""Bytes of memory: what is held of answers together, or of requests, with the copies that are made on the way."""
_HOLD_SECONDS = 3.0
_SECONDS = 60.0
_ANSWER_BYTES, _BODY_BYTES = 15_000_000, 30_000_000
_PIECE = b"x" * 65_536


async def answer_long(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    """Write 15 MB of a result whose id would come last, hold on, and break off."""
    writer.write(HEAD + JSON + CHUNKED + chunk(b'{"jsonrpc":"2.0","result":"'))
    for _ in range(_ANSWER_BYTES // len(_PIECE)):
        writer.write(chunk(_PIECE))
        await writer.drain()
    await asyncio.sleep(_HOLD_SECONDS)
    writer.close()


@dataclass
class Bursts:
    """What is sent at once, and how it ended."""

    client: Client
    verdict: Verdict
    count: int

    async def answers(self, grant: Grant) -> None:
        """Let many calls meet a long answer: each ends with a reason."""
        ended = Counter(await asyncio.gather(*(self._ask(grant) for _ in range(self.count))))
        self.verdict.figure("long answers at once", _shown(ended))
        self.verdict.check(set(ended) <= {"answer_gave_way", "upstream_closed_early"}, f"long answers: {ended}")

    async def _ask(self, grant: Grant) -> str:
        async with asyncio.timeout(_SECONDS):
            text = (await self.client.call(grant, LONG_ANSWER)).text
        return str(json.loads(text)["error"]["data"]["reason"])

    async def bodies(self, grant: Grant, bearer: str) -> None:
        """Let many requests send all but the end of a long body: each is answered, whether it had a token or not."""
        whose = "with a token" if bearer else "without a token"
        together = asyncio.Barrier(self.count)
        sent = await asyncio.gather(*(self._send(grant.url, bearer, together) for _ in range(self.count)))
        ended = Counter(sent)
        self.verdict.figure(f"long requests at once, {whose}", _shown(ended))
        allowed = {"413", "503"} if bearer else {"401"}  # 413 is the sample server's, of the few that reached it
        self.verdict.check(set(ended) <= allowed, f"long requests {whose}: {ended}")

    async def _send(self, url: str, bearer: str, together: asyncio.Barrier) -> str:
        """Return the status, or how the connection ended without one."""
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        begin = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"message":"'
        size = len(begin) + _BODY_BYTES // len(_PIECE) * len(_PIECE) + len(b'"}}}')
        authorization = f"Authorization: Bearer {bearer}\r\n" if bearer else ""
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{authorization}Content-Length: {size}\r\n"
        try:
            async with asyncio.timeout(_SECONDS):
                writer.write(head.encode() + b"Content-Type: application/json\r\nAccept: */*\r\n\r\n" + begin)
                for _ in range(_BODY_BYTES // len(_PIECE)):
                    writer.write(_PIECE)
                    await writer.drain()
                await together.wait()
                writer.write(b'"}}}')
                return (await reader.readline())[9:12].decode() or "no answer"
        except (OSError, TimeoutError) as error:
            return type(error).__name__
        finally:
            with suppress(OSError):
                writer.close()


def _shown(ended: Counter[str]) -> str:
    return " ".join(f"{how}:{number}" for how, number in sorted(ended.items()))
