"""The two ASGI applications: the public one, made of the table of routes, and the agents' one, made of the routes that sessions bring.

Called by the composition root, which gives each to a Listener.
"""

import re
from collections.abc import Iterable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from attune_controller.http.errors import HttpRefusal, MethodRefused, RouteUnknown
from attune_controller.http.guard import AgentGuard, GuardedRoute
from attune_controller.http.parts import Parts
from attune_controller.http.problems import problem_response
from attune_controller.http.routes import ROUTES
from attune_controller.identity.agents import AgentCertificates

#: A path whose last part is a parameter.
_NAMED = re.compile(r"([^{]+)/\{(\w+)\}")


def build_public_app(parts: Parts) -> Starlette:
    """Return the application of the public listener: exactly the rows of the table, each behind its guard."""
    doors: dict[tuple[str, str], ASGIApp] = {(row.method, row.path): GuardedRoute(row, parts) for row in ROUTES}
    return _App([Route(path, door, methods=[method]) for (method, path), door in doors.items()], doors=doors)


def build_agent_app(routes: Iterable[BaseRoute], certificates: AgentCertificates) -> Starlette:
    """Return the application of the agent listener; nothing in it is reached without the certificate of an enrolled agent.

    The agent's name is `request.state.agent`. What the routes raise becomes problem+json as on the public listener.
    """
    served = list(routes)
    doors: dict[tuple[str, str], ASGIApp] = {}
    for route in served:
        if isinstance(route, Route):
            doors.update({(method, route.path): AgentGuard(route.app, certificates) for method in route.methods or ()})
    return _App(served, [Middleware(AgentGuard, certificates)], doors=doors)


class _App(Starlette):
    """Starlette, but what stands behind its own guard is gone to at once: with its layers and its search, a request cost a tenth more."""

    def __init__(self, routes: list[BaseRoute], middleware: Iterable[Middleware] = (), *, doors: Mapping[tuple[str, str], ASGIApp]) -> None:
        """Take the routes, and by method and path what answers there; a path may end in one parameter."""
        super().__init__(routes=routes, middleware=list(middleware), exception_handlers={HTTPException: _not_routed})
        # A path with a slash too many is another path, not a redirect that drops a body.
        self.router.redirect_slashes = False
        self._doors = {key: door for key, door in doors.items() if "{" not in key[1]}
        named = ((method, _NAMED.fullmatch(path), door) for (method, path), door in doors.items())
        self._named = {(method, found[1]): (found[2], door) for method, found, door in named if found}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        method, path = scope["method"], scope["path"]
        if door := self._doors.get((method, path)):
            return await door(scope, receive, send)
        folder, _, value = path.rpartition("/")
        if value and (named := self._named.get((method, folder))):
            scope["path_params"] = {named[0]: value}
            return await named[1](scope, receive, send)
        return await super().__call__(scope, receive, send)


def _not_routed(_: Request, error: Exception) -> Response:
    """Answer where no route fits; the only HTTPExceptions are Starlette's own."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    refusal: HttpRefusal = MethodRefused() if status == 405 else RouteUnknown()
    response = problem_response(refusal)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
