"""`harness proxy`: the embedded Toxiproxy server, until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
from pathlib import Path
from typing import Any

from harness.cli.ending import told_to_end
from harness.cli.serving import is_loopback
from harness.errors import BadParameter
from harness.proxy.server import ToxiproxyServer


def proxy(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if not 0 <= arguments.port <= 65535:
        raise BadParameter(f"--port {arguments.port}: give one between 0 and 65535")
    proxies = read_config(arguments.config) if arguments.config else []
    allow_many_files()
    asyncio.run(_serve(arguments.host, arguments.port, arguments.seed, proxies))
    return 0


def read_config(path: Path) -> list[dict[str, Any]]:
    """The proxies of a file as Toxiproxy's -config takes it: a JSON array. Raises BadParameter."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadParameter(f"--config {path}: {error.strerror}; give a file that can be read") from None
    except (ValueError, RecursionError) as error:
        raise BadParameter(f"--config {path}: not JSON: {error}") from None
    if not isinstance(document, list):
        raise BadParameter(f'--config {path}: give an array: [{{"name": …, "listen": …, "upstream": …}}]')
    return document


async def _serve(host: str, port: int, seed: int, proxies: list[dict[str, Any]]) -> None:
    async with ToxiproxyServer(host=host, port=port, seed=seed, proxies=proxies) as server:
        if not is_loopback(server.address.host):
            print(
                f"harness: {server.address.host} can be reached from other machines, and anyone may change proxies",
                file=sys.stderr,
            )
        print(f"Toxiproxy's API listens on {server.url}, seed {seed} (Ctrl-C ends it)")
        for each in server.proxies.by_name.values():
            print(f"  {each.name}: {each.listen} → {each.upstream}{'' if each.enabled else ', disabled'}")
        sys.stdout.flush()
        await told_to_end()


def allow_many_files() -> None:
    """Each proxy and each side of a connection is a file to the system: take as many as are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
