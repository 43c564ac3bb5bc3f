"""The proxies' metrics, as Prometheus reads them and under upstream's names (collectors/proxy.go)."""

from __future__ import annotations

from harness.proxy.collection import Proxies
from harness.proxy.turns import by_turns
from harness.toxics.named import Stream

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_COUNTERS = (
    ("toxiproxy_proxy_received_bytes_total", "The number of received bytes"),
    ("toxiproxy_proxy_sent_bytes_total", "The number of sent bytes"),
)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


async def exposition(proxies: Proxies) -> str:
    """Bytes received and sent of each proxy and stream, live connections included."""
    counts = [
        (_labels(proxy.name, str(proxy.listen), str(proxy.upstream), stream), proxy.bytes_passed(stream))
        async for _, proxy in by_turns(sorted(proxies.by_name.items()))
        for stream in sorted(Stream)
    ]
    lines = []
    for place, (name, text) in enumerate(_COUNTERS):
        lines += [f"# HELP {name} {text}", f"# TYPE {name} counter"]
        lines += [f"{name}{{{labels}}} {count[place]}" for labels, count in counts]
    return "\n".join([*lines, ""])


def _labels(proxy: str, listener: str, upstream: str, stream: Stream) -> str:
    values = {"direction": stream.value, "listener": listener, "proxy": proxy, "upstream": upstream}
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in values.items())
