"""Who may call what: each operation without a token and with wrong ones, and all that can be wrong with one."""

from __future__ import annotations

from dataclasses import replace

from harness.conformance.case import UNKNOWN, Call, Case, Seed, Task, Token
from harness.conformance.tables.operations import OPERATIONS, WORLD, Operation
from harness.conformance.tables.words import beat, call, run


def _own(operation: Operation) -> Token:
    scope = "execution" if operation.scope == "any" else operation.scope
    return Token(sub=f"{{{operation.own or 'a'}}}", scope=scope)


def _case(operation: Operation) -> Case:
    good = _own(operation)
    tokens: tuple[Token | str | None, ...] = (
        None,
        replace(good, scope="execution" if good.scope == "workload" else "workload", sub="{b}"),
        replace(good, sub="{b}"),
        replace(good, age=700),
        replace(good, age=590),
    )
    calls = tuple(replace(operation.call, token=token) for token in tokens)
    return Case(name=f"access {operation.name}", seed=WORLD, steps=calls, anywhere=True)


def _beat(token: Token | str | None) -> Call:
    return beat(token=token)


#: What is wrong with a token, one thing each; and two that are in order.
TOKENS: tuple[Token | str | None, ...] = (
    None,
    "",
    "Bearer",
    "Basic dXNlcjpwYXNz",
    "Bearer garbage",
    "Bearer a.b.c",
    "bearer garbage",
    Token(secret="another secret " * 5),
    Token(algorithm="HS256"),
    Token(algorithm="HS384"),
    Token(age=611),
    Token(age=605),
    Token(age=-60),
    Token(age=-5),
    Token(claims={"nbf": None}),
    Token(claims={"nbf": 4_000_000_000}),
    Token(claims={"aud": None}),
    Token(claims={"aud": "apis"}),
    Token(claims={"aud": ["x", "urn:airflow.apache.org:task"]}),
    Token(claims={"exp": None}),
    Token(claims={"iat": None}),
    Token(claims={"jti": None}),
    Token(claims={"exp": "soon"}),
    Token(claims={"iat": "then"}),
    Token(claims={"scope": None}),
    Token(claims={"scope": "admin"}),
    Token(claims={"scope": ""}),
    Token(claims={"scope": 1}),
    Token(claims={"scope": ["execution"]}),
    Token(claims={"extra": {"x": 1}}),
    Token(sub=UNKNOWN),
    Token(lifetime=60, age=25),
    Token(lifetime=60, age=35),
    Token(age=475),
    Token(age=485),
    Token(),
)
#: A subject that is no UUID is answered 500, and the connection is closed: those are cases of their own.
SUBJECTS: tuple[Token, ...] = (Token(sub="x"), Token(claims={"sub": None}), Token(claims={"sub": 1}))

CASES: tuple[Case, ...] = (
    *(_case(operation) for operation in OPERATIONS),
    Case(name="tokens", anywhere=True, steps=tuple(_beat(token) for token in TOKENS)),
    *(Case(name=f"subjects {at}", anywhere=True, steps=(_beat(token),)) for at, token in enumerate(SUBJECTS)),
    Case(
        name="workload tokens",
        seed=Seed(tasks=(Task(), Task(name="b"))),
        steps=(
            run(token=Token(scope="workload", age=500)),
            run(token=Token(scope="workload", age=599)),
            run(token=Token(scope="execution", age=595)),
            run(token=Token(scope="execution")),
            run("b", token=Token(sub="{b}", claims={"scope": None})),
            beat(token=Token(scope="workload")),
        ),
    ),
    Case(
        name="refreshed whatever the answer",
        anywhere=True,
        steps=(
            call("GET", "/no-such-route", token=Token(age=590)),
            call("GET", "/variables/{dag}-none", token=Token(age=590)),
            call("POST", "/task-instances/{a}/heartbeat", token=Token(age=590)),
            call("PUT", "/task-instances/{a}/heartbeat", {}, token=Token(age=590)),
            call("GET", "/health", token=Token(age=590)),
            call("GET", "/health", token="Bearer garbage"),  # noqa: S106 - no token at all
        ),
    ),
)
