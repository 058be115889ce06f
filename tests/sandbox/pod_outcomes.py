"""Gives pods the end that their label ``outcome`` asks for, where there is no node to run them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.kube_api import ApiError, KubeApi


@contextmanager
def pods_end_as_labelled(api: KubeApi) -> Iterator[None]:
    """Until the end of the context, let every pod with the label succeed or fail at once."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(0.05):
            for pod in api.list("/api/v1/pods", labelSelector="outcome"):
                metadata = pod["metadata"]
                phase = metadata["labels"]["outcome"]
                if pod["status"].get("phase") == phase:
                    continue
                path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
                status = {"phase": phase, "message": f"the pod has {phase.lower()} as asked"}
                try:
                    api.patch_status(path, {"status": status})
                except ApiError as error:
                    if error.status not in (404, 409):
                        raise

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
