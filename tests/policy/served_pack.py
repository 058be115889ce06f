"""The policy pack as the engine sees it: a process that is spoken to over gRPC."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from example_stack import Examples
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc as rpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from sandbox.engine import POLICY_PACK


@dataclass(frozen=True)
class Told:
    """What a policy told of a resource."""

    policy: str
    mandatory: bool
    message: str


class ServedPack:
    """Sends stacks to a pack."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._analyzer = rpc.AnalyzerStub(channel)

    def judge(self, stack: Examples) -> list[Told]:
        """Return what the pack says of a stack: each resource first, then the whole."""
        whole = pb.AnalyzeStackRequest()
        for example in stack.values():
            # As in a first preview: what another resource tells is not known yet.
            unknown = dict.fromkeys(example.made_from, UNKNOWN_STRING_VALUE)
            request = pb.AnalyzeRequest(type=example.type, name=example.name, urn=example.urn)
            request.properties.update({**unknown, **example.inputs})
            self._analyzer.Analyze(request)
            resource = whole.resources.add(type=example.type, name=example.name, urn=example.urn)
            resource.properties.update(request.properties)
            resource.options.protect = example.protect
            for property_, keys in example.made_from.items():
                urns = [stack[key].urn for key in keys if key in stack]
                resource.propertyDependencies[property_].urns.extend(urns)
        return [
            Told(found.policyName, found.enforcementLevel == pb.MANDATORY, found.message)
            for found in self._analyzer.AnalyzeStack(whole).diagnostics
        ]

    def policies(self) -> list[Any]:
        """Return what the pack says of itself."""
        return list(self._analyzer.GetAnalyzerInfo(Empty()).policies)


@contextmanager
def served() -> Iterator[ServedPack]:
    """Start the pack as an engine does, and end it afterwards."""
    process = subprocess.Popen(
        [sys.executable, POLICY_PACK, "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield ServedPack(channel)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
