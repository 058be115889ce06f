"""Runs moto as the AWS of one sandbox: ``python -m sandbox.aws_server --name NAME --slot SLOT``.

It listens on the sandbox's own address, answers any credentials and logs the name of each
operation, never what is sent or answered.
"""

import argparse
import io
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from sandbox.paths import Instance
from sandbox.providers.aws import moto_adjustments

PORT = 4566

Environment = dict[str, Any]
Application = Callable[[Environment, Callable[..., Any]], Iterable[bytes]]


class OperationLog:
    """WSGI middleware that logs who was asked for what, with the answer's status."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environment, start_response: Callable[..., Any]) -> Iterable[bytes]:
        operation = _operation(environ)

        def respond(status: str, headers: list[Any], *more: Any) -> Any:
            print(f"{operation} {status.partition(' ')[0]}", flush=True)
            return start_response(status, headers, *more)

        return self._application(environ, respond)


def _operation(environ: Environment) -> str:
    """Return the operation's name, by the three ways in which AWS's protocols carry it."""
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return str(target)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        fields = parse_qs(body.decode(errors="replace"))
        return f"{_service(environ)} {fields.get('Action', ['?'])[0]}"
    return f"{_service(environ)} {environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}"


def _service(environ: Environment) -> str:
    """Return the service that the request's signature is for, '-' for one without a signature."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0]
    parts = scope.split("/")
    return parts[3] if len(parts) > 3 else "-"


def serve(host: str, port: int) -> None:
    """Serve until the process is stopped; OSError if the address is taken."""
    # IAM then has the policies that AWS manages, as in a real account.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class QuietHandler(MotoRequestHandler):
        # Clients keep their connections, as they do with AWS.
        protocol_version = "HTTP/1.1"

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    moto_adjustments.apply()
    application = OperationLog(DomainDispatcherApplication(create_backend_app))
    server = make_server(host, port, application, threaded=True, request_handler=QuietHandler)
    print(f"AWS at http://{host}:{port}", flush=True)
    server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the AWS of a sandbox.")
    parser.add_argument("--name", default="default")
    parser.add_argument("--slot", type=int, default=0)
    arguments = parser.parse_args()
    instance = Instance(arguments.name, arguments.slot)
    try:
        serve(instance.address("aws"), PORT)
    except OSError as error:
        sys.exit(f"cannot listen on {instance.address('aws')}:{PORT}: {error.strerror}")


if __name__ == "__main__":
    main()
