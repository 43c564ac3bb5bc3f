"""The fake behind respx: a unit test of any httpx client gets the whole server without a socket or a thread.

    with fake_api.mock("http://api:8080") as fake:
        ti_id = fake.state.submit(TaskSpec(dag_id="etl", task_id="load", run_id="r1"))
        httpx.get("http://api:8080/execution/health")

respx comes with the extra `test`. Nothing moves between two calls: whoever wants the scheduler's part calls
`Scheduler(fake.state).loop_once()`.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fake_api.app import Application, create_app
from fake_api.state import State

if TYPE_CHECKING:
    import httpx
    import respx

_PORTS = {"http": 80, "https": 443}
#: Paths of a server's URL: its root, and what Airflow has as `execution_api_server_url`.
_PATHS = ("/", "/execution", "/execution/")
#: The name of the route that the fake answers, which is tried last.
FAKE = "fake"
#: Marks a request of an asynchronous client: there the fake may be awaited.
_AWAITS = "fake_api.awaits"


@dataclass(frozen=True)
class Mocked:
    """The mounted fake: its state, and the respx router for routes and checks of your own.

    A route of your own comes before the fake, for the mocked server too; where its side effect returns None the fake
    answers. So `router.get(f"{url}/execution/health").respond(503)` is an outage.
    """

    url: str
    state: State
    router: "respx.MockRouter"


@contextmanager
def mock(
    url: str = "http://localhost:8080", *, state: State | None = None, pass_through: bool = False
) -> Iterator[Mocked]:
    """Answer every httpx call to `url` (scheme, host and port) from a fake over `state`, a new one by default.

    The path /execution may follow, as in Airflow's setting `execution_api_server_url`; the whole server is mocked.
    A call to elsewhere fails as in respx, unless another respx router takes it; with `pass_through` it goes out.
    Raises ModuleNotFoundError without respx, ValueError for a url that is more or less than a server's.
    """
    scheme, host, port = _server(url)
    fake = state or State()
    router = _router(pass_through)
    loop = asyncio.new_event_loop()
    served = _Served(create_app(fake), loop)
    router.route(scheme=scheme, host=host, port=port, name=FAKE).mock(side_effect=served)
    try:
        with router:
            yield Mocked(url, fake, router)
    finally:
        loop.close()


class _Served:
    """The application as a side effect of respx."""

    def __init__(self, app: Application, loop: asyncio.AbstractEventLoop) -> None:
        self._app, self._loop = app, loop

    def __call__(self, request: "httpx.Request") -> Any:
        answer = _answer(self._app, request)
        if _AWAITS in request.extensions:
            return answer
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._loop.run_until_complete(answer)
        return _at_once(answer)


def _at_once(answer: Coroutine[Any, Any, "httpx.Response"]) -> "httpx.Response":
    # A synchronous client inside a running loop: no second loop may run here, but no route waits either.
    try:
        answer.send(None)
    except StopIteration as done:
        response: httpx.Response = done.value
        return response
    answer.close()
    raise RuntimeError(
        "the fake would have to wait: use an asynchronous client, or leave the running event loop"
    )


async def _answer(app: Application, request: "httpx.Request") -> "httpx.Response":
    import httpx

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": request.content, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    try:
        await app(_scope(request), receive, send)
    except Exception:
        if not sent:
            raise  # else the 500 is out already, and uvicorn would only log this
    headers = [] if not sent else sent[0]["headers"]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return httpx.Response(sent[0]["status"], headers=headers, content=body, request=request)


def _scope(request: "httpx.Request") -> dict[str, Any]:
    raw_path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": raw_path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "client": ("127.0.0.1", 50000),
        "server": (request.url.host, request.url.port or _PORTS[request.url.scheme]),
    }


def _server(url: str) -> tuple[str, str, int]:
    import httpx

    parsed = httpx.URL(url)
    if parsed.scheme not in _PORTS or not parsed.host or parsed.path not in _PATHS or parsed.query:
        raise ValueError(f"{url!r} names no server: give scheme, host and port, such as http://api:8080")
    return parsed.scheme, parsed.host, parsed.port or _PORTS[parsed.scheme]


def _router(pass_through: bool) -> "respx.MockRouter":
    try:
        import respx
        from respx.models import AllMockedAssertionError, PassThrough
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"fake_api.mock needs {error.name}: pip install 'airflow-remote-harness[test]'", name=error.name
        ) from None

    def elsewhere(request: "httpx.Request", error: AllMockedAssertionError) -> Exception:
        return PassThrough(str(error), request=request, origin=respx.Route()) if pass_through else error

    class Router(respx.MockRouter):
        """respx's router, which also has the fake last, marks what can be awaited, and lets through the rest."""

        def add(self, route: respx.Route, *, name: str | None = None) -> respx.Route:
            added = super().add(route, name=name)
            if name != FAKE and (fake := self.pop(FAKE, None)):
                super().add(fake, name=FAKE)
            return added

        def handler(self, request: "httpx.Request") -> "httpx.Response":
            try:
                return super().handler(request)
            except AllMockedAssertionError as error:
                raise elsewhere(request, error) from None

        async def async_handler(self, request: "httpx.Request") -> "httpx.Response":
            request.extensions = {**request.extensions, _AWAITS: True}
            try:
                return await super().async_handler(request)
            except AllMockedAssertionError as error:
                raise elsewhere(request, error) from None

    return Router(assert_all_called=False)
