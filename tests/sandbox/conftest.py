"""What several tests of the sandbox share because it takes seconds to start."""

from collections.abc import Iterator

import pytest
from control_planes import running_control_plane

from sandbox.paths import Instance


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A sandbox with a control plane and nothing else: no node runs its pods."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SANDBOX_STATE", str(tmp_path_factory.mktemp("sandboxes")))
        with running_control_plane(Instance("cluster-tests", 160)) as instance:
            yield instance
