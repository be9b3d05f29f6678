"""The page of a list of 300,000 rows, a tenth of them faulty, at any depth: the whole answer, as a browser gets it."""

import random
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.csv import HEADINGS, ROWS, values
from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

if TYPE_CHECKING:
    from campaigns.models import Campaign

PAGES = 100
MOST = 100.0  # ms


def main() -> None:
    """Ask for the page here and there, and tell the 95th percentile; then what a repeated sending costs to find."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        from django.db import connection

        from campaigns import repeats
        from tests.engine import draft

        campaign = _filled(draft())
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as the server does by itself, a little later
        for name, what in (("recipients", "the faults"), ("rows", "the recipients")):
            p95 = _p95(campaign, name)
            Row(f"ms for a page of {what} of {ROWS} rows, at any depth", "p95", p95, MOST, at_most=True).tell()
        begun = time.perf_counter()
        repeats.earlier(campaign)
        took = (time.perf_counter() - begun) * 1000
        Row("ms to find what was sent to the same recipients", "one query", took, MOST, at_most=True).tell()


def _filled(campaign: "Campaign") -> "Campaign":
    from campaigns.preparing import recipients

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "elenco.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(";".join(HEADINGS) + "\r\n")
            for number in range(ROWS):
                cells = list(values(number))
                if number % 10 == 0:
                    cells[1] = cells[1].replace("@", " ")
                file.write(";".join(cells) + "\r\n")
        return recipients.upload(campaign, path, name=path.name, actor=campaign.created_by)


def _p95(campaign: "Campaign", name: str) -> float:
    from django.test import Client
    from django.urls import reverse

    from pecportal.organisations.models import Membership
    from pecportal.permissions import Role

    person = campaign.created_by
    Membership.objects.get_or_create(user=person, organisation=campaign.organisation, role=Role.PREPARER)
    browser = Client(headers={"host": "localhost"})
    browser.force_login(person)
    url, at, took = reverse(f"campaigns:{name}", args=[campaign.pk]), random.Random(7), []
    for _ in range(PAGES):
        begun = time.perf_counter()
        answer = browser.get(url, {"after": at.randrange(ROWS)})
        took.append(time.perf_counter() - begun)
        if answer.status_code != 200 or b"@pec.provincia" not in answer.content:
            raise RuntimeError(f"The page answered {answer.status_code}.")
    return sorted(took)[int(0.95 * PAGES)] * 1000


if __name__ == "__main__":
    main()
