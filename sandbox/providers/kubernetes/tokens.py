"""Which Kubernetes kind a Pulumi resource type stands for."""

from sandbox.providers.base import ProviderError

RELEASE = "kubernetes:helm.sh/v3:Release"

# Modules of the package whose resources are not objects of the API server.
_NO_OBJECTS = ("helm.sh/", "yaml", "kustomize", "index")


def kind_of(token: str) -> tuple[str, str]:
    """Return the API version and kind of a resource type.

    Raises :class:`ProviderError` for types that are no single object: lists, patches, YAML files.
    """
    package, _, rest = token.partition(":")
    module, _, kind = rest.rpartition(":")
    patch_or_list = kind.endswith("Patch") or (kind.endswith("List") and kind != "List")
    if package != "kubernetes" or not module or module.startswith(_NO_OBJECTS) or patch_or_list:
        raise ProviderError(
            f"the resource type {token} is not known to the kubernetes provider of the sandbox, "
            f"which knows the single objects of the API server and {RELEASE}"
        )
    return module.removeprefix("core/"), kind
