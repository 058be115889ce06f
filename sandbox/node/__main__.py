"""``python -m sandbox.node --name N --slot S``: run the nodes of a sandbox until SIGTERM."""

from sandbox.images import UnknownImage, resolve
from sandbox.node.command import main

if __name__ == "__main__":
    main(resolve, UnknownImage)
