"""The periodic jobs: nudges for whatever a lost job left behind."""

from pecportal.queue import Every

PERIODIC = (
    Every(minutes=1, task="campaigns.tasks.pump"),
    Every(minutes=1, task="campaigns.tasks.track"),
    Every(minutes=1, task="campaigns.tasks.sweep"),
    Every(minutes=1, task="mailboxes.tasks.sweep"),
)
