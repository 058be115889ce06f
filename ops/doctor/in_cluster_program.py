"""Runs in a pod of LiteLLM's image, given as ``python -c``: asks and tells, as JSON.

Errors are told by their kind alone, since their words may hold a login.
"""

import importlib
import importlib.util
import json
import os
import socket
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECONDS = 10
# The kubelet cuts a termination message at 4096 bytes.
TOLD_NAMES = 5


def database() -> dict[str, Any]:
    """Connections in use and allowed, and which migrations are applied, failed or to come."""
    import psycopg

    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    options = dict(urllib.parse.parse_qsl(url.query))
    with psycopg.connect(
        host=url.hostname,
        port=url.port or 5432,
        user=url.username,
        password=urllib.parse.unquote(url.password or ""),
        dbname=url.path.lstrip("/"),
        sslmode="verify-full" if options.get("sslcert") else "require",
        sslrootcert=options.get("sslcert"),
        connect_timeout=SECONDS,
        application_name="ops-doctor",
        autocommit=True,
    ) as connection:

        def rows(statement: str) -> list[Any]:
            return connection.execute(statement).fetchall()

        limits = dict(
            rows(
                "SELECT name, setting::int FROM pg_settings WHERE name = 'max_connections' OR name "
                "LIKE '%reserved_connections'"
            )
        )
        by_user = dict(
            rows(
                # Of other users' connections, no more than these columns is shown.
                "SELECT coalesce(usename, '-'), count(*) FROM pg_stat_activity WHERE datid <> 0 "
                "AND usesysid IS NOT NULL AND pid <> pg_backend_pid() GROUP BY 1"
            )
        )
        applied = rows(
            "SELECT migration_name, finished_at IS NOT NULL, rolled_back_at IS NOT NULL FROM"
            " _prisma_migrations"
        )
    extras = importlib.util.find_spec("litellm_proxy_extras")
    folder = Path(str(extras.origin) if extras else "").parent / "migrations"
    shipped = {file.parent.name for file in folder.glob("*/migration.sql")}
    done = {name for name, finished, rolled_back in applied if finished and not rolled_back}
    broken = sorted(
        {name for name, finished, rolled_back in applied if not finished and not rolled_back} - done
    )
    pending = sorted(shipped - done - set(broken))
    maximum = limits.pop("max_connections")
    return {
        "used": sum(by_user.values()),
        "by_user": by_user,
        "maximum": maximum,
        "reserved": sum(limits.values()),
        "migrations": {
            "applied": len(done),
            "failed": broken[:TOLD_NAMES],
            "pending": pending[:TOLD_NAMES],
            "pending_count": len(pending),
        },
    }


def cache() -> dict[str, Any]:
    """Memory and evictions, as the gateway's own user sees them."""
    redis: Any = importlib.import_module("redis")
    client = redis.Redis(
        host=os.environ["REDIS_HOST"],
        port=int(os.environ.get("REDIS_PORT", "6379")),
        username=os.environ.get("REDIS_USERNAME"),
        password=os.environ.get("REDIS_PASSWORD"),
        ssl=os.environ.get("REDIS_SSL", "").lower() == "true",
        ssl_ca_certs=os.environ.get("REDIS_SSL_CA_CERTS"),
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
    )
    client.ping()
    told = client.info()
    names = ("used_memory", "maxmemory", "evicted_keys", "uptime_in_seconds", "connected_clients")
    return {name: told.get(name, 0) for name in names}


def certificates() -> dict[str, Any]:
    """Until when the certificates hold with which database and cache show who they are."""
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    authority = dict(urllib.parse.parse_qsl(url.query)).get("sslcert")
    found = {"database": last_day(url.hostname or "", url.port or 5432, authority, upgrade)}
    if os.environ.get("REDIS_SSL", "").lower() == "true":
        found["cache"] = last_day(
            os.environ["REDIS_HOST"],
            int(os.environ.get("REDIS_PORT", "6379")),
            os.environ.get("REDIS_SSL_CA_CERTS"),
            lambda _: None,
        )
    return found


def last_day(
    host: str, port: int, authority: str | None, begin: Callable[[socket.socket], None]
) -> float | str:
    context = ssl.create_default_context(cafile=authority)
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as plain:
            begin(plain)
            with context.wrap_socket(plain, server_hostname=host) as connection:
                return ssl.cert_time_to_seconds(str((connection.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return type(error).__name__


def upgrade(connection: socket.socket) -> None:
    """Ask PostgreSQL for TLS: SSLRequest in its protocol's message formats."""
    connection.sendall((8).to_bytes(4, "big") + (80877103).to_bytes(4, "big"))
    if connection.recv(1) != b"S":
        raise OSError("no TLS")


def stores() -> dict[str, Any]:
    return {
        "database": attempt(database),
        "cache": attempt(cache),
        "certificates": attempt(certificates),
    }


def attempt(ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return ask()
    except Exception as error:
        kind = type(error).__name__
        words = str(error)
        # Before a connection stands, libpq gives no SQLSTATE.
        full = "too many" in words or "remaining connection slots" in words
        return {
            "error": kind,
            "full": full,
            "refused": "authentication" in words or "WRONG" in words,
        }


def prometheus() -> dict[str, Any]:
    question = urllib.parse.urlencode({"query": os.environ["QUERY"]})
    deadline = time.monotonic() + float(os.environ["SECONDS"])
    last = "no series"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(  # noqa: S310 - the address is the stack's own
                f"{os.environ['PROMETHEUS']}/api/v1/query?{question}", timeout=SECONDS
            ) as answer:
                series = json.load(answer)["data"]["result"]
            if series:
                return {"series": len(series)}
            last = "no series"
        except (OSError, ValueError, KeyError) as error:
            last = type(error).__name__
        time.sleep(1)
    return {"error": last}


if __name__ == "__main__":
    asked = {"stores": stores, "prometheus": prometheus}[sys.argv[1]]
    Path("/dev/termination-log").write_text(json.dumps(asked()))
