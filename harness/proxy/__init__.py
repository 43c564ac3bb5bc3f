"""A Toxiproxy server in our process: its HTTP API, its toxics, with a seed. It can be used alone."""

from harness.proxy.choosing import toxiproxy
from harness.proxy.client import Client, Proxy, Refused
from harness.proxy.embedded import Embedded, running
from harness.proxy.server import ToxiproxyServer

__all__ = ["Client", "Embedded", "Proxy", "Refused", "ToxiproxyServer", "running", "toxiproxy"]
