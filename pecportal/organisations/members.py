"""Who belongs to an organisation: inviting by e-mail, joining, roles and their limits, removing.

Nobody gives themselves more than they have, and an organisation keeps an administrator once it has one: its row is
locked while its members change. Times are real ones, which people and their letters live in, the demo's too.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.apps import apps
from django.core import signing
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Invitation, Membership, Organisation, User
from pecportal.permissions import PEOPLES, WHOLE, Role
from pecportal.queue import enqueue

VALID: Final = timedelta(days=7)
SEND: Final = "pecportal.organisations.tasks.send_invitation"
_SALT: Final = "pecportal.invitation"


@dataclass(frozen=True, slots=True)
class Reach:
    """What somebody is to be: roles, and the mailboxes (ids) that they are limited to; None for all mailboxes."""

    roles: frozenset[Role]
    mailboxes: frozenset[int] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """It, as the journal keeps it."""
        boxes = None if self.mailboxes is None else sorted(self.mailboxes)
        return {"roles": sorted(role.value for role in self.roles), "mailboxes": boxes}


def reach_of(organisation: Organisation, user: User) -> Reach:
    """What somebody is in an organisation now; without roles when they are no member."""
    rows = list(user.memberships.filter(organisation=organisation).prefetch_related("mailboxes"))
    limited = [row for row in rows if row.is_limited]
    boxes = frozenset(box.pk for row in limited for box in row.mailboxes.all()) if limited else None
    return Reach(frozenset(Role(row.role) for row in rows), boxes)


def invite(organisation: Organisation, email: str, reach: Reach, *, actor: User) -> Invitation:
    """Invite somebody, who gets a link by e-mail. Raises `Refusal` for a member, or somebody who is invited already."""
    email = email.strip().lower()
    with transaction.atomic():
        _lock(organisation)
        _check(organisation, reach)
        if Membership.objects.filter(organisation=organisation, user__email=email).exists():
            raise Refusal(_("This person is a member already: change their roles on their page."), field="email")
        if _open(organisation).filter(email=email).exists():
            raise Refusal(_("This person is invited already: send the invitation again instead."), field="email")
        row = Invitation(organisation=organisation, email=email, roles=reach.facts["roles"], invited_by=actor)
        row.is_limited = reach.mailboxes is not None
        _renew(row)
        row.save()
        row.mailboxes.set(reach.mailboxes or ())
        enqueue(SEND, row.pk)
        record(
            "member.invite",
            actor=actor,
            organisation=organisation,
            target=row,
            email=email,
            after=reach.facts,
            **reach.facts,
        )
    return row


def invite_first(organisation: Organisation, email: str, *, actor: User) -> Invitation:
    """Have an operator invite an organisation's first administrator. Raises `Refusal` where there is one already."""
    if has_administrator(organisation):
        raise Refusal(_("The organisation has an administrator, who invites its members."))
    return invite(organisation, email, Reach(frozenset({Role.ADMINISTRATOR})), actor=actor)


def resend(invitation: Invitation, *, actor: User) -> None:
    """Send a new link, valid from now on; the link before it ends. Raises `Refusal` when it is not open any more."""
    with transaction.atomic():
        row = _locked_open(invitation)
        _renew(row)
        row.save()
        enqueue(SEND, row.pk)
        record("member.invite_again", actor=actor, organisation=row.organisation, target=row)


def revoke(invitation: Invitation, *, actor: User) -> None:
    """Take an invitation back. Raises `Refusal` when it is not open any more."""
    with transaction.atomic():
        row = _locked_open(invitation)
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        record("member.invite_revoke", actor=actor, organisation=row.organisation, target=row)


def token_of(invitation: Invitation) -> str:
    """What the link holds; made anew when needed, stored nowhere."""
    return signing.dumps([invitation.pk, invitation.nonce], salt=_SALT)


def invitation_of(token: str) -> Invitation | None:
    """The open invitation that a link is for, in time; None otherwise, for whatever reason."""
    try:
        pk, nonce = signing.loads(token, salt=_SALT, max_age=VALID)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    rows = Invitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())
    row = rows.select_related("organisation", "invited_by").filter(pk=pk).first()
    return row if row is not None and secrets.compare_digest(row.nonce, str(nonce)) else None


def accept(invitation: Invitation, *, user: User) -> None:
    """Make `user`, whose address it was sent to, a member. Raises `Refusal` when the link is used or too old."""
    with transaction.atomic():
        row = _locked_open(invitation)
        if row.nonce != invitation.nonce or row.expires_at <= timezone.now() or user.email != row.email:
            raise Refusal(_("This invitation is not valid any more: ask for another one."))
        roles = frozenset(Role(role) for role in row.roles)
        boxes = frozenset(row.mailboxes.values_list("pk", flat=True)) if row.is_limited else None
        reach = Reach(roles, boxes)
        write(row.organisation, user, reach)
        row.accepted_at, row.accepted_by = timezone.now(), user
        row.save(update_fields=["accepted_at", "accepted_by"])
        record("member.join", actor=user, organisation=row.organisation, target=user, after=reach.facts, **reach.facts)


