"""What of a request's metadata goes to spend rows and log objects."""

from archiver.layout import SESSION
from infra.settings import Settings


def session_keys(settings: Settings) -> tuple[str, ...]:
    """Return the names that are copied; none if that is off. Each stands once."""
    if not settings.session_metadata.enabled:
        return ()
    return tuple(dict.fromkeys((*SESSION, *settings.session_metadata.keys)))
