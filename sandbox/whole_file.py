"""Files that others read, or a later run does, and that a kill must not leave half written."""

import os
import shutil
import tempfile
from pathlib import Path


def write_file(
    path: Path, content: bytes | str, mode: int = 0o600, user: str | None = None
) -> None:
    """Put a file in place whole, with its mode from the first byte on; ``user`` counts as root."""
    data = content.encode() if isinstance(content, str) else content
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchmod(descriptor, mode)
        if user and os.geteuid() == 0:
            shutil.chown(temporary, user)
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