def join(invitation: Invitation, *, password: str, first_name: str, last_name: str) -> User:
    """Make the invited person, who had no account, and make them a member; their password has been judged."""
    with transaction.atomic():
        user = User.objects.create_user(invitation.email, password, first_name=first_name, last_name=last_name)
        accept(invitation, user=user)
    return user


def change(organisation: Organisation, user: User, reach: Reach, *, actor: User) -> None:
    """Give a member other roles, or other limits. Raises `Refusal` where somebody would raise themselves, or the
    organisation would be left without an administrator.
    """
    with transaction.atomic():
        _lock(organisation)
        _check(organisation, reach)
        before = reach_of(organisation, user)
        if not before.roles:
            raise Refusal(_("This person is not a member any more."))
        if reach == before:
            return
        if user.pk == actor.pk and not _is_within(reach, before):
            raise Refusal(_("Nobody gives themselves more than they have: ask another administrator."))
        if Role.ADMINISTRATOR not in reach.roles:
            _keep_one(organisation, user)
        write(organisation, user, reach)
        _end_sessions(user)
        record(
            "member.change", actor=actor, organisation=organisation, target=user, before=before.facts, after=reach.facts
        )


def remove(organisation: Organisation, user: User, *, actor: User) -> None:
    """End a membership; who is none any more is left alone. Raises `Refusal` for the last administrator."""
    with transaction.atomic():
        _lock(organisation)
        before = reach_of(organisation, user)
        if not before.roles:
            return
        _keep_one(organisation, user)
        Membership.objects.filter(organisation=organisation, user=user).delete()
        _end_sessions(user)
        record("member.remove", actor=actor, organisation=organisation, target=user, before=before.facts)


def has_administrator(organisation: Organisation) -> bool:
    """Whether somebody who can sign in administers it."""
    return _administrators(organisation).exists()


def administrators(organisation: Organisation) -> list[User]:
    """Who administers it and can sign in."""
    return list(User.objects.filter(pk__in=_administrators(organisation).values("user")).order_by("pk"))


def _administrators(organisation: Organisation) -> QuerySet[Membership]:
    return Membership.objects.filter(organisation=organisation, role=Role.ADMINISTRATOR, user__is_active=True)


def _keep_one(organisation: Organisation, user: User) -> None:
    mine = _administrators(organisation)
    if mine.filter(user=user).exists() and not mine.exclude(user=user).exists():
        raise Refusal(_("An organisation keeps at least one administrator: name another one first."))


def _is_within(reach: Reach, before: Reach) -> bool:
    if not reach.roles <= before.roles:
        return False
    return before.mailboxes is None or (reach.mailboxes is not None and reach.mailboxes <= before.mailboxes)


def _check(organisation: Organisation, reach: Reach) -> None:
    if not reach.roles or not reach.roles <= set(PEOPLES):
        raise Refusal(_("Choose at least one role."), field="roles")
    check_mailboxes(organisation, reach)
    if reach.mailboxes is not None and not reach.roles - WHOLE:
        raise Refusal(_("An administrator cannot be limited to some mailboxes."), field="mailboxes")


def check_mailboxes(organisation: Organisation, reach: Reach) -> None:
    """Raise `Refusal` unless the mailboxes to which it is limited, if it is, are the organisation's."""
    if reach.mailboxes is None:
        return
    if not reach.mailboxes:
        raise Refusal(_("Choose the mailboxes, or all of them."), field="mailboxes")
    own = apps.get_model("mailboxes.Mailbox")._default_manager.filter(organisation=organisation, pk__in=reach.mailboxes)
    if own.count() != len(reach.mailboxes):
        raise Refusal(_("One of these mailboxes is not there any more."), field="mailboxes")


def write(organisation: Organisation, user: User, reach: Reach, *, whole: frozenset[Role] = WHOLE) -> None:
    """Let somebody's memberships be these, in the caller's transaction; roles in `whole` are never limited."""
    rows = Membership.objects.filter(organisation=organisation, user=user)
    rows.exclude(role__in=reach.roles).delete()
    for role in sorted(reach.roles):
        limited = reach.mailboxes is not None and role not in whole
        row, _made = Membership.objects.update_or_create(
            organisation=organisation, user=user, role=role, defaults={"is_limited": limited}
        )
        row.mailboxes.set(reach.mailboxes or () if limited else ())


def _end_sessions(user: User) -> None:
    User.objects.filter(pk=user.pk).update(session_round=F("session_round") + 1)


def _renew(row: Invitation) -> None:
    row.nonce = secrets.token_urlsafe(32)
    row.invited_at = timezone.now()
    row.expires_at, row.sent_at = row.invited_at + VALID, None


def _open(organisation: Organisation) -> QuerySet[Invitation]:
    return Invitation.objects.filter(organisation=organisation, accepted_at=None, revoked_at=None)


def _lock(organisation: Organisation) -> None:
    Organisation.objects.select_for_update(of=("self",)).get(pk=organisation.pk)


def _locked_open(invitation: Invitation) -> Invitation:
    row = Invitation.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=invitation.pk)
    if not row.is_open:
        raise Refusal(_("This invitation is not open any more."))
    return row
