"""A DNS server for one host: it knows where the API is, and can be made to fail or to be out of date."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from harness.ports import Heal, Strike

PORT = 53
Failure = tuple[bool, Strike]
"""Whether an address of nobody is given, and whom to tell."""


class NameServer(asyncio.DatagramProtocol):
    """Answers one host's questions. `stale` is an address at which nobody is."""

    def __init__(self, *, victim: str, name: str, address: str, stale: str) -> None:
        self._victim, self._name, self._address, self._stale = victim, f"{name}.", address, stale
        self._failures: list[Failure] = []
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        try:
            question = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return  # as servers do with what is no question
        self._transport.sendto(self.answer(question).to_wire(), addr)

    def fail(self, stale: bool, strike: Strike) -> Heal:
        """Every question is answered with a failure, or with the stale address."""
        failure = (stale, strike)
        self._failures.append(failure)
        return lambda: self._failures.remove(failure)

    def answer(self, question: dns.message.Message) -> dns.message.Message:
        """The reply: one address, of time to live 0, or what the failure makes of it."""
        reply = dns.message.make_response(question, recursion_available=True)
        asked = question.question[0] if question.question else None
        if asked is None or asked.name.to_text().lower() != self._name:
            reply.set_rcode(dns.rcode.NXDOMAIN)
            return reply
        address = self._address
        for stale, strike in self._failures:
            strike(self._victim, "got an address of nobody" if stale else "no name was found")
            if not stale:
                reply.set_rcode(dns.rcode.SERVFAIL)
                return reply
            address = self._stale
        if asked.rdtype == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(asked.name, 0, "IN", "A", address))
        return reply
