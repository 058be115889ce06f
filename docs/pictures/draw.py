"""Draws docs/images/dashboard-*.png: ``make pictures``.

Runs the gateway of tests/gateway/metered_gateway.py under traffic for some minutes, asks its
Prometheus what the dashboards ask, and has page.jsx draw the answers in Chromium. Grafana itself is
not needed for it: the panels are those of its component library, so that its own code formats
values and lays series out; what surrounds them is ours.
"""

import argparse
import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import metered_gateway
import yaml
from browser import running_browser
from dashboard_files import EVERYTHING, FILES, filled_in, load
from gateway_traffic import PEOPLE, Traffic
from metered_gateway import ENVIRONMENT, EXTRA_MODELS, MeteredGateway

from infra.model_tiers import model_tier_rules

HERE = Path(__file__).parent
IMAGES = HERE.parent / "images"
WIDTH = 1280
POINTS = 150
LAST_RUN = HERE / "built" / "last-run.json"
CUT_BEFORE = {"operations-finops": "Spend"}
RATE_INTERVAL = "1m"
AT_ONCE = 8
# Seconds between requests at the quietest and the busiest time, between waves of every kind of
# request, and from one busy time to the next.
QUIET, BUSY, BETWEEN_WAVES, TIDE = 1.5, 0.2, 30, 150
ABOUT = (
    "Drawn from dashboards/{file} by Grafana's components (@grafana/ui {version}), without Grafana"
    " · a run of {minutes} minutes with mocked models · {choice}"
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="draw", description=__doc__)
    parser.add_argument("--minutes", type=float, default=12, help="how long the traffic lasts")
    parser.add_argument("--again", action="store_true", help="draw the last run anew")
    given = parser.parse_args()
    _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    _npm("run", "build")
    if not given.again:
        with _under_traffic(given.minutes) as (gateway, start, end):
            drawings = [_drawing(file, gateway, start, end) for file in FILES]
        LAST_RUN.write_text(json.dumps(drawings))
    _draw(json.loads(LAST_RUN.read_text()))
    return 0


def _npm(*arguments: str) -> None:
    subprocess.run(["npm", *arguments], cwd=HERE, check=True, stdout=sys.stderr)


def _draw(drawings: list[dict[str, Any]]) -> None:
    IMAGES.mkdir(exist_ok=True)
    with running_browser() as browser:
        for name, drawing in _pictures(drawings):
            page = browser.new_page(viewport={"width": WIDTH, "height": 900})
            page.goto((HERE / "page.html").as_uri())
            page.evaluate("drawing => window.draw(drawing)", drawing)
            page.wait_for_selector(".grid canvas")
            page.wait_for_load_state("networkidle")
            picture = IMAGES / f"dashboard-{name}.png"
            page.locator("#page").screenshot(path=picture)
            print(f"{picture} {picture.stat().st_size // 1000} kB")


def _pictures(drawings: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what to draw by its name; a long dashboard is cut in two, so that it can be read."""
    for drawing in drawings:
        dashboard = drawing["dashboard"]
        uid, panels = dashboard["uid"], dashboard["panels"]
        titles = [panel["title"] for panel in panels]
        cut = titles.index(CUT_BEFORE[uid]) if uid in CUT_BEFORE else len(panels)
        yield uid, {**drawing, "dashboard": {**dashboard, "panels": panels[:cut]}}
        if panels[cut:]:
            name = f"{uid}-{CUT_BEFORE[uid].lower()}"
            yield name, {**drawing, "dashboard": {**dashboard, "panels": panels[cut:]}}


@contextmanager
def _under_traffic(minutes: float) -> Iterator[tuple[MeteredGateway, float, float]]:
    """Yield a gateway after its traffic, with when that began and ended."""
    models = yaml.safe_load(metered_gateway.CONFIG.read_text())["model_list"]
    tiers = {model["model_name"]: "$" * model["model_info"]["cost_tier"] for model in models}
    rules = yaml.safe_dump({"groups": [model_tier_rules(tiers, ENVIRONMENT)]})
    with (
        tempfile.TemporaryDirectory() as folder,
        metered_gateway.running(Path(folder), rules) as gateway,
    ):
        traffic = Traffic(gateway.proxy, list(tiers), list(EXTRA_MODELS))
        traffic.introduce_everybody()
        start = time.time()
        _tides(traffic, start + minutes * 60)
        gateway.wait_for_a_scrape()
        yield gateway, start, time.time()


def _tides(traffic: Traffic, end: float) -> None:
    """Send requests, now many and now few, until the end."""
    # Cheap models are asked more often.
    models = [
        model for place, model in enumerate(reversed(traffic.models)) for _ in range(place + 1)
    ]
    callers = itertools.cycle(PEOPLE)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        last_wave, sent = 0.0, list[Future[None]]()
        for number, model in enumerate(itertools.cycle(models)):
            now = time.time()
            if now > end:
                return
            if now - last_wave > BETWEEN_WAVES:
                last_wave = now
                pool.submit(traffic.wave)
            # A machine that is slower than the tide gets less of it.
            sent = [one for one in sent if not one.done()]
            if len(sent) < AT_ONCE:
                send = traffic.stream if number % 3 else traffic.chat
                sent.append(pool.submit(send, next(callers), model))
            tide = (1 + math.sin(2 * math.pi * now / TIDE)) / 2
            time.sleep(BUSY + (QUIET - BUSY) * tide)


def _drawing(file: Path, gateway: MeteredGateway, start: float, end: float) -> dict[str, Any]:
    """Return a dashboard with the answers to the queries of each of its panels."""
    seconds = round(end - start)
    step = max(2, seconds // POINTS)
    variables = {
        **EVERYTHING,
        "$__rate_interval": RATE_INTERVAL,
        "$__range": f"{seconds}s",
        "$__range_s": str(seconds),
    }
    if file.stem == "team-view":
        variables["$team"] = "Engineering"
    dashboard = load(file)
    answers = {}
    for panel in dashboard["panels"]:
        answers[panel["id"]] = [
            gateway.query(filled_in(target["expr"], variables))
            if target["instant"]
            else gateway.ask(
                "query_range",
                query=filled_in(target["expr"], variables),
                start=start,
                end=end,
                step=step,
            )["result"]
            for target in panel.get("targets", [])
        ]
    about = ABOUT.format(
        file=file.name,
        version=json.loads((HERE / "package.json").read_text())["dependencies"]["@grafana/ui"],
        minutes=round(seconds / 60),
        choice="team Engineering" if file.stem == "team-view" else "all teams, models and keys",
    )
    span = {"from": start * 1000, "to": end * 1000, "step": step}
    return {"dashboard": dashboard, "answers": answers, "range": span, "about": about}


if __name__ == "__main__":
    sys.exit(main())
