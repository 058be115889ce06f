"""ElastiCache replication groups as Redis servers of this machine, with TLS and named users."""

import functools
import hashlib
import secrets
import shutil
import socket
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sandbox import certificates, toolchain
from sandbox.backing_services.records import BackingServiceError, Record, release_index, take_index
from sandbox.paths import Instance
from sandbox.supervisor_client import ServiceSpec, SupervisorClient, create_state_directory
from sandbox.whole_file import write_file

# Changes the access list of the running server, through the local socket.
_ADMINISTRATOR = "sandbox-administrator"
_ANSWER_SECONDS = 10


class CacheError(BackingServiceError):
    """A cache does not exist or refused a command."""


@dataclass(frozen=True, kw_only=True)
class Cache:
    """A replication group: where it listens and whose users it knows.

    Without user groups its default user has the token's password, or none.
    """

    identifier: str
    port: int = 6379
    encrypted: bool = True
    user_groups: Sequence[str] = ()
    token_hashes: Sequence[str] = ()


def password_hash(password: str) -> str:
    """Return what an access list holds of a password."""
    return hashlib.sha256(password.encode()).hexdigest()


class Caches:
    """The caches of one sandbox, their users and user groups. Passwords are kept as hashes only."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._supervisor = SupervisorClient(instance)
        self._indexes = Record(instance.state / "cache-addresses.json")
        self._records = Record(instance.state / "caches.json")

    def address(self, identifier: str) -> str:
        return self._instance.cache_address(take_index(self._indexes, identifier))

    def create(self, cache: Cache) -> str:
        """Start an empty server and return its address."""
        self.delete(cache.identifier)
        create_state_directory(self._instance)
        directory = self._directory(cache.identifier)
        directory.mkdir(parents=True, mode=0o700)
        self._socket(cache.identifier).parent.mkdir(exist_ok=True)
        (directory / "data").mkdir(mode=0o700)
        write_file(directory / "administrator", secrets.token_urlsafe(32))
        self._write_configuration(cache)
        self._save(cache)
        self._write_access_list(cache)
        self._supervisor.start(self._specification(cache))
        return self.address(cache.identifier)

    def change(self, cache: Cache) -> None:
        """Apply other user groups or tokens; another port restarts the server."""
        self._save(cache)
        self._write_configuration(cache)
        self._write_access_list(cache)
        self._supervisor.start(self._specification(cache))
        self._reload(cache)

    def delete(self, identifier: str) -> None:
        """Stop the server and remove its data; one that does not exist is gone already."""
        if self._supervisor.running():
            self._supervisor.stop(_service(identifier))
        shutil.rmtree(self._directory(identifier), ignore_errors=True)
        release_index(self._indexes, identifier)
        with self._records.changed() as records:
            records.get("caches", {}).pop(identifier, None)

    def put_user(
        self, identifier: str, name: str, access: str, passwords: Iterable[str], open_to_all: bool
    ) -> None:
        """Make or change a user, in running servers too, without a restart.

        ``access`` is the access string; with ``open_to_all`` no password is asked for.
        """
        words = [f"#{password_hash(password)}" for password in passwords]
        with self._records.changed() as records:
            records.setdefault("users", {})[identifier] = {
                "name": name,
                "rules": " ".join(["reset", *(["nopass"] if open_to_all else words), access]),
            }
        self._reload_those_with(lambda groups: identifier in self._members(groups))

    def delete_user(self, identifier: str) -> None:
        with self._records.changed() as records:
            records.get("users", {}).pop(identifier, None)

    def put_group(self, identifier: str, users: Sequence[str]) -> None:
        """Make or change a user group, in running servers too."""
        with self._records.changed() as records:
            records.setdefault("groups", {})[identifier] = list(users)
        self._reload_those_with(lambda groups: identifier in groups)

    def delete_group(self, identifier: str) -> None:
        with self._records.changed() as records:
            records.get("groups", {}).pop(identifier, None)

    def _members(self, groups: Iterable[str]) -> set[str]:
        known = self._records.read().get("groups", {})
        return {user for group in groups for user in known.get(group, [])}

    def _reload_those_with(self, concerned: Any) -> None:
        for record in self._records.read().get("caches", {}).values():
            cache = Cache(**record)
            if concerned(cache.user_groups):
                self._write_access_list(cache)
                self._reload(cache)

    def _save(self, cache: Cache) -> None:
        record = asdict(cache)
        with self._records.changed() as records:
            records.setdefault("caches", {})[cache.identifier] = record

    def _specification(self, cache: Cache) -> ServiceSpec:
        return ServiceSpec(
            name=_service(cache.identifier),
            command=(str(_server()), str(self._directory(cache.identifier) / "redis.conf")),
            ready_address=(self.address(cache.identifier), cache.port),
        )

    def _write_configuration(self, cache: Cache) -> None:
        directory, address = self._directory(cache.identifier), self.address(cache.identifier)
        settings = {
            "bind": address,
            "unixsocket": f'"{self._socket(cache.identifier)}"',
            "unixsocketperm": "700",
            "dir": f'"{directory / "data"}"',
            "aclfile": f'"{directory / "users.acl"}"',
            "daemonize": "no",
            "save": '""',
            "appendonly": "yes",
            "protected-mode": "no",
        }
        if cache.encrypted:
            certificate = certificates.issue(
                self._instance, f"elasticache-{cache.identifier}", [address]
            )
            settings |= {
                "port": "0",
                "tls-port": str(cache.port),
                "tls-cert-file": f'"{certificate.certificate}"',
                "tls-key-file": f'"{certificate.key}"',
                "tls-ca-cert-file": f'"{certificates.ca_bundle(self._instance)}"',
                "tls-auth-clients": "no",
            }
        else:
            settings["port"] = str(cache.port)
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        (directory / "redis.conf").write_text(text)

    def _write_access_list(self, cache: Cache) -> None:
        records = self._records.read()
        users = [
            records["users"][one]
            for one in sorted(self._members(cache.user_groups))
            if one in records.get("users", {})
        ]
        directory = self._directory(cache.identifier)
        administrator = password_hash((directory / "administrator").read_text())
        lines = [f"user {_ADMINISTRATOR} on #{administrator} ~* &* +@all"]
        lines += [f"user {user['name']} {user['rules']}" for user in users]
        if not any(user["name"] == "default" for user in users):
            lines.append(f"user default {_default_rules(cache)}")
        write_file(directory / "users.acl", "\n".join(lines) + "\n")

    def _reload(self, cache: Cache) -> None:
        """Have the running server read its access list again."""
        directory = self._directory(cache.identifier)
        password = (directory / "administrator").read_text()
        commands = [("AUTH", _ADMINISTRATOR, password), ("ACL", "LOAD"), ("QUIT",)]
        # Users whose passwords went away are cut off by Redis itself when the list is loaded.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.connect(str(self._socket(cache.identifier)))
            connection.sendall(b"".join(_command(words) for words in commands))
            answers = connection.makefile("rb").read().decode().splitlines()
        for answer in answers:
            if answer.startswith("-"):
                raise CacheError(f"{cache.identifier} refused its access list: {answer[1:]}")

    def _directory(self, identifier: str) -> Path:
        return self._instance.state / "caches" / identifier

    def _socket(self, identifier: str) -> Path:
        number = take_index(self._indexes, identifier)
        return self._instance.state / "sockets" / f"redis-{number}"


def _default_rules(cache: Cache) -> str:
    if cache.user_groups:
        return "off"
    words = [f"#{token}" for token in cache.token_hashes] or ["nopass"]
    return " ".join(["reset", "on", *words, "~* &* +@all"])


def _command(words: Sequence[str]) -> bytes:
    parts = (f"${len(word.encode())}\r\n{word}\r\n" for word in words)
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


@functools.cache
def _server() -> Path:
    return toolchain.ensure(["redis-server"])["redis-server"]


def _service(identifier: str) -> str:
    return f"elasticache-{identifier}"
