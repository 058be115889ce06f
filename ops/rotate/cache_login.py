"""Whether the cache lets its user in, asked over TLS as a client does."""

import socket
import ssl

from infra.cache import PORT

_SECONDS = 5


class Unreachable(Exception):
    """No connection to the cache can be made from here."""


def logs_in(host: str, authority: str | None, user: str, password: str) -> bool:
    """Return whether a password is right; raise Unreachable where nobody outside may connect.

    ``authority`` is the file of the certificate authority, unless it is a public one.
    """
    context = ssl.create_default_context(cafile=authority)
    try:
        with (
            socket.create_connection((host, PORT), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as connection,
        ):
            # valkey.io/topics/protocol: an array of bulk strings, answered by +OK or an error.
            words = [word.encode() for word in ("AUTH", user, password)]
            connection.sendall(
                b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)
            )
            return connection.recv(64).startswith(b"+OK")
    except OSError as error:
        raise Unreachable(f"{host} is not reached from here ({type(error).__name__})") from None
