"""A million messages in the database, made by set-based SQL: for reading alone, nothing of them was ever sent."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from campaigns.models import Campaign

MESSAGES = 1_000_000
LARGEST = 300_000  # of one campaign: the longest list that is taken
STATUSES = ("delivered", "accepted", "undelivered", "expired", "uncertain")

NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(1, {count}) AS s(n)",
    "sqlite": (
        "WITH RECURSIVE d(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM d WHERE x < 999) "
        "SELECT a.x * 1000 + b.x + 1 AS n FROM d AS a, d AS b WHERE a.x * 1000 + b.x < {count}"
    ),
}
UUID = {"postgresql": "gen_random_uuid()", "sqlite": "lower(hex(randomblob(16)))"}
FLAGS = {"postgresql": "'[]'::jsonb", "sqlite": "'[]'"}
REF = {"postgresql": "lpad(({base} + n)::text, 10, '0')", "sqlite": "printf('%010d', {base} + n)"}
# of a hundred messages 90 were delivered, 6 only accepted, 2 not delivered, 1 expired; of ten thousand one is in doubt
STATUS = (
    "CASE WHEN n % 10000 = 77 THEN 'uncertain' WHEN n % 100 < 90 THEN 'delivered' WHEN n % 100 < 96 THEN 'accepted' "
    "WHEN n % 100 < 98 THEN 'undelivered' WHEN n % 100 = 98 THEN 'expired' ELSE 'no_outcome' END"
)
INSERT = """
INSERT INTO campaigns_message (public_id, campaign_id, mailbox_id, line, recipient, ref, state, state_since, not_before,
    failures, verdict, flags, status, sent_at, declared)
SELECT {uuid}, {campaign}, {mailbox}, n + 1, 'azienda' || ({base} + n) || '@pec.provincia' || (n % 107) || '.example',
    {ref}, CASE WHEN n % 10000 = 77 THEN 'uncertain' ELSE 'submitted' END, {now}, {now}, 0, 'none', {flags}, {status},
    {now}, ''
FROM ({numbers}) AS numbers
"""


def fill() -> list["Campaign"]:
    """Campaigns of one office with a million messages, the largest of them first."""
    from django.db import connection

    from campaigns.states import CampaignState
    from tests.engine import draft

    made, base = [], 0
    vendor = connection.vendor
    while base < MESSAGES:
        count = min(LARGEST, MESSAGES - base)
        campaign = draft(state=CampaignState.RUNNING, recipients_total=count, columns=["nome", "pec"])
        with connection.cursor() as cursor:
            cursor.execute(
                INSERT.format(
                    uuid=UUID[vendor],
                    campaign=campaign.pk,
                    mailbox=campaign.mailbox_id,
                    ref=REF[vendor].format(base=base),
                    base=base,
                    flags=FLAGS[vendor],
                    status=STATUS,
                    now="CURRENT_TIMESTAMP",
                    numbers=NUMBERS[vendor].format(count=count),
                )
            )
        made.append(campaign)
        base += count
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return made
