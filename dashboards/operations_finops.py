"""For the platform team: is the gateway healthy, what does it cost, which budgets run out."""

from dashboards.finops import BUDGETS, CACHE, SPENDING
from dashboards.frame import dashboard
from dashboards.operations import HEALTH, PROVIDERS, TRAFFIC

DASHBOARD = dashboard(
    "operations-finops",
    "Operations and FinOps",
    "For the platform team: is the gateway healthy, what does it cost, which budgets run out.",
    [HEALTH, TRAFFIC, PROVIDERS, CACHE, SPENDING, BUDGETS],
    others={"team-view": "Team", "model-comparison": "Model comparison"},
    since="now-24h",
)
