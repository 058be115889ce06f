"""The settings that pin a signed image of the proxy."""

from infra.images import proxy_origin
from infra.setting_sections import Durability
from infra.settings import Settings
from ops.deployments.deployment import Changes, quoted
from ops.images.signature import SignatureError, Signer, configured_signer, find_signature
from sandbox.stack_operations import Report


def pinned_image(settings: Settings, version: str, digest: str | None, report: Report) -> Changes:
    """Return tag, digest and signer of a version's image, as the registry and its signature say.

    A stack that asks for no signature takes the digest that it is given. Raises SignatureError
    where nobody known has signed the image, or a protected stack would get no digest.
    """
    image = settings.gateway.image.model_copy(update={"tag": version, "digest": digest})
    gateway = settings.gateway.model_copy(update={"image": image})
    origin = proxy_origin(settings.model_copy(update={"gateway": gateway}))
    changes = {"gateway.image.tag": quoted(version)}
    if settings.images.verify_signatures:
        signer, digest = find_signature(origin, settings, report)
        changes |= _signer_settings(settings, signer)
    elif digest is None and settings.durability is Durability.PROTECTED:
        raise SignatureError(
            f"images.verifySignatures is false, so nothing tells the digest of {origin}, and a "
            "protected stack needs one; give it with --digest"
        )
    return {**changes, "gateway.image.digest": quoted(digest) if digest else "null"}


def _signer_settings(settings: Settings, signer: Signer) -> Changes:
    """Return the settings that ask for a signer from now on; none where they do already."""
    if signer == configured_signer(settings):
        return {}
    images = settings.images
    changes = {
        "images.signingKey": (images.signing_key, signer.key),
        "images.signingIdentity": (images.signing_identity, signer.identity),
    }
    return {
        key: quoted(new) if new else "null" for key, (old, new) in changes.items() if old != new
    }
