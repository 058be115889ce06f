"""What image references mean on this machine."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import versions
from sandbox import litellm_image
from sandbox.images import UnknownImage, ensure_litellm, resolve

LITELLM = f"ghcr.io/berriai/litellm:v{versions.LITELLM}"
VERSIONS = litellm_image.FILES / "versions"


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SANDBOX_CACHE", str(tmp_path))
    litellm_image.built_image.cache_clear()
    yield tmp_path
    litellm_image.built_image.cache_clear()


@pytest.fixture(scope="module")
def built() -> litellm_image.LiteLLMImage:
    ensure_litellm(print)
    return litellm_image.built_image()


def test_the_program_and_the_lock_file_pin_the_same_litellm() -> None:
    assert litellm_image.locked_version() == versions.LITELLM


@pytest.mark.parametrize(
    "tag", ["{}", "v{}", "main-v{}", "main-v{}-stable", "v{}@sha256:" + 64 * "0"]
)
def test_every_spelling_of_the_pinned_release_is_known(
    built: litellm_image.LiteLLMImage, tag: str
) -> None:
    reference = "ghcr.io/berriai/litellm-non_root:" + tag.format(versions.LITELLM)
    assert resolve(reference).version == versions.LITELLM


def test_the_image_brings_its_executables(built: litellm_image.LiteLLMImage) -> None:
    path = [Path(directory) for directory in resolve(LITELLM).path]
    for name in ("litellm", "python", "prisma", "node"):
        assert any((directory / name).exists() for directory in path), name


def test_the_images_prisma_hides_that_of_the_python_package(
    built: litellm_image.LiteLLMImage,
) -> None:
    first, second = (Path(directory) / "prisma" for directory in resolve(LITELLM).path)
    assert first.exists()
    assert second.exists()


def test_the_image_has_the_metrics_library(built: litellm_image.LiteLLMImage) -> None:
    assert list(built.directory.glob("venv/lib/python*/site-packages/prometheus_client"))


GARBAGE = """
import gc, time, weakref
class One: pass
def cycle():
    one = One()
    one.itself = one
    return weakref.ref(one)
kept, deadline = cycle(), time.monotonic() + 30
litter = []
while kept() and time.monotonic() < deadline:
    litter = [[] for _ in range(10_000)]
    time.sleep(0.01)
print(gc.isenabled(), kept() is None)
"""


@pytest.mark.parametrize("in_a_pod", [True, False])
def test_in_a_pod_garbage_is_collected_between_bytecodes_as_by_a_later_python(
    built: litellm_image.LiteLLMImage, in_a_pod: bool
) -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "127.0.0.1"} if in_a_pod else {}
    told = subprocess.check_output([built.python, "-c", GARBAGE], env=pod, text=True)
    by_python_itself = sys.version_info >= (3, 12) or not in_a_pod
    assert told.split() == [str(by_python_itself), "True"]


def test_a_built_image_is_not_built_again(built: litellm_image.LiteLLMImage) -> None:
    said: list[str] = []
    ensure_litellm(said.append)
    assert said == []


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("ghcr.io/berriai/litellm:v1.0.0", f"`sandbox up` builds version {versions.LITELLM}"),
        ("ghcr.io/berriai/litellm", f"`sandbox up` builds version {versions.LITELLM}"),
        ("docker.io/library/nginx:1", "stands in for"),
        ("localhost:5000/litellm:1", "localhost:5000/litellm:1: this machine"),
        ("public.ecr.aws/docker/library/postgres:9", "15 to 18"),
        ("ghcr.io/external-secrets/external-secrets:v0.1.0", "this machine has version"),
    ],
)
def test_what_is_not_there_is_refused_by_name(reference: str, message: str) -> None:
    with pytest.raises(UnknownImage, match=message) as refused:
        resolve(reference)
    assert reference.split("@")[0].split(":v")[0] in str(refused.value)


def test_a_version_that_the_registry_does_not_have_is_named() -> None:
    with pytest.raises(litellm_image.ImageBuildError, match=r"LiteLLM 999\.0\.0 cannot be had"):
        ensure_litellm(tag="v999.0.0")


def test_a_tag_that_names_no_release_is_named() -> None:
    with pytest.raises(litellm_image.ImageBuildError, match="latest names no release"):
        ensure_litellm(tag="latest")


@pytest.mark.parametrize("listed", sorted(VERSIONS.glob("*.txt")), ids=lambda file: file.stem)
def test_every_package_of_another_version_is_there_with_its_hashes(listed: Path) -> None:
    packages = listed.read_text().replace("\\\n", "").splitlines()
    assert f"litellm=={listed.stem} " in listed.read_text()
    assert [one for one in packages if "--hash=sha256:" not in one] == []


def test_the_postgresql_image_brings_psql() -> None:
    image = resolve("public.ecr.aws/docker/library/postgres:17.6")
    assert (Path(image.path[0]) / image.command[0]).exists()


def test_an_image_that_is_not_built_says_what_builds_it(empty_cache: Path) -> None:
    with pytest.raises(UnknownImage, match="sandbox up"):
        resolve(LITELLM)


def test_a_missing_npm_is_named_before_anything_is_built(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uv").touch(mode=0o755)
    monkeypatch.setenv("UV", str(tmp_path / "uv"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(litellm_image.ImageBuildError, match="nodejs and npm"):
        ensure_litellm()


def test_a_failing_step_is_told_with_its_last_words(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no space left on device >&2\nexit 2\n")
    uv.chmod(0o755)
    monkeypatch.setenv("UV", str(uv))
    with pytest.raises(litellm_image.ImageBuildError, match="no space left on device"):
        ensure_litellm()
    assert not litellm_image.is_built()


def _fail_with(uv: str, outcome: "multiprocessing.Queue[str]") -> None:
    os.environ["UV"] = uv
    try:
        ensure_litellm(outcome.put)
    except litellm_image.ImageBuildError as error:
        outcome.put(str(error))


def test_of_two_builders_one_waits(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "release"
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\nuntil [ -e {release} ]; do sleep 0.05; done\nexit 2\n")
    uv.chmod(0o755)
    context = multiprocessing.get_context("fork")
    said: multiprocessing.Queue[str] = context.Queue()
    both = [context.Process(target=_fail_with, args=(str(uv), said)) for _ in range(2)]
    for process in both:
        process.start()
    first = {said.get(timeout=20), said.get(timeout=20)}
    release.touch()
    for process in both:
        process.join(20)
    assert "LiteLLM: waiting for another process that builds it" in first
