"""What ``sandbox up`` finds before it makes anything."""

import os
from pathlib import Path

import pytest

from sandbox import lifecycle
from sandbox.paths import Instance


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's servers run as another user")
def test_a_state_folder_that_the_database_cannot_enter_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("SANDBOX_STATE", str(closed / "state"))
    with pytest.raises(lifecycle.SandboxError, match="admits its owner only"):
        lifecycle.up(Instance("closed", 150), {}, print)
    assert list(closed.iterdir()) == []
