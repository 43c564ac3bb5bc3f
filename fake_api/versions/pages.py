"""The pages about the API: /docs, /redoc, /changelog and /openapi.json, made by Cadwyn as the real server's are."""

import json

from cadwyn import Cadwyn
from starlette.requests import Request
from starlette.responses import JSONResponse

from fake_api.versions import HEADER, NEWEST
from fake_api.versions.bundle import BUNDLE
from fake_api.versions.documents import customized
from fake_api.versions.head import head_router


class Pages(Cadwyn):
    """Documents every version. The calls themselves are served elsewhere."""

    async def openapi_jsons(self, req: Request) -> JSONResponse:
        """The document of the version that the query or the header names."""
        made = await super().openapi_jsons(req)
        # A new response: Airflow reuses the first one's Content-Length and so breaks off without gzip
        return JSONResponse(customized(json.loads(bytes(made.body))))


def pages_app() -> Cadwyn:
    """The pages as an application."""
    app = Pages(
        title="Airflow Task Execution API",
        description="The private Airflow Task Execution API.",
        api_version_parameter_name=HEADER,
        api_version_default_value=NEWEST,
        versions=BUNDLE,
    )
    app.generate_and_include_versioned_routers(head_router())
    return app
