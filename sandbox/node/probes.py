"""Startup, readiness and liveness probes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from yarl import URL

from sandbox.tool_versions import KUBERNETES_VERSION, minor

# The kubelet's user agent: pkg/probe/http/request.go of k8s.io/kubernetes.
_USER_AGENT = "kube-probe/{}.{}".format(*minor(KUBERNETES_VERSION))
_REDIRECTS = 10

Execute = Callable[[list[str], float], Awaitable[int]]


class Prober:
    """Carries out the actions of probes and hooks for one container.

    ``execute`` runs a command in the container and returns its exit code, or raises TimeoutError.
    """

    def __init__(self, container: Mapping[str, Any], address: str, execute: Execute) -> None:
        self._ports = {
            port["name"]: port["containerPort"]
            for port in container.get("ports", [])
            if "name" in port
        }
        self._address = address
        self._execute = execute

    async def attempt(self, action: Mapping[str, Any], timeout: float) -> str:
        """Return why the action failed, or nothing when it succeeded."""
        try:
            async with asyncio.timeout(timeout):
                if chosen := action.get("httpGet"):
                    return await self._http_get(chosen)
                if chosen := action.get("tcpSocket"):
                    return await self._connect(chosen)
                return await self._run(action["exec"]["command"], timeout)
        except TimeoutError:
            return f"timed out after {timeout:g}s"
        except (OSError, aiohttp.ClientError) as error:
            return str(error) or type(error).__name__

    async def _http_get(self, action: Mapping[str, Any]) -> str:
        url = URL.build(
            scheme=action.get("scheme", "HTTP").lower(),
            host=action.get("host") or self._address,
            port=self._port(action["port"]),
        )
        url = url.join(URL(action.get("path") or "/"))
        host, headers = url.host, {"User-Agent": _USER_AGENT, "Accept": "*/*"}
        headers |= {header["name"]: header["value"] for header in action.get("httpHeaders", [])}
        # As the kubelet: certificates are not verified, a redirect counts as success once it
        # leaves the host.
        connector = aiohttp.TCPConnector(ssl=False, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as session:
            for _ in range(_REDIRECTS):
                async with session.get(url, headers=headers, allow_redirects=False) as response:
                    if not 300 <= response.status < 400 or "Location" not in response.headers:
                        return _verdict(response.status)
                    url = url.join(URL(response.headers["Location"]))
                    if url.host != host:
                        return ""
        return f"stopped after {_REDIRECTS} redirects"

    async def _connect(self, action: Mapping[str, Any]) -> str:
        host = action.get("host") or self._address
        _, writer = await asyncio.open_connection(host, self._port(action["port"]))
        writer.close()
        return ""

    async def _run(self, command: list[str], timeout: float) -> str:
        code = await self._execute(command, timeout)
        return f"command exited with {code}" if code else ""

    def _port(self, port: int | str) -> int:
        if isinstance(port, str) and not port.isdigit():
            if port not in self._ports:
                raise OSError(f"the container has no port named {port!r}")
            return self._ports[port]
        return int(port)


def _verdict(status: int) -> str:
    return "" if status < 400 else f"HTTP probe failed with statuscode: {status}"


async def watch(
    prober: Prober,
    probe: Mapping[str, Any],
    succeeded: Callable[[], None],
    failed: Callable[[str], None],
    complain: Callable[[str], None],
) -> None:
    """Probe for as long as it is not cancelled, and report every crossing of a threshold.

    ``succeeded`` and ``failed`` are called when the thresholds of consecutive results are met,
    ``complain`` at every failure.
    """
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    streak, good = 0, False
    while True:
        reason = await prober.attempt(probe, probe.get("timeoutSeconds", 1))
        streak = streak + 1 if good == (not reason) else 1
        good = not reason
        if reason:
            complain(reason)
            if streak == probe.get("failureThreshold", 3):
                failed(reason)
        elif streak == probe.get("successThreshold", 1):
            succeeded()
        await asyncio.sleep(probe.get("periodSeconds", 10))
