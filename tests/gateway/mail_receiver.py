"""A mail server that keeps what it is sent, for tests."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message

PORT = 2525
_ANSWERS = {b"DATA": b"354 go on", b"QUIT": b"221 bye"}


@dataclass(frozen=True)
class Mailbox:
    """Messages in the order in which they came."""

    messages: list[Message] = field(default_factory=list)

    def subjects(self, receiver: str) -> list[str]:
        return [str(mail["Subject"]) for mail in list(self.messages) if mail["To"] == receiver]


@contextmanager
def running(address: str) -> Iterator[Mailbox]:
    """Take mail at port 2525 of an address, with no sign-in and no TLS, until the end."""
    mailbox = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say(b"220 ready")
            for line in self.rfile:
                word = line[:4].strip().upper()
                self._say(_ANSWERS.get(word, b"250 ok"))
                if word == b"DATA":
                    lines = iter(self.rfile.readline, b".\r\n")
                    mailbox.messages.append(message_from_bytes(b"".join(lines)))
                    self._say(b"250 kept")
                if word == b"QUIT":
                    return

        def _say(self, text: bytes) -> None:
            self.wfile.write(text + b"\r\n")

    server = socketserver.ThreadingTCPServer((address, PORT), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield mailbox
    finally:
        server.shutdown()
        server.server_close()
