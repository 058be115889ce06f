"""Where images are pulled from: each from its own registry, or all from a mirror."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from recorded_program import Registered, run_program
from test_program import of_type
from test_settings import problems_of, with_changes

MIRROR = "111122223333.dkr.ecr.us-east-1.amazonaws.com"
DIGEST = f"sha256:{'0' * 64}"
PINNED = {"gateway.image.digest": DIGEST}


def images_in(value: Any) -> Iterator[str]:
    """Yield what stands under ``image`` in pods, and what charts are told."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "image" and isinstance(inner, str):
                yield inner
            elif key == "image" and isinstance(inner, Mapping):
                yield "/".join(
                    str(inner[part]) for part in ("registry", "repository") if part in inner
                )
            else:
                yield from images_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from images_in(inner)


def run(stack: str, changes: dict[str, Any]) -> list[Registered]:
    return run_program(stack, with_changes(stack, changes))


def pulled(resources: list[Registered]) -> set[str]:
    return {image for resource in resources for image in images_in(resource.inputs)}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_with_a_mirror_nothing_is_pulled_from_anywhere_else(stack: str) -> None:
    found = pulled(run(stack, {"images.mirror": MIRROR}))
    assert len(found) > 5
    assert {image for image in found if not image.startswith(f"{MIRROR}/")} == set()


def test_without_one_every_image_is_pulled_from_its_own_registry() -> None:
    found = pulled(run("dev", {}))
    assert any(image.startswith("ghcr.io/berriai/") for image in found)
    assert not any(MIRROR in image for image in found)


def test_below_the_mirror_stands_the_registry_that_an_image_comes_from() -> None:
    found = pulled(run("prod", {"images.mirror": MIRROR, **PINNED}))
    assert f"{MIRROR}/ghcr.io/berriai/litellm-non_root:1.106.2@{DIGEST}" in found
    assert f"{MIRROR}/public.ecr.aws/docker/library/postgres:17.6" in found
    assert f"{MIRROR}/quay.io" in found


def test_a_mirror_changes_nothing_but_where_images_are_pulled_from() -> None:
    plain, mirrored = run("dev", {}), run("dev", {"images.mirror": MIRROR})
    assert sorted(one.name for one in plain) == sorted(one.name for one in mirrored)
    assert len(of_type(plain, "kubernetes:helm.sh/v3:Release")) > 1


@pytest.mark.parametrize(
    ("key", "value"), [("images.mirror", "https://registry"), ("images.signingKey", "a word")]
)
def test_what_is_no_registry_and_no_key_is_an_error(key: str, value: str) -> None:
    (problem,) = problems_of("dev", {key: value})
    assert problem.startswith(f"{key}:")
