"""The check before sending of 30,000 rows: every message put together, and the sheet kept."""

import time
from typing import TYPE_CHECKING

from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

if TYPE_CHECKING:
    from campaigns.models import Campaign

ROWS = 30_000
MOST = 20.0  # seconds
BODY = (
    "<p>Gentile {{ nome }},</p><p>la informiamo che la pratica n. {{ pratica }}, di importo pari a {{ importo }} euro, "
    "{% if scadenza %}scade il {{ scadenza }}{% else %}non ha scadenza{% endif %}.</p><p>Cordiali saluti</p>"
)


def main() -> None:
    """Check one campaign, and tell how long it took."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        Row(f"s for the check before sending of {ROWS:,} rows", "the aim", _seconds(), MOST, at_most=True).tell()


def _seconds() -> float:
    from campaigns.models import Sheet
    from campaigns.preparing import preflight

    campaign = _campaign()
    sheet = preflight.ask(campaign, actor=campaign.created_by)
    begun = time.perf_counter()
    preflight.make(sheet.pk)
    took = time.perf_counter() - begun
    made = Sheet.objects.get(pk=sheet.pk)
    if not made.is_clean or made.rows_done != ROWS:
        raise RuntimeError(f"The sheet is not clean: {made.problem} {made.facts}")
    return took


def _campaign() -> "Campaign":
    from campaigns.models import Recipient
    from tests.engine import draft

    columns = ["nome", "pec", "pratica", "importo", "scadenza"]
    made = draft(
        subject="Avviso {{ pratica }}", body=BODY, columns=columns, recipients_total=ROWS, list_name="elenco.csv"
    )
    Recipient.objects.bulk_create(
        (
            Recipient(
                campaign=made,
                line=line,
                address=f"ditta{line}@prova.example",
                values={
                    "nome": f"Ditta {line} & Figli",
                    "pec": f"ditta{line}@prova.example",
                    "pratica": f"2026/{line}",
                    "importo": "1.250,00",
                    "scadenza": "31/12/2026" if line % 3 else "",
                },
            )
            for line in range(2, ROWS + 2)
        ),
        batch_size=2000,
    )
    return made


if __name__ == "__main__":
    main()
