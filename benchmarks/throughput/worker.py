"""A worker under load: started, asked by wrk, measured, stopped."""

import json
import os
import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from benchmarks.report import progress
from benchmarks.throughput.variants import MODEL, Variant
from sandbox import toolchain

_PORT = 4000
_CONNECTIONS = 8
_READY_SECONDS = 180
_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_TICKS = os.sysconf("SC_CLK_TCK")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
# Each request has a prompt of its own, so that no kept answer serves it, and the next caller's key.
_REQUESTS = """
local keys, number = {}, 0
for line in io.lines(os.getenv("KEYS_FILE")) do keys[#keys + 1] = line end
request = function()
  number = number + 1
  local body = string.format('{"model": "%s", "messages": [{"role": "user", "content": "%s %d"}]}',
    os.getenv("MODEL"), os.getenv("ROUND"), number)
  return wrk.format("POST", "/v1/chat/completions", {
    ["Content-Type"] = "application/json",
    ["Authorization"] = "Bearer " .. keys[number % #keys + 1],
  }, body)
end
"""


class LoadFailed(Exception):
    """A worker did not start, or answered with errors."""


@dataclass(frozen=True)
class Sample:
    """One round: requests a second, latencies and processor time in ms."""

    requests_per_second: float
    p50: float
    p99: float
    processor_milliseconds: float
    """Of the worker and its children, for each request."""


class Worker:
    """One LiteLLM process; ``folder`` gets its configuration and its log."""

    def __init__(self, variant: Variant, address: str, program: Path, folder: Path) -> None:
        self.variant = variant
        self.url = f"http://{address}:{_PORT}"
        self._address = address
        self.samples: list[Sample] = []
        folder.mkdir(parents=True)
        config = folder / "config.yaml"
        # In the order in which LiteLLM must read them.
        config.write_text(yaml.safe_dump(dict(variant.config), sort_keys=False))
        environment = {**variant.environment, "POD_IP": address, "TMPDIR": str(folder)}
        if _METRICS_FOLDER in environment:
            environment[_METRICS_FOLDER] = str(folder / "metrics")
            (folder / "metrics").mkdir()
        address_arguments = ("--config", str(config), "--host", address, "--port", str(_PORT))
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(program), *address_arguments, *variant.arguments],
                env=environment,
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Return when it answers; raise LoadFailed when it does not in time."""
        progress(f"waiting for {self.variant.name}")
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health/readiness", timeout=5).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.5)
        raise LoadFailed(f"the worker {self.variant.name!r} did not start")

    def load(self, seconds: int, keys: Path, name: str) -> Sample:
        """Ask as fast as it answers, and return what was seen; raise LoadFailed on an error."""
        before = self._processor_seconds()
        script = keys.with_name("requests.lua")
        script.write_text(_REQUESTS)
        done = subprocess.run(
            [
                toolchain.ensure(["wrk"])["wrk"],
                *("-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "--latency"),
                *("-s", str(script), self.url),
            ],
            env={**os.environ, "KEYS_FILE": str(keys), "MODEL": MODEL, "ROUND": name},
            capture_output=True,
            text=True,
            check=True,
        )
        spent = self._processor_seconds() - before
        return self._sample(done.stdout, spent)

    def measure(self, seconds: int, keys: Path, name: str) -> None:
        """Load it for one round that counts."""
        sample = self.load(seconds, keys, name)
        self.samples.append(sample)
        progress(
            f"{self.variant.name:9} {sample.requests_per_second:6.1f} requests/s, "
            f"p50 {sample.p50:.0f} ms, p99 {sample.p99:.0f} ms, "
            f"{sample.processor_milliseconds:.1f} ms of processor a request"
        )

    def scrape(self, master_key: str) -> None:
        """Read its metrics as Prometheus does."""
        if self.variant.metrics_port:
            url = f"http://{self._address}:{self.variant.metrics_port}/metrics/"
        else:
            url = f"{self.url}/metrics/"
        headers = {"Authorization": f"Bearer {master_key}"}
        httpx.get(url, headers=headers, timeout=60).raise_for_status()

    def median(self, figure: str) -> float:
        """Return the median of a figure over the rounds."""
        return statistics.median(getattr(sample, figure) for sample in self.samples)

    def summary(self) -> dict[str, float]:
        """Return the medians, rounded, and the resident memory in MiB."""
        figures = ("requests_per_second", "p50", "p99", "processor_milliseconds")
        return {
            **{figure: round(self.median(figure), 1) for figure in figures},
            "memory_mib": round(self._resident_bytes() / 2**20),
        }

    def stop(self) -> None:
        """End it and all of its children."""
        try:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        except ProcessLookupError:
            self._process.wait()

    def _sample(self, said: str, processor_seconds: float) -> Sample:
        if failed := re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: .*", said):
            raise LoadFailed(f"{self.variant.name}: {failed[0]}")
        requests = int(_found(r"(\d+) requests in", said)[0])
        return Sample(
            requests_per_second=float(_found(r"Requests/sec:\s+([\d.]+)", said)[0]),
            p50=_latency(said, 50),
            p99=_latency(said, 99),
            processor_milliseconds=processor_seconds * 1000 / requests,
        )

    def _family(self) -> list[Path]:
        todo, found = [self._process.pid], []
        while todo:
            process = Path(f"/proc/{todo.pop()}")
            found.append(process)
            try:
                children = (process / "task" / process.name / "children").read_text()
            except OSError:
                continue
            todo += [int(child) for child in children.split()]
        return found

    def _processor_seconds(self) -> float:
        total = 0
        for process in self._family():
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])  # utime and stime, proc(5)
        return total / _TICKS

    def _resident_bytes(self) -> int:
        pages = [int((each / "statm").read_text().split()[1]) for each in self._family()]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def write_keys(folder: Path, keys: list[str]) -> Path:
    """Write callers' keys into a file that only its owner may read."""
    file = folder / "keys"
    file.touch(mode=0o600)
    file.write_text("\n".join(keys) + "\n")
    return file


def create_keys(url: str, master_key: str, number: int) -> list[str]:
    """Create virtual keys, ten of them for each team, that may ask as often as a key can."""
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {master_key}"}, timeout=60
    ) as admin:
        keys = []
        team = ""
        for index in range(number):
            if index % 10 == 0:
                made = admin.post("/team/new", json={"team_alias": f"team-{index // 10}"})
                team = made.raise_for_status().json()["team_id"]
            wanted = {"team_id": team, "rpm_limit": 10_000, "max_budget": 1000, "models": [MODEL]}
            answer = admin.post("/key/generate", content=json.dumps(wanted))
            keys.append(answer.raise_for_status().json()["key"])
    return keys


def _found(pattern: str, text: str) -> tuple[str, ...]:
    match = re.search(pattern, text)
    if not match:
        raise LoadFailed(f"wrk said nothing like {pattern!r}")
    return match.groups()


def _latency(said: str, percentile: int) -> float:
    number, unit = _found(rf"{percentile}%\s+([\d.]+)(us|ms|s|m)\b", said)
    return float(number) * _MILLISECONDS[unit]
