"""Faults and refusals → ``application/problem+json`` (RFC 9457)."""

from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from alphaline.errors import AlphalineError
from services.gateway.transport.views import Problem

MEDIA_TYPE = "application/problem+json"


def problem(status: int, detail: str) -> JSONResponse:
    """Return a problem as a response."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, media_type=MEDIA_TYPE)


def answer_with_problems(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""

    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail))

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        seen = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}, saw {item['input']!r}"
            for item in error.errors()
        )
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, seen)

    @app.exception_handler(AlphalineError)
    def unavailable(_request: Request, error: AlphalineError) -> JSONResponse:
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error))
