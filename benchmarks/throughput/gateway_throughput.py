"""How many requests a second one worker answers, beside stock LiteLLM; and what features cost."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import yaml

from benchmarks.report import Figure, progress
from benchmarks.throughput import variants
from benchmarks.throughput.variants import Rendered
from benchmarks.throughput.worker import Worker, create_keys, write_keys
from infra.settings import Settings
from ops.config.rendered import render, settings_of
from ops.config.stack_file import read_stack_file
from ops.deployments.deployment import pod_secret
from sandbox.kube_api import KubeApi
from sandbox.paths import PROJECT_ROOT, Instance

_INSTANCE = Instance("benchmark", 120)
_KEYS = 100
_ROUNDS, _ROUND_SECONDS = 5, 30
_FEATURE_ROUNDS, _FEATURE_SECONDS = 5, 8
_WARM_UP_SECONDS = 10
_TARGET = 1.25


def gateway_throughput() -> Figure:
    """Compare production's rendered configuration with stock LiteLLM, a worker each, by turns.

    Both have the same database, cache and bucket, a hundred virtual keys, and are scraped as often
    as production is. The figure is the median of the rounds.
    """
    _sandbox("down")
    try:
        _sandbox("up")
        with tempfile.TemporaryDirectory(prefix="throughput-", dir=_INSTANCE.state) as directory:
            return _compare(Path(directory))
    finally:
        _sandbox("down")


def _compare(folder: Path) -> Figure:
    settings = settings_of("prod", read_stack_file("prod"))
    program, gateway = _gateway(settings)
    api = KubeApi(_INSTANCE)
    master_key = pod_secret(api, "LITELLM_MASTER_KEY")
    url = str(json.loads(_sandbox("status", "--json"))["gateway_url"])
    (folder / "own").mkdir()
    (folder / "callers").mkdir()
    own = write_keys(folder / "own", [master_key])
    callers = write_keys(folder / "callers", create_keys(url, master_key, _KEYS))
    with _model_server(), contextlib.ExitStack() as running:

        def start(number: int, variant: variants.Variant) -> Worker:
            address = f"{_INSTANCE.network}.9.{number}"
            worker = Worker(variant, address, program, folder / variant.name)
            running.callback(worker.stop)
            worker.wait()
            worker.load(_WARM_UP_SECONDS, keys_of(worker), "warm-up")
            return worker

        def keys_of(worker: Worker) -> Path:
            return callers if worker.variant.virtual_keys else own

        pair = [
            start(1, variants.rendered(gateway)),
            start(2, variants.stock(gateway, _model_url())),
        ]
        with _scraped(pair, master_key, settings.observability.scrape_seconds):
            for number in range(_ROUNDS):
                # Whoever begins has no advantage of it.
                for worker in pair if number % 2 == 0 else reversed(pair):
                    worker.measure(_ROUND_SECONDS, callers, f"round {number}")
        single = [start(3 + n, each) for n, each in enumerate(variants.features(gateway))]
        for number in range(_FEATURE_ROUNDS):
            for worker in single:
                worker.measure(_FEATURE_SECONDS, keys_of(worker), f"feature round {number}")
        return _figure(pair, single)


def _figure(pair: list[Worker], single: list[Worker]) -> Figure:
    ours, stock = pair
    bare = single[0].median("processor_milliseconds")
    return Figure(
        benchmark="gateway_throughput",
        figure=round(ours.median("requests_per_second"), 1),
        unit="requests/s",
        against=round(stock.median("requests_per_second"), 1),
        details={
            "target_ratio": _TARGET,
            "workers": {worker.variant.name: worker.summary() for worker in (ours, stock)},
            # Processor time that a feature adds to a request that is only forwarded.
            "feature_milliseconds": {
                worker.variant.name: round(worker.median("processor_milliseconds") - bare, 1)
                for worker in single[1:]
            },
            "bare": single[0].summary(),
            "rounds": _ROUNDS,
            "seconds_a_round": _ROUND_SECONDS,
            "virtual_keys": _KEYS,
            "processors": os.cpu_count(),
        },
    )


def _gateway(settings: Settings) -> tuple[Path, Rendered]:
    """Return LiteLLM's program, and production's gateway with the stores of the sandbox."""
    process = _proxy_process()
    arguments = (process / "cmdline").read_text().rstrip("\0").split("\0")
    pairs = (process / "environ").read_text().split("\0")
    environment = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    place = arguments.index("--config")
    here = yaml.safe_load(Path(arguments[place + 1]).read_text())
    prod = yaml.safe_load(render("prod", read_stack_file("prod"), settings).text)
    gateway = Rendered(
        config=variants.localised(prod, here, _model_url()),
        environment={
            **environment,
            "DEFAULT_S3_FLUSH_INTERVAL_SECONDS": str(settings.gateway.log_flush_seconds),
        },
        # After the program, --config, --host and --port, each with its value.
        arguments=tuple(arguments[place + 6 :]),
    )
    return Path(arguments[place - 1]), gateway


def _proxy_process() -> Path:
    (pod,) = KubeApi(_INSTANCE).list(
        "/api/v1/namespaces/litellm/pods", labelSelector="app.kubernetes.io/component=proxy"
    )
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (process / "cmdline").read_text().split("\0")
            if "--config" in arguments and pod["status"]["podIP"] in arguments:
                return process
    raise LookupError("no process of the sandbox's proxy")


def _model_url() -> str:
    return f"http://{_INSTANCE.network}.9.200:9000/v1"


@contextlib.contextmanager
def _model_server() -> Iterator[None]:
    module = "benchmarks.throughput.model_server"
    address = f"{_INSTANCE.network}.9.200"
    server = subprocess.Popen([sys.executable, "-m", module, address, "9000"], cwd=PROJECT_ROOT)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@contextlib.contextmanager
def _scraped(workers: list[Worker], master_key: str, every: float) -> Iterator[None]:
    ended = threading.Event()

    def scrape() -> None:
        while not ended.wait(every):
            for worker in workers:
                worker.scrape(master_key)

    thread = threading.Thread(target=scrape)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _sandbox(*arguments: str) -> str:
    progress(f"sandbox {' '.join(arguments)}")
    identity = ("--name", _INSTANCE.name, "--slot", str(_INSTANCE.slot))
    return subprocess.run(
        [sys.executable, "-m", "sandbox.cli", *identity, *arguments],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
