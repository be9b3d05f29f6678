"""The periodic jobs: nudges for whatever a lost job left behind, signs of life, the nightly audit."""

from datetime import time

from pecportal.queue import CANARY, LANES, Every

PERIODIC = (
    Every("campaigns.tasks.pump"),
    Every("campaigns.tasks.track"),
    Every("campaigns.tasks.search"),
    Every("campaigns.tasks.sweep"),
    Every("campaigns.tasks.tally"),
    Every("campaigns.tasks.watch", minutes=5),
    Every("campaigns.tasks.count"),
    Every("mailboxes.tasks.sweep"),
    Every("mailboxes.tasks.watch", minutes=60),
    Every("pecportal.registers.tasks.sweep"),
    Every("pecportal.operation.tasks.ring_letters"),
    Every("pecportal.organisations.tasks.send_invitations", minutes=10),
    Every("pecportal.organisations.tasks.tell_glasses", minutes=10),
    Every("pecportal.operation.tasks.ask_scanner"),
    Every("pecportal.webhooks.tasks.deliver"),
    Every("pecportal.webhooks.tasks.tell", minutes=10),
    Every("pecportal.operation.tasks.read_wallets", minutes=60),
    *(Every(CANARY, arguments=(lane,), lane=lane) for lane in LANES),
    Every("mailboxes.tasks.erase_papers", minutes=24 * 60, at=time(3, 40)),
    Every("mailboxes.tasks.erase_drafts", minutes=24 * 60, at=time(3, 50)),
    Every("mailboxes.tasks.reconcile", minutes=24 * 60, at=time(2, 40)),
    Every("campaigns.tasks.selfaudit", minutes=24 * 60, at=time(3, 10)),
    Every("pecportal.journal.tasks.sweep"),
    Every("pecportal.journal.tasks.nightly", minutes=24 * 60, at=time(3, 5)),
    Every("pecportal.api.tasks.tidy", minutes=24 * 60, at=time(3, 30)),
    Every("pecportal.webhooks.tasks.forget", minutes=24 * 60, at=time(3, 55)),
    Every("pecportal.operation.tasks.tidy", minutes=24 * 60, at=time(3, 40)),
)
