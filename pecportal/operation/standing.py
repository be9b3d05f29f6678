"""How the whole installation stands: its lanes, whether it may send, its open alerts, its last audit."""

from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from pecportal.operation import deployment, liveness
from pecportal.operation.liveness import Health, Lane
from pecportal.operation.models import Alert, AuditRun


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it at one moment. `audit` is the last one that came to its end."""

    lanes: tuple[Lane, ...]
    sending_off: str
    audit: AuditRun | None
    alerts: tuple[Alert, ...]

    @property
    def status(self) -> int:
        """0 when all is well, 1 when somebody should look, 2 when a lane stands still."""
        if any(lane.health is Health.FROZEN for lane in self.lanes):
            return 2
        is_late = any(lane.health is Health.LATE for lane in self.lanes)
        return int(is_late or bool(self.sending_off) or bool(self.audit and self.audit.total) or bool(self.alerts))

    def lines(self) -> list[str]:
        """The same as text."""
        told = []
        for lane in self.lanes:
            why = " ".join(str(sign) for sign in lane.signs)
            told.append(f"{lane.label}: {lane.health.label}" + (f". {why}" if why else ""))
        told.append(deployment.sentence(self.sending_off) if self.sending_off else _("Sending is on."))
        if self.audit:
            at = date_format(localtime(self.audit.started_at), "SHORT_DATETIME_FORMAT")
            told.append(_("Self-audit of %(at)s: %(total)s rows found.") % {"at": at, "total": self.audit.total})
        else:
            told.append(_("There was no self-audit yet."))
        told += [_("Open alert: %(alert)s") % {"alert": alert} for alert in self.alerts]
        return told

    def facts(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "status": self.status,
            "lanes": {
                lane.name: {"health": lane.health.value, "reasons": [sign.code for sign in lane.signs]}
                for lane in self.lanes
            },
            "sending_off": self.sending_off,
            "audit": self.audit.found if self.audit else None,
            "alerts": [f"{alert.kind} {alert.key}" for alert in self.alerts],
        }


def of() -> Standing:
    """How it stands just now; nothing is changed by looking."""
    audit = AuditRun.objects.exclude(ended_at=None).first()
    return Standing(
        tuple(liveness.all_lanes()), deployment.why_off(), audit, tuple(Alert.objects.filter(ended_at=None)[:50])
    )
