"""A thousand letters of one page, printed as PDF/A, stored and linked to their rows, against a minute."""

import time

from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

LETTERS = 1_000
SECONDS = 60


def main() -> None:
    """Make them once, by the job that the portal runs."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        seconds = _made()
    what = f"time to make {LETTERS} letters of one page as PDF/A, by two processes"
    Row(what, f"{SECONDS} s", seconds / SECONDS, 1, at_most=True).tell()


def _made() -> float:
    from campaigns.models import OwnFile, Recipient
    from campaigns.preparing import letters
    from tests.engine import draft

    campaign = draft(columns=["nome", "pec"], recipients_total=LETTERS)
    Recipient.objects.bulk_create(
        Recipient(campaign=campaign, line=line, address=f"ditta{line}@prova.example", values={"nome": f"Ditta {line}"})
        for line in range(2, LETTERS + 2)
    )
    text = "Gentile {{ nome }},\n\n" + "la informiamo che la pratica è pronta presso i nostri uffici.\n\n" * 12
    written = letters.Written("lettera", "Avviso per {{ nome }}", text, protocol="12/2026", place="Bari")
    letters.save(campaign, written, actor=campaign.created_by)
    letters.make(campaign, actor=campaign.created_by)
    begun = time.perf_counter()
    letters.run(campaign.pk)
    seconds = time.perf_counter() - begun
    if OwnFile.objects.filter(campaign=campaign).count() != LETTERS:
        raise RuntimeError("Not every letter is there.")
    return seconds


if __name__ == "__main__":
    main()
