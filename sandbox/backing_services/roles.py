"""SQL that gives a new server the roles of RDS. Passwords go in as SCRAM verifiers only."""

import base64
import hashlib
import hmac
import os

# PostgreSQL's own default (scram_iterations) and salt length (SCRAM_DEFAULT_SALT_LEN).
_ITERATIONS, _SALT_BYTES = 4096, 16


def for_new_server(master_user: str, password: str) -> str:
    """The master user of RDS: may make roles and databases, is a member of rds_superuser."""
    user = identifier(master_user)
    return (
        "CREATE ROLE rds_superuser NOLOGIN;\n"
        "CREATE ROLE rds_iam NOLOGIN;\n"
        "GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION;\n"
        f"CREATE ROLE {user} LOGIN CREATEROLE CREATEDB IN ROLE rds_superuser\n"
        f"  PASSWORD {literal(scram_verifier(password))};\n"
        f"GRANT rds_iam TO {user} WITH ADMIN OPTION;\n"
    )


def new_database(database: str, owner: str) -> str:
    return f"CREATE DATABASE {identifier(database)} OWNER {identifier(owner)};\n"


def new_password(user: str, password: str) -> str:
    return f"ALTER ROLE {identifier(user)} PASSWORD {literal(scram_verifier(password))};\n"


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores of a password (RFC 5803): no log can show the password."""
    salt = os.urandom(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored = hashlib.sha256(client).digest()
    return f"SCRAM-SHA-256${_ITERATIONS}:{_base64(salt)}${_base64(stored)}:{_base64(server)}"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
