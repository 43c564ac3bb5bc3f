"""The marks that task bodies leave: the third witness, in a file on this machine that no fault reaches.

Standard library alone, and no import of ours: the file is copied beside the DAG, into whatever environment the
worker has. Times are of the machine's monotonic clock, in nanoseconds, which every process shares.
"""

import json
import os
import time

#: Names the folder of the marks, and the host on which the body runs.
FOLDER_VARIABLE, HOST_VARIABLE = "HARNESS_MARKS", "HARNESS_HOST"


def mark(what: str, **about: object) -> None:
    """Append one mark; a line is written at once or not at all. On a worker that is none of ours, nothing is.

    `pid` among what it is about names the process of a body that is not this one.
    """
    if HOST_VARIABLE not in os.environ:
        return
    host = os.environ[HOST_VARIABLE]
    line = json.dumps({"what": what, "t": time.monotonic_ns(), "host": host, "pid": os.getpid()} | about)
    path = os.path.join(os.environ[FOLDER_VARIABLE], f"{host}.jsonl")  # noqa: PTH118
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, line.encode() + b"\n")
    finally:
        os.close(descriptor)
