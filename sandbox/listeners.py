"""Who listens on an address, read from /proc."""

import errno
import socket
from pathlib import Path

_LISTENING = "0A"


def is_taken(address: str, port: int) -> bool:
    """Tell whether a service could not listen there because another process does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


def holder(address: str, port: int) -> str:
    """Describe the process that listens there: its command and process id."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(address, port)}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(link.readlink()) in sockets for link in (process / "fd").iterdir()):
                command = (process / "cmdline").read_bytes().split(b"\0")[0].decode()
                return f"{Path(command).name or 'a process'} (pid {process.name})"
        except OSError:
            continue  # it ended meanwhile, or it is another user's
    return "a process of another user"


def _listening_inodes(address: str, port: int) -> set[str]:
    # proc_net_tcp(5): addresses are hexadecimal in the byte order of the host.
    here = {socket.inet_aton(address)[::-1].hex().upper(), "0" * 8, "0" * 32}
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():
            continue
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            local, hexadecimal_port = fields[1].split(":")
            if fields[3] == _LISTENING and int(hexadecimal_port, 16) == port and local in here:
                inodes.add(fields[9])
    return inodes
