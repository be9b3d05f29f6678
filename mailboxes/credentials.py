"""A mailbox's user name and password: entered by a person, sealed, tested with a harmless call, never shown again."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import clock, encryption
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.upstream import Upstream
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.massiva import Credentials


@sensitive_variables("password")
def enter(mailbox: Mailbox, *, username: str, password: str, actor: User) -> None:
    """Keep the credentials sealed; they are taken for usable until the provider refuses them.

    Raises `Refusal` for characters that no sign-in can carry.
    """
    try:
        Credentials(username, password)
    except ValueError as exc:
        raise Refusal(
            _("The user name or the password holds characters that cannot be right."), field="password"
        ) from exc
    with transaction.atomic():
        Mailbox.objects.filter(pk=mailbox.pk).update(
            username=username,
            password_sealed=encryption.seal(password.encode(), context=_context(mailbox)),
            credentials_state=CredentialsState.UNTESTED,
            credentials_since=clock.now(),
        )
        record("mailbox.credentials", actor=actor, organisation=mailbox.organisation, target=mailbox)


def test(mailbox: Mailbox, *, client: Upstream) -> CredentialsState:
    """Ask the provider something harmless with the stored credentials; what it says is kept and returned.

    UNTESTED when it cannot be reached: then nothing is known. The space in use, which it tells, is kept.
    """
    mailbox.refresh_from_db()
    try:
        quota = client.massiva.quota(of(mailbox))
    except UpstreamError as exc:
        if exc.status != 401:
            return CredentialsState.UNTESTED
        refused(mailbox.pk)
        return CredentialsState.REFUSED
    Mailbox.objects.filter(pk=mailbox.pk).update(
        credentials_state=CredentialsState.GOOD,
        credentials_since=clock.now(),
        space_used=quota.usage,
        space_limit=quota.limit,
        space_at=timezone.now(),
    )
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


def _context(mailbox: Mailbox) -> str:
    return f"mailbox:{mailbox.pk}:password"
