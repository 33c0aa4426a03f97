"""The two ASGI applications: the public one, made of the table of routes, and the agents' one, made of the routes that sessions bring.

Called by the composition root, which gives each to a Listener.
"""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from attune_controller.http.errors import HttpRefusal, MethodRefused, RouteUnknown
from attune_controller.http.guard import AgentGuard, GuardedRoute
from attune_controller.http.parts import Parts
from attune_controller.http.problems import problem_response
from attune_controller.http.routes import ROUTES
from attune_controller.identity.agents import AgentCertificates


def build_public_app(parts: Parts) -> Starlette:
    """Return the application of the public listener: exactly the rows of the table, each behind its guard."""
    return _app([Route(row.path, GuardedRoute(row, parts), methods=[row.method]) for row in ROUTES])


def build_agent_app(routes: Iterable[BaseRoute], certificates: AgentCertificates) -> Starlette:
    """Return the application of the agent listener; nothing in it is reached without the certificate of an enrolled agent.

    The agent's name is `request.state.agent`. What the routes raise becomes problem+json as on the public listener.
    """
    return _app(list(routes), [Middleware(AgentGuard, certificates)])


def _app(routes: list[BaseRoute], middleware: Iterable[Middleware] = ()) -> Starlette:
    app = Starlette(routes=routes, middleware=list(middleware), exception_handlers={HTTPException: _not_routed})
    # A path with a slash too many is another path, not a redirect that drops a body.
    app.router.redirect_slashes = False
    return app


def _not_routed(_: Request, error: Exception) -> Response:
    """Answer where no route fits; the only HTTPExceptions are Starlette's own."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    refusal: HttpRefusal = MethodRefused() if status == 405 else RouteUnknown()
    response = problem_response(refusal)
    if isinstance(error, HTTPException) and error.headers:
        response.headers.update(error.headers)
    return response
