"""An AWS of the process's own, for previews of stacks that no sandbox runs for."""

import functools
import logging

from moto.server import ThreadedMotoServer


@functools.cache
def endpoint() -> str:
    """Start moto's server on a free loopback port, once, and return its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"
