"""Listener rules: which of them a request meets, and what it then gets."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Incoming:
    """What the rules look at of a request; header names are in lower case."""

    method: str
    host: str
    path: str
    query: str
    source: str
    protocol: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Forward:
    """Pass the request on to one of the target groups, chosen by weight."""

    weights: Mapping[str, int]


@dataclass(frozen=True)
class Answer:
    """Answer the request without a target."""

    status: int
    body: str = ""
    content_type: str = "text/plain"
    location: str | None = None


@dataclass(frozen=True)
class Authenticate:
    """Have whoever asks sign in with an issuer, and go on with what comes after."""

    configuration: Mapping[str, Any]
    then: Forward | Answer


@dataclass(frozen=True)
class Rule:
    """A rule as elasticloadbalancing describes it."""

    conditions: tuple[Mapping[str, Any], ...]
    actions: tuple[Mapping[str, Any], ...]

    @property
    def problem(self) -> str | None:
        """What the sandbox's load balancer cannot do of it."""
        for condition in self.conditions:
            if condition["Field"] not in _CONDITIONS or _uses_expressions(condition):
                return f"conditions on {condition['Field']} with {sorted(condition)}"
        kinds = [action["Type"] for action in self.actions]
        first = kinds[:-1]
        if not kinds or kinds[-1] not in _LAST_ACTIONS or first not in ([], ["authenticate-oidc"]):
            return f"the actions {', '.join(kinds)}"
        forward = self.actions[-1].get("ForwardConfig", {})
        if forward.get("TargetGroupStickinessConfig", {}).get("Enabled"):
            return "stickiness of target groups"
        return None

    def matches(self, request: Incoming) -> bool:
        """Tell whether every condition holds; one that is not known is taken to hold."""
        return all(
            _CONDITIONS[condition["Field"]](condition, request)
            for condition in self.conditions
            if condition["Field"] in _CONDITIONS
        )

    @property
    def authentication(self) -> Mapping[str, Any] | None:
        """The configuration of the issuer with whom whoever meets the rule signs in first."""
        if len(self.actions) < 2 or self.problem:
            return None
        configuration: Mapping[str, Any] = self.actions[0]["AuthenticateOidcConfig"]
        return configuration

    def action(self, request: Incoming) -> Forward | Answer | Authenticate:
        """Return what a request that meets the rule gets."""
        if self.problem:
            return Answer(501, f"the sandbox's load balancer does not support {self.problem}\n")
        if self.authentication is not None:
            return Authenticate(self.authentication, self._last(request))
        return self._last(request)

    def _last(self, request: Incoming) -> Forward | Answer:
        action = self.actions[-1]
        if action["Type"] == "fixed-response":
            chosen = action["FixedResponseConfig"]
            kind = chosen.get("ContentType", "text/plain")
            return Answer(int(chosen["StatusCode"]), chosen.get("MessageBody", ""), kind)
        if action["Type"] == "redirect":
            return _redirect(action["RedirectConfig"], request)
        groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
        if groups:
            return Forward({g["TargetGroupArn"]: int(g.get("Weight", 1)) for g in groups})
        return Forward({action["TargetGroupArn"]: 1})


_LAST_ACTIONS = ("forward", "fixed-response", "redirect")


def _redirect(chosen: Mapping[str, Any], request: Incoming) -> Answer:
    values = {
        "protocol": request.protocol.upper(),
        "host": request.host,
        "port": str(request.port),
        "path": request.path.removeprefix("/"),
        "query": request.query,
    }

    def filled(name: str, default: str) -> str:
        text = chosen.get(name) or default
        return re.sub(r"#\{(\w+)\}", lambda match: values.get(match[1], match[0]), text)

    protocol, port = filled("Protocol", "#{protocol}").lower(), filled("Port", "#{port}")
    standard = {"http": "80", "https": "443"}.get(protocol)
    authority = filled("Host", "#{host}") + ("" if port == standard else f":{port}")
    query = filled("Query", "#{query}")
    location = f"{protocol}://{authority}{filled('Path', '/#{path}')}" + (query and f"?{query}")
    status = int(chosen["StatusCode"].removeprefix("HTTP_"))
    return Answer(status, location=location)


def _pattern(text: str, *, ignore_case: bool) -> re.Pattern[str]:
    # Of the wildcards * and ?; everything else stands for itself.
    parts = ({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in text)
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL if ignore_case else re.DOTALL)


def _any(patterns: list[str], text: str, *, ignore_case: bool) -> bool:
    return any(_pattern(p, ignore_case=ignore_case).fullmatch(text) for p in patterns)


def _values(condition: Mapping[str, Any], configuration: str) -> list[Any]:
    return condition.get(configuration, {}).get("Values") or condition.get("Values") or []


def _uses_expressions(condition: Mapping[str, Any]) -> bool:
    return any(
        "Regex" in name
        for value in condition.values()
        if isinstance(value, dict)
        for name, chosen in value.items()
        if chosen
    ) or bool(condition.get("RegexValues"))


def _host(condition: Mapping[str, Any], request: Incoming) -> bool:
    return _any(_values(condition, "HostHeaderConfig"), request.host, ignore_case=True)


def _path(condition: Mapping[str, Any], request: Incoming) -> bool:
    return _any(_values(condition, "PathPatternConfig"), request.path, ignore_case=False)


def _header(condition: Mapping[str, Any], request: Incoming) -> bool:
    name = condition["HttpHeaderConfig"]["HttpHeaderName"].lower()
    patterns = _values(condition, "HttpHeaderConfig")
    return name in request.headers and _any(patterns, request.headers[name], ignore_case=True)


def _method(condition: Mapping[str, Any], request: Incoming) -> bool:
    return request.method in _values(condition, "HttpRequestMethodConfig")


def _query(condition: Mapping[str, Any], request: Incoming) -> bool:
    pairs = parse_qsl(request.query, keep_blank_values=True)
    return any(
        _any([wanted.get("Key") or "*"], key, ignore_case=True)
        and _any([wanted["Value"]], value, ignore_case=True)
        for wanted in _values(condition, "QueryStringConfig")
        for key, value in pairs
    )


def _source(condition: Mapping[str, Any], request: Incoming) -> bool:
    source = ipaddress.ip_address(request.source)
    return any(source in ipaddress.ip_network(n) for n in _values(condition, "SourceIpConfig"))


_CONDITIONS: dict[str, Callable[[Mapping[str, Any], Incoming], bool]] = {
    "host-header": _host,
    "path-pattern": _path,
    "http-header": _header,
    "http-request-method": _method,
    "query-string": _query,
    "source-ip": _source,
}
