"""Runs in the container before it gets SIGTERM: drains the proxy, then waits for deregistration.

Arguments: the port, the pause and the longest request, in seconds. The token comes from the
environment, because the headers of an httpGet hook would stand in the pod spec. The drain returns
as soon as the proxy is idle, so the pause keeps the pod answering until the load balancer has let
go of it; requests that come in the meantime are finished after SIGTERM.
"""

import http.client
import os
import sys
import time

port, pause, longest_request = (int(argument) for argument in sys.argv[1:])
started = time.monotonic()
connection = http.client.HTTPConnection(os.environ["POD_IP"], port, timeout=longest_request)
try:
    token = {"X-Drain-Token": os.environ["DRAIN_TOKEN"]}
    connection.request("GET", "/health/drain", headers=token)
    answer = connection.getresponse()
    if answer.status != 200:
        print(f"the drain endpoint answered {answer.status}", file=sys.stderr)
except OSError as error:
    print(f"the drain endpoint did not answer: {error}", file=sys.stderr)
finally:
    connection.close()
time.sleep(max(0.0, pause - (time.monotonic() - started)))
