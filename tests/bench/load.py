"""Load on one URL: by wrk where it is installed, else by a generator of our own in a second process."""

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hello"}}}'
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
    "User-Agent": "bench/1",
}


def requests_per_second(url: str, token: str, connections: int, seconds: float) -> float:
    """Return how many calls per second `url` answers with 200; anything else ends the benchmark."""
    if shutil.which("wrk"):
        return _by_wrk(url, token, connections, seconds)
    command = [sys.executable, "-m", "tests.bench.load", url, token, str(connections), str(seconds)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _by_wrk(url: str, token: str, connections: int, seconds: float) -> float:
    headers = HEADERS | {"Authorization": f"Bearer {token}"}
    script = [f"wrk.method='POST'\nwrk.body='{CALL}'"]
    script += [f"wrk.headers['{name}']='{value}'" for name, value in headers.items()]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write("\n".join(script))
        file.flush()
        options = ["-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(Path(file.name))]
        said = subprocess.run(["wrk", *options, url], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{url} did not answer every call:\n{said}")
    found = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert found, said
    return float(found.group(1))


async def _one(host: str, port: int, request: bytes, until: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    loop, count = asyncio.get_running_loop(), 0
    while loop.time() < until:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"port {port} answered {head[:40]!r}")
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]))
        count += 1
    writer.close()
    return count


async def _generate(url: str, token: str, connections: int, seconds: float) -> float:
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(CALL)}"]
    lines += [f"{name}: {value}" for name, value in (HEADERS | {"Authorization": f"Bearer {token}"}).items()]
    request = ("\r\n".join(lines) + "\r\n\r\n" + CALL).encode()
    until = asyncio.get_running_loop().time() + seconds
    host, port = parts.hostname or "", parts.port or 80
    counts = await asyncio.gather(*(_one(host, port, request, until) for _ in range(connections)))
    return sum(counts) / seconds


if __name__ == "__main__":
    print(asyncio.run(_generate(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))))
