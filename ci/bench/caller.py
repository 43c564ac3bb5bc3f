"""The client of a measurement, in a process of its own: `… < requests`, as JSON; it prints how long they took."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from harness.workers.client import ApiClient

TIMEOUT = 60.0


async def _send(client: ApiClient, requests: Iterator[dict[str, Any]]) -> None:
    for each in requests:
        reply = await client.request(
            each["method"], each["path"], token=each["token"], content=each["content"].encode()
        )
        if reply.status >= 400:
            raise SystemExit(f"{each['method']} {each['path']}: {reply.status} {reply.body[:300]!r}")
    client.close()


async def send_all(url: str, requests: list[dict[str, Any]], *, connections: int) -> float:
    """Send all of them over so many connections, each as soon as it is free; the seconds it took."""
    begun, waiting = time.perf_counter(), iter(requests)
    await asyncio.gather(*[_send(ApiClient(url, timeout=TIMEOUT), waiting) for _ in range(connections)])
    return time.perf_counter() - begun


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(asyncio.run(send_all(asked["url"], asked["requests"], connections=asked["connections"])))
