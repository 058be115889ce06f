from collections.abc import Iterator

import pytest
from served_pack import ServedPack, served


@pytest.fixture(scope="session")
def pack() -> Iterator[ServedPack]:
    with served() as running:
        yield running
