"""Collects garbage between bytecodes, as Python does by itself from 3.12 on.

Before, a collection begins inside any allocation. Inside that of a context's variables, a finalizer
which sets a variable takes away what is being copied, and the interpreter dies: issue 148891 of
python/cpython. LiteLLM's own image has a later Python than this machine may have.
"""

import gc
import os
import sys
import threading
import time

_SECONDS = 0.05


def _collect() -> None:
    while True:
        time.sleep(_SECONDS)
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if 0 < thresholds[generation] < counts[generation]:
                gc.collect(generation)
                break


def _start() -> None:
    threading.Thread(target=_collect, name="garbage", daemon=True).start()


# Only in a pod: what is measured in benchmarks is Python's own way.
if sys.version_info < (3, 12) and "KUBERNETES_SERVICE_HOST" in os.environ:
    gc.disable()
    _start()
    os.register_at_fork(after_in_child=_start)
