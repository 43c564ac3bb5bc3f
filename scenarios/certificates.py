"""What happens when the certificate of the API is not renewed in time, and then is."""

from __future__ import annotations

from datetime import timedelta

from harness import BadCertificate, Fleet, RotateCertificate, Scenario, Tasks, Tls, minutes, scenario, seconds
from scenarios.quick import quickly


@scenario
def expired_certificate(
    *,
    lasting: timedelta = minutes(2),
    ca: bool = False,
    mutual: bool = False,
    workers: int = 3,
    tasks: int = 20,
    quick: bool = False,
) -> Scenario:
    """The certificate of the API expires, and after `lasting` a new one is shown; with `ca`, a new authority signed it.

    That authority stands in the files that workers trust from then on. With `mutual`, workers show certificates too.
    """
    begin = minutes(1)
    expired = Scenario(
        fleet=Fleet(count=workers),
        tasks=Tasks(count=tasks, lasting=(seconds(20), minutes(2)), over=minutes(3)),
        faults=(
            BadCertificate(a="worker-*", b="api", at=begin, lasting=lasting),
            RotateCertificate(at=begin + lasting, ca=ca),
        ),
        until=max(minutes(5), begin + lasting),
        settle=minutes(15),
        tls=Tls.MUTUAL if mutual else Tls.SERVER,
    )
    return quickly(expired, settle=seconds(30)) if quick else expired
