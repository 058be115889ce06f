"""What each thing that bootstrap makes can tell and do."""

from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import ClientError

# Service and region → boto3's client.
Clients = Callable[[str, str], Any]


class Part(Protocol):
    """One thing in AWS. It is made, and set right, by :meth:`make`, which may be repeated."""

    @property
    def title(self) -> str:
        """What it is and where, for people."""
        ...

    def missing(self) -> list[str]:
        """Tell what is not yet as it must be; raise BootstrapError for what cannot be mended."""
        ...

    def make(self) -> None:
        """Do what is missing, and nothing else."""
        ...


def code(error: ClientError) -> str:
    """Return AWS's name of an error."""
    return error.response.get("Error", {}).get("Code", "")


def within(wanted: Any, found: Any) -> bool:
    """Tell whether everything wanted is found; AWS adds keys of its own to what it was sent."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            within(value, found.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(within(*pair) for pair in zip(wanted, found, strict=True))
        )
    return wanted == found
