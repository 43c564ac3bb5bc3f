"""The apps of the versions, built by Cadwyn the first time one is asked for.

The newest version has an app here too, for headers that get it without naming it. Cadwyn's own application is not
used for calls: it reads the version header in a function that FastAPI would run in a thread.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from functools import cache
from typing import Annotated

from cadwyn import generate_versioned_routers
from fastapi import APIRouter, Depends, FastAPI, Header
from starlette.types import ASGIApp, Receive, Scope, Send

from fake_api.versions import HEADER
from fake_api.versions.bundle import BUNDLE
from fake_api.versions.head import head_router

Configure = Callable[[FastAPI], None]


@cache
def routers() -> Mapping[str, APIRouter]:
    """The routes by version."""
    return generate_versioned_routers(head_router(), BUNDLE).endpoints


def version_app(version: str, configure: Configure) -> ASGIApp:
    """The app of a version; `configure` adds what the apps of all versions have."""
    app = FastAPI(openapi_url=None)
    configure(app)
    app.include_router(routers()[version], dependencies=[Depends(_version_header(version))])

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        # Cadwyn's converters look here for how far back to go
        picked = BUNDLE.api_version_var.set(version)
        try:
            await app(scope, receive, send)
        finally:
            BUNDLE.api_version_var.reset(picked)

    return served


def _version_header(version: str) -> Callable[..., Awaitable[date]]:
    default = date.fromisoformat(version)

    async def version_header(asked: Annotated[date, Header(alias=HEADER)] = default) -> date:
        return asked

    return version_header
