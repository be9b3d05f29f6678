"""A mailbox's user name and password: entered by a person, sealed, tested with a harmless call, never shown again."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailboxes import gauge, notices
from mailboxes.models import Mailbox
from mailboxes.models.notices import NoticeKind
from mailboxes.states import CredentialsState
from pecportal import clock, encryption
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, SignInRefused, UpstreamError
from pecportal.upstream.massiva import Credentials, Quota


@sensitive_variables("password")
def enter(mailbox: Mailbox, *, username: str, password: str, actor: User) -> None:
    """Keep the credentials sealed; they are taken for usable until the provider refuses them.

    Raises `Refusal` before the mailbox is active, and for characters that no sign-in can carry.
    """
    try:
        Credentials(username, password)
    except ValueError as exc:
        raise Refusal(
            _("The user name or the password holds characters that cannot be right."), field="password"
        ) from exc
    with transaction.atomic():
        row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
        if not row.is_active:
            raise Refusal(_("The mailbox is not active yet: its user name and password come when it is."))
        if not row.wants_credentials:
            raise Refusal(row.why_not() or "")
        before = {"state": row.credentials_state}
        row.username = username
        row.password_sealed = encryption.seal(password.encode(), context=_context(row))
        row.credentials_state, row.credentials_since = CredentialsState.UNTESTED, clock.now()
        row.save(update_fields=["username", "password_sealed", "credentials_state", "credentials_since"])
        told = {"before": before, "after": {"state": row.credentials_state.value}}
        record("mailbox.credentials", actor=actor, organisation=row.organisation, target=row, **told)


def test(mailbox: Mailbox, *, client: Upstream) -> CredentialsState:
    """Ask the provider something harmless with the stored credentials; what it says is kept and returned.

    UNTESTED when it cannot be reached: then nothing is known. The space in use, which it tells, is kept. Raises
    `Refusal` when there are none, or when the password cannot be opened.
    """
    mailbox.refresh_from_db()
    if mailbox.credentials_state == CredentialsState.MISSING:
        raise Refusal(_("The mailbox's user name and password have not been entered yet."))
    try:
        quota = _ask(of(mailbox), client=client)
    except encryption.Unreadable as exc:
        raise Refusal(_("The stored password cannot be opened any more: please enter it again.")) from exc
    except SignInRefused:  # of the portal's account, not of the mailbox
        return CredentialsState.UNTESTED
    except UpstreamError as exc:
        if exc.status != 401:
            return CredentialsState.UNTESTED
        refused(mailbox.pk, since=mailbox.credentials_since)
        return CredentialsState.REFUSED
    tested = Mailbox.objects.filter(pk=mailbox.pk, password_sealed=mailbox.password_sealed)
    tested.update(credentials_state=CredentialsState.GOOD)
    if quota is not None:
        gauge.keep(mailbox, used=quota.usage, limit=quota.limit)
    return CredentialsState.GOOD


def of(mailbox: Mailbox) -> Credentials:
    """The credentials in the clear, for a call to the vendor; raises `Unreadable` without their key."""
    password = encryption.unseal(mailbox.password_sealed, context=_context(mailbox))
    return Credentials(mailbox.username, password.decode())


def usable(mailbox: Mailbox) -> bool:
    """Whether they are there and not refused, and the mailbox is active."""
    bad = (CredentialsState.MISSING, CredentialsState.REFUSED)
    return mailbox.is_active and mailbox.credentials_state not in bad


@transaction.atomic
def refused(mailbox_id: int, *, since: datetime | None = None) -> None:
    """The provider said 401: nothing more is asked with them until a person enters them again.

    `since` is the `credentials_since` of those that were refused: newer ones are not concerned.
    """
    told = Mailbox.objects.filter(pk=mailbox_id).exclude(credentials_state=CredentialsState.REFUSED)
    if since is not None:
        told = told.filter(credentials_since=since)
    if told.update(credentials_state=CredentialsState.REFUSED, credentials_since=clock.now()):
        mailbox = Mailbox.objects.select_related("organisation").get(pk=mailbox_id)
        record("mailbox.credentials_refused", organisation=mailbox.organisation, target=mailbox)
        notices.note(mailbox, NoticeKind.CREDENTIALS, key=f"{clock.now().timestamp():.6f}")


def _ask(access: Credentials, *, client: Upstream) -> Quota | None:
    """How full the mailbox is; None where only the inbox answers: a 400 of the quota says nothing of the sign-in."""
    try:
        return client.massiva.quota(access)
    except Rejected as exc:
        if exc.status != 400:
            raise
    client.massiva.inbox(access)
    return None


def _context(mailbox: Mailbox) -> str:
    return f"mailbox:{mailbox.pk}:password"
