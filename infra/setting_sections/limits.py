"""What new keys, teams and users may spend and ask for, and the gateway as a whole."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from infra.setting_sections.base import Section

# What LiteLLM 1.106.2 parses: duration_in_seconds in litellm_core_utils/duration_parser.py.
Period = Annotated[str, Field(pattern=r"^[1-9]\d{0,5}(s|m|h|d|w|mo)$")]
Usd = Annotated[float, Field(gt=0)]
Limit = Annotated[int, Field(ge=1)]

# A month has 30 days here: periods are compared with each other, not with a calendar.
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "mo": 2_592_000}


def seconds_of(period: str) -> int:
    """Return the length of a period such as ``30d`` in seconds; a month counts as 30 days."""
    number = period.rstrip("smhdwo")
    return int(number) * _SECONDS[period.removeprefix(number)]


class Budget(Section):
    """An amount and the period after which it is there anew."""

    budget_usd: Usd | None = Field(default=None, description="Budget, USD; unset: none.")
    budget_period: Period | None = Field(
        default=None,
        description="After which time the budget is there anew, such as `24h`, `7d`, `30d` or "
        "`1mo`; unset: never.",
    )

    @model_validator(mode="after")
    def _a_period_has_a_budget(self) -> Self:
        if self.budget_period and self.budget_usd is None:
            raise ValueError(
                f"budgetPeriod {self.budget_period} has no budget; give budgetUsd too, or leave it "
                "out"
            )
        return self


class Rates(Section):
    """How much may be asked for at a time."""

    requests_per_minute: Limit | None = Field(
        default=None, description="Requests a minute; unset: no limit."
    )
    tokens_per_minute: Limit | None = Field(
        default=None, description="Tokens a minute; unset: no limit."
    )


class NewKeySettings(Budget, Rates):
    requests_per_minute: Limit | None = Field(
        default=60, description="Requests a minute of a key that is made without a limit."
    )
    parallel_requests: Limit | None = Field(
        default=None, description="Requests at the same time; unset: no limit."
    )
    soft_budget_usd: Usd | None = Field(
        default=None, description="From which spend on `alerting` tells, USD; unset: it does not."
    )
    models: tuple[str, ...] = Field(
        default=(),
        description="Models and access groups, such as `tier:1`, of a key that is made without "
        "any; none: all.",
    )

    @model_validator(mode="after")
    def _soft_is_below_hard(self) -> Self:
        if self.soft_budget_usd and self.budget_usd and self.soft_budget_usd >= self.budget_usd:
            raise ValueError(
                f"softBudgetUsd {self.soft_budget_usd:g} is not below budgetUsd "
                f"{self.budget_usd:g}: the key would be blocked before anybody is told"
            )
        return self


class KeyMaximumSettings(Budget, Rates):
    """What no key may exceed; a key that is made without the limit gets this."""

    requests_per_minute: Limit | None = Field(
        default=10_000, description="Requests a minute at most; unset: no upper bound."
    )
    parallel_requests: Limit | None = Field(
        default=None, description="Requests at the same time at most; unset: no upper bound."
    )
    lifetime: Period | None = Field(
        default=None, description="How long a key is valid at most, such as `90d`; unset: forever."
    )


class NewTeamSettings(Budget, Rates):
    models: tuple[str, ...] = Field(
        default=(),
        description="Models and access groups of a team that sign-in makes from a group; other "
        "teams name theirs. None: all.",
    )


class NewUserSettings(Budget, Rates):
    budget_usd: Usd | None = Field(default=100, description="Budget, USD; unset: none.")
    budget_period: Period | None = Field(
        default="30d", description="After which time the budget is there anew; unset: never."
    )
    parallel_requests: Limit | None = Field(
        default=None, description="Requests of all keys at the same time; unset: no limit."
    )
    models: tuple[str, ...] = Field(default=(), description="Models and access groups; none: all.")


class TotalSettings(Budget):
    budget_usd: Usd | None = Field(
        default=None, description="Budget of everybody together, USD; unset: none."
    )

    @model_validator(mode="after")
    def _the_budget_has_a_period(self) -> Self:
        # ProxyStartupEvent.add_proxy_budget_to_db in proxy/proxy_server.py.
        if self.budget_usd is not None and self.budget_period is None:
            raise ValueError(
                f"budgetUsd {self.budget_usd:g} has no period, without which LiteLLM does not "
                "start; give budgetPeriod, such as 30d"
            )
        return self


class LimitSettings(Section):
    new_keys: NewKeySettings = Field(
        default_factory=NewKeySettings, description="Defaults of a new key."
    )
    key_maximum: KeyMaximumSettings = Field(
        default_factory=KeyMaximumSettings, description="Upper bounds of every key."
    )
    new_teams: NewTeamSettings = Field(
        default_factory=NewTeamSettings, description="Defaults of a new team."
    )
    new_users: NewUserSettings = Field(
        default_factory=NewUserSettings, description="Defaults of a new user."
    )
    total: TotalSettings = Field(
        default_factory=TotalSettings, description="The gateway as a whole."
    )
    user_budgets_cover_team_keys: bool = Field(
        default=True,
        description="Whether what users spend with keys of a team counts against their own budget "
        "too, and not against the team's alone.",
    )
    without_shared_counters: Literal["countPerPod", "refuse"] = Field(
        default="countPerPod",
        description="What happens while the cache that pods count in is away: each pod counts for "
        "itself, so that limits of requests hold per pod, or requests with limits are refused "
        "(503).",
    )

    @model_validator(mode="after")
    def _defaults_keep_to_the_bounds(self) -> Self:
        for name in type(self.key_maximum).model_fields.keys() & type(self.new_keys).model_fields:
            value, bound = getattr(self.new_keys, name), getattr(self.key_maximum, name)
            if value is not None and bound is not None and _exceeds(value, bound):
                key = NewKeySettings.model_fields[name].alias
                raise ValueError(
                    f"newKeys.{key} {value} is above keyMaximum.{key} {bound}: no key could be "
                    "made without a limit of its own; lower the one or raise the other"
                )
        return self


def _exceeds(value: float | str, bound: float | str) -> bool:
    if isinstance(value, str) and isinstance(bound, str):
        return seconds_of(value) > seconds_of(bound)
    return float(value) > float(bound)
