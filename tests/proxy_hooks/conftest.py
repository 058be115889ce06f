"""A database that all of these tests' proxies share, and the provider that they call."""

from collections.abc import Iterator

import model_server
import pytest
from logged_gateway import ANSWER, PERSONAL, migrated_database
from model_server import ModelServer
from postgresql_server import PostgreSQL


@pytest.fixture(scope="session")
def database() -> Iterator[PostgreSQL]:
    with migrated_database() as server:
        yield server


@pytest.fixture(scope="session")
def model() -> Iterator[ModelServer]:
    with model_server.running(f"{ANSWER} {PERSONAL[0]}") as server:
        yield server
