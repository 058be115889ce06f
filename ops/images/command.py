"""``ops images``."""

import json
import shlex
import shutil
import sys
from dataclasses import asdict, dataclass

import click

from infra.documents import InvalidConfiguration
from infra.images import all_images, proxy_origin
from infra.setting_sections import Durability
from infra.settings import Settings, SettingsError
from ops.config.rendered import settings_of
from ops.config.stack_file import UnknownStack, read_stack_file
from ops.console import FAILED, NEEDS_ATTENTION, failing_clearly, step
from ops.images.signature import SignatureError, configured_signer, verify_command
from ops.images.signature import verify as verify_signature
from ops.stack_option import stack_option

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
_failing = failing_clearly(InvalidConfiguration, OSError, SettingsError)


@dataclass(frozen=True)
class Verdict:
    """What is known of the signature: ``verified``, ``refused``, ``not asked`` or ``open``."""

    image: str
    command: str
    result: str
    reason: str


@click.group()
def images() -> None:
    """Tell which container images a stack runs, and verify the proxy's signature.

    \b
    ops images list --stack prod
    ops images verify --stack prod
    """


@images.command("list")
@stack_option()
@_as_json
@_failing
def list_(stack: str, as_json: bool) -> None:
    """List images: who runs one, where it comes from, where it is pulled from.

    \b
    ops images list --stack prod
    ops images list --stack prod --json | jq -r '.[].pulled'

    A chart decides on the version of those without one. Add-ons of EKS have AWS's own images.
    """
    found = all_images(_settings(stack))
    if as_json:
        click.echo(json.dumps([asdict(image) for image in found], indent=2))
        return
    for image in found:
        click.echo(f"{image.user:40} {image.pulled}")


@images.command()
@stack_option()
@_as_json
@_failing
def verify(stack: str, as_json: bool) -> None:
    """Have cosign verify who signed the proxy's image.

    \b
    ops images verify --stack prod

    Verified is the image where it comes from; a mirror has the same under the same digest, which a
    protected stack must pin: a tag may be something else tomorrow. Ends with 0 if the signature
    holds or the settings ask for none, 1 if it does not hold, 3 if there is no digest or no cosign.
    """
    settings = _settings(stack)
    found = _verdict(settings)
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        colour = {"verified": "green", "refused": "red"}.get(found.result, "yellow")
        click.echo(f"{click.style(found.result, fg=colour, bold=True)}  {found.image}")
        click.echo(found.reason)
        if found.result == "open":
            click.echo(f"    {found.command}")
    if found.result == "refused":
        sys.exit(FAILED)
    if found.result == "open":
        sys.exit(NEEDS_ATTENTION)


def _verdict(settings: Settings) -> Verdict:
    image = proxy_origin(settings)
    signer = configured_signer(settings)
    command = verify_command(image, signer)

    def verdict(result: str, reason: str) -> Verdict:
        return Verdict(image, shlex.join(command), result, reason)

    if settings.durability is Durability.PROTECTED and settings.gateway.image.digest is None:
        return verdict(
            "open",
            "gateway.image.digest is not set, and a protected stack runs no tag that may be moved; "
            "set it to the digest that the registry has, then:",
        )
    if not settings.images.verify_signatures:
        return verdict("not asked", "images.verifySignatures is false")
    if shutil.which("cosign") is None:
        return verdict("open", "cosign is not on the PATH; install it, or run elsewhere:")
    step(shlex.join(command))
    try:
        verify_signature(image, signer)
    except SignatureError as error:
        return verdict(
            "refused",
            f"{error}. Signer: {signer}. Releases since LiteLLM changed its key need "
            "images.signingKey or images.signingIdentity; `ops upgrade` sets what fits",
        )
    return verdict("verified", f"signed by {signer}")


def _settings(stack: str) -> Settings:
    try:
        return settings_of(stack, read_stack_file(stack))
    except UnknownStack as error:
        raise click.BadParameter(str(error), param_hint="--stack") from error
