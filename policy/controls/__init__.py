"""Every control, in the order of its row."""

from policy.control import Control
from policy.controls import (
    cache,
    capacity,
    cluster,
    database,
    identity,
    keys,
    load_balancer,
    network,
    secrets,
    storage,
    workloads,
)

_SUBJECTS = (
    *(cluster, identity, network, database, cache, storage),
    *(secrets, keys, load_balancer, workloads, capacity),
)
CONTROLS: tuple[Control, ...] = tuple(
    sorted(
        (control for subject in _SUBJECTS for control in subject.CONTROLS),
        key=lambda control: control.row,
    )
)
