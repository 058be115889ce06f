"""Where container images are pulled from, and whose signature they must bear."""

from typing import Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Section


class ImagesSettings(Section):
    mirror: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9.-]+(:\d+)?(/[a-z0-9._/-]*[a-z0-9])?$",
        description="Registry that all images are pulled from, below the name of the registry that "
        "they come from; in ECR, pull-through cache rules with the prefixes `ghcr.io`, "
        "`public.ecr.aws`, `quay.io`, `docker.io` and `registry.k8s.io`. Unset: each from its own.",
    )
    verify_signatures: bool = Field(
        default=True,
        description="Whether `ops images verify`, and with it a deployment, asks for the signature "
        "of the proxy's image. Turn it off for an image of your own that is not signed.",
    )
    signing_key: str | None = Field(
        default=None,
        pattern=r"^(https://|awskms://|[\w./-]+\.pub$)\S*$",
        description="Public key of the proxy's image, as `cosign verify --key` takes it; unset: "
        "LiteLLM's for the version that this bundle is tested with.",
    )
    signing_identity: str | None = Field(
        default=None,
        pattern=r"^https://\S+$",
        description="Who signed the proxy's image with a certificate instead of a key, as `cosign "
        "verify --certificate-identity` takes it: a workflow on GitHub.",
    )

    @model_validator(mode="after")
    def _one_signer(self) -> Self:
        if self.signing_key and self.signing_identity:
            raise ValueError(
                f"signingKey {self.signing_key!r} and signingIdentity {self.signing_identity!r}: "
                "an image bears one signature; remove one of them"
            )
        return self
