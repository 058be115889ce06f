"""An AWS of the process's own, for previews of stacks that no sandbox runs for."""

import logging
import os
import threading

from sandbox.providers.aws import moto_adjustments

_lock = threading.Lock()
_addresses: list[str] = []


def endpoint() -> str:
    """Start moto's server on a free loopback port, once, and return its address."""
    with _lock:
        if not _addresses:
            _addresses.append(_start())
        return _addresses[0]


def _start() -> str:
    # IAM then has the policies that AWS manages, as in a real account.
    os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
    # Takes a third of a second to import, which who has a running AWS need not wait for.
    from moto.server import ThreadedMotoServer

    moto_adjustments.apply()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"
