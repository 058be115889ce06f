"""Who signed an image, by cosign."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra import versions
from infra.settings import Settings

_SECONDS = 120


class SignatureError(Exception):
    """An image's signature does not hold, or could not be asked for; the message says why."""


@dataclass(frozen=True)
class Signer:
    """Whose signature is asked for: the holder of a key, or a workflow with a certificate."""

    key: str | None = None
    identity: str | None = None

    @property
    def options(self) -> list[str]:
        """The options of ``cosign verify``."""
        if self.key:
            return ["--key", self.key]
        issuer = versions.LITELLM_SIGNING_ISSUER
        return [
            *("--certificate-identity", str(self.identity)),
            *("--certificate-oidc-issuer", issuer),
        ]

    def __str__(self) -> str:
        return self.key or str(self.identity)


def configured_signer(settings: Settings) -> Signer:
    """Return whose signature a stack asks for."""
    images = settings.images
    if images.signing_identity:
        return Signer(identity=images.signing_identity)
    return Signer(key=images.signing_key or versions.LITELLM_SIGNING_KEY)


def known_signers(settings: Settings) -> Iterator[Signer]:
    """Yield who may have signed a release: whom the stack names, then LiteLLM's own.

    A stack that names somebody else has an image of its own; LiteLLM did not sign that.
    """
    configured = configured_signer(settings)
    own = [
        Signer(key=versions.LITELLM_SIGNING_KEY),
        Signer(key=versions.LITELLM_NEXT_SIGNING_KEY),
        Signer(identity=versions.LITELLM_SIGNING_IDENTITY),
    ]
    yield configured
    if configured in own:
        yield from (signer for signer in own if signer != configured)


def verify_command(image: str, signer: Signer) -> list[str]:
    """Return the command that verifies an image."""
    return ["cosign", "verify", *signer.options, image]


def verify(image: str, signer: Signer) -> str:
    """Return what cosign prints of a signature that holds; SignatureError if it does not."""
    try:
        done = subprocess.run(
            verify_command(image, signer),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SignatureError(f"cosign gave no answer within {_SECONDS} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"cosign: exit code {done.returncode}"])[-1]
        raise SignatureError(last)
    return done.stdout


def find_signature(
    image: str, settings: Settings, tell: Callable[[str], None]
) -> tuple[Signer, str]:
    """Return who signed an image, and the digest; SignatureError with what each was answered.

    Raises it also where cosign is not on the PATH.
    """
    if shutil.which("cosign") is None:
        raise SignatureError(
            f"cosign is not on the PATH, so nothing is known of {image}; install it, or run this "
            "where it is"
        )
    refusals = []
    for signer in known_signers(settings):
        tell(f"cosign verify {image} ({signer})")
        try:
            return signer, _digest(verify(image, signer), image)
        except SignatureError as error:
            refusals.append(f"  {signer}: {error}")
    raise SignatureError("\n".join([f"nobody known has signed {image}:", *refusals]))


def _digest(output: str, image: str) -> str:
    """Return the digest in cosign's answer, which has one entry for each signature.

    Its form is that of gist.github.com/salrashid123/7efde8ebb2c11c34727e9f934bd026fb.
    """
    try:
        found = {one["critical"]["image"]["docker-manifest-digest"] for one in json.loads(output)}
        (digest,) = found
    except (ValueError, LookupError, TypeError):
        raise SignatureError(f"cosign does not tell one digest of {image}") from None
    return str(digest)
