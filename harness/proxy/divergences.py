"""Where this server means to do otherwise than Toxiproxy 2.12. README.md beside this file shows the table."""

from __future__ import annotations

from typing import NamedTuple


class Divergence(NamedTuple):
    """One difference: about what, what Toxiproxy does (and the file it was read from), what is done here."""

    about: str
    upstream: str
    here: str


DIVERGENCES = (
    Divergence(
        "seed",
        "without effect since 2.9.0 (cmd/server/server.go)",
        "a toxic on a connection draws from a stream of its own, named by the seed, the proxy, the connection's "
        "number and the toxic: runs can be replayed",
    ),
    Divergence(
        "toxicity",
        "drawn again whenever the toxic, or the one after it, changes (toxics/toxic.go)",
        "drawn once for a connection; an update compares the same draw with the new share",
    ),
    Divergence(
        "`reset_peer` on a live connection",
        "FIN: SO_LINGER is set when a connection is made (link.go); and there whatever the toxicity",
        "RST, on the connections that the toxicity strikes",
    ),
    Divergence(
        "`timeout` with traffic",
        "every chunk starts the timer anew (toxics/timeout.go)",
        "the time counts from when the connection has the toxic",
    ),
    Divergence(
        "`packet_loss` on TCP",
        "cuts bytes out of the TCP stream (toxics/packet_loss.go, after 2.12)",
        "stalls the stream until TCP would have sent them again; no byte is lost",
    ),
    Divergence(
        "`latency` behind another toxic",
        "the time a chunk has waited since it was read counts (toxics/latency.go)",
        "delays add up",
    ),
    Divergence(
        "`corrupt`, `half_open`, `drop_after`",
        "400 invalid toxic type",
        "toxics of ours",
    ),
    Divergence(
        "half-closed connections",
        "the end of one stream closes both: a late reply is lost (link.go)",
        "the other stream goes on",
    ),
    Divergence(
        "RST of a client or an upstream",
        "reaches the other end as FIN (link.go)",
        "reaches the other end as RST, behind what was sent before",
    ),
    Divergence(
        "dialling the upstream",
        "inside the accept loop: while one dial hangs nobody is accepted (proxy.go)",
        "beside it",
    ),
    Divergence(
        "removing a toxic",
        "waits for data in flight, and can hang the whole API (link.go)",
        "answers at once; what waited in the toxic goes on",
    ),
    Divergence(
        "digits of a toxicity",
        "32 bits: 0.3333333333 is shown as 0.33333334 (toxics/toxic.go)",
        "64 bits",
    ),
    Divergence(
        "`stream` in capitals",
        "stays as it is given, in the toxic's default name too (toxic_collection.go)",
        "becomes lower case",
    ),
    Divergence(
        "an update of a toxic that is refused",
        "what stands before the mistake is changed all the same (toxic_collection.go)",
        "changes nothing",
    ),
    Divergence(
        "values out of range",
        "negative times, a toxicity of 7, a slicer that never ends: accepted (toxic_collection.go)",
        "400, with what to give instead",
    ),
    Divergence(
        "addresses that are none",
        "are taken, and met when it listens (500), or when each client is closed (proxy.go); a port may be `http`",
        "400, with the form; a port is a number",
    ),
    Divergence(
        "texts after `bad request body: `",
        "those of Go's JSON decoder",
        "ours",
    ),
    Divergence(
        "an unknown host to listen on",
        "the text names the resolver that was asked",
        "the text does not",
    ),
    Divergence(
        "names with a slash, `.` and `..`",
        "can be made, and never be addressed: 404, or 301 to the path without (api.go)",
        "are addressed, a slash as %2F",
    ),
    Divergence(
        "HTTP that is not quite",
        "taken with bare line feeds, a path beyond ASCII or an unknown method (405); without a Host it is 400",
        "400; a Host is not asked for",
    ),
    Divergence(
        "listening without a host",
        "on all interfaces; shown as empty until it listens",
        "on 127.0.0.1; give 0.0.0.0 or [::] for all",
    ),
    Divergence(
        "a proxy's JSON",
        'has `"Logger":{}`',
        "has not",
    ),
    Divergence(
        "populating when one proxy is wrong",
        "those before it are made (proxy_collection.go)",
        "none is made; an address in use is only known when those before it are",
    ),
    Divergence(
        "populating one name twice",
        "the second takes the place of the first, which is stopped (proxy_collection.go)",
        "500, and none is made",
    ),
    Divergence(
        "resetting when a port is taken",
        "stops there (api.go)",
        "resets the others, then says so",
    ),
    Divergence(
        "a config file with a mistake",
        "is logged, and the server runs without it (api.go)",
        "ends the command with exit code 64",
    ),
    Divergence(
        "`/metrics`",
        "with -proxy-metrics or -runtime-metrics, by any method; counts a connection when it ends, and its own errors",
        "always, of the proxies, by GET; counts as bytes pass",
    ),
    Divergence(
        "size of a request",
        "not limited",
        "64 KiB of headers (431), 16 MiB of body (413)",
    ),
)
