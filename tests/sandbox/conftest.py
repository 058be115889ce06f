"""What several tests of the sandbox share because it takes seconds to start."""

from collections.abc import Iterator

import pytest
from control_planes import running_control_plane

from sandbox.paths import Instance


@pytest.fixture(scope="session")
def cluster() -> Iterator[Instance]:
    """A sandbox with a control plane and nothing else: no node runs its pods."""
    with running_control_plane(Instance("cluster-tests", 160)) as instance:
        yield instance
