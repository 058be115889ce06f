"""What must not be in a report: every secret of the stack, in whatever form it comes by."""

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from ops.doctor.running_stack import RunningStack
from ops.preview_report.redaction import Redactor, environment_secrets, supplied_in_clear
from ops.preview_report.values import SECRET
from sandbox.paths import PROJECT_ROOT

# Fields that say who logs in and where, not with what.
_NO_SECRETS = {"username", "host", "port", "engine", "dbname", "dbInstanceIdentifier"}
_LEAST_LETTERS = 6
_HELM = "helm.sh/release.v1"
# A value that is named as a secret is one: in an error's words, in a query string, in a header.
_NAMED = re.compile(
    r"""(?ix)
    ( (?: password | passwd | pwd | secret | token | api[_-]?key | access[_-]?key | signature
        | credential | authorization )
      [\w-]* ["'\\]* \s* [=:] \s* ["'\\]* (?: (?: bearer | basic ) \s+ )?
    | \b bearer \s+ )
    ( [^\s"'\\&,;)]{6,} )
    """
)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")


class Hider:
    """Hides secrets that are known by value, by name or by looks."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._redactor = Redactor(form for value in known for form in _forms(value))

    def hide(self, text: str) -> str:
        """Return a text without the secrets in it."""
        text = self._redactor.hide(text)
        text = _JSON_WEB_TOKEN.sub(SECRET.text, text)
        return _NAMED.sub(lambda found: found[1] + SECRET.text, text)


def hider_of(stack: RunningStack) -> Hider:
    """Return one that knows what the stack's pods are given, as far as its Secrets can be read."""
    known = environment_secrets() | supplied_in_clear(stack.deployment.stack, PROJECT_ROOT)
    try:
        known |= set(_of_cluster(stack))
    except Exception as error:  # names and looks have to do then
        stack.told(f"Secrets cannot be read to hide them ({type(error).__name__})")
    return Hider(known)


def _of_cluster(stack: RunningStack) -> Iterator[str]:
    for secret in stack.everywhere("v1", "Secret"):
        if secret.get("type") == _HELM:
            continue
        for key, value in (secret.get("data") or {}).items():
            if key not in _NO_SECRETS:
                yield base64.b64decode(value).decode(errors="ignore")


def _forms(value: str) -> Iterator[str]:
    """Yield a value, each line of it, and how it looks in a URL and in a Secret."""
    for part in {value, *value.splitlines()}:
        part = part.strip()
        if len(part) >= _LEAST_LETTERS:
            yield part
            yield quote(part, safe="")
            yield base64.b64encode(part.encode()).decode()
