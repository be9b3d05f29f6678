"""Cards of what is outside of the portal: the provider's APIs, the mailboxes' room and allowance, credit, expiries."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, FloatField, QuerySet
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from campaigns import tallying
from campaigns.console import stuck
from campaigns.console.cards import ACT, BAD_RATE, GOOD, LOOK, MANY, OLD, PLAIN, SOON, TERRIBLE_RATE, Card, Line, number
from campaigns.console.items import MOST
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, VendorState
from pecportal import clock
from pecportal.operation import hearing
from pecportal.operation.models import Figure, VendorCall
from pecportal.organisations.models import VendorAccount


def provider() -> Card:
    names = {0: _("The account of the settings"), **dict(VendorAccount.objects.values_list("pk", "name"))}
    lines = [_rate()]
    for row in VendorCall.objects.order_by("account", "api")[:20]:
        is_bad = row.bad_at is not None and (row.good_at is None or row.bad_at > row.good_at)
        title = f"{hearing.APIS.get(row.api, row.api)} · {names.get(row.account, row.account)}"
        text = hearing.sentence(row.problem) if is_bad else _("Its last answer was good.")
        if not is_bad and row.problem and row.bad_at and row.bad_at > clock.now() - OLD:
            text += " " + _("Before: %(problem)s") % {"problem": hearing.sentence(row.problem)}
        url = reverse("admin:organisations_vendoraccount_change", args=[row.account]) if row.account else ""
        url = url or reverse("admin:operation_vendorcall_changelist")
        said = _("last failure %(time)s") if is_bad else _("last answer %(time)s")
        at = row.bad_at if is_bad else row.good_at
        lines.append(Line(title, text, ACT if is_bad else GOOD, url, at, said=said))
    return Card("provider", _("The provider"), tuple(lines), reverse("admin:operation_vendorspan_changelist"))


def _rate() -> Line:
    found = hearing.rate()
    if not found.calls:
        return Line(_("Failures in the last hour"), _("Nothing was asked."), PLAIN)
    tone = ACT if found.percent >= TERRIBLE_RATE else LOOK if found.percent >= BAD_RATE else GOOD
    words = {"percent": number_format(found.percent, 1), "failed": found.failed, "calls": number_format(found.calls)}
    return Line(_("Failures in the last hour"), _("%(percent)s %%: %(failed)s of %(calls)s calls") % words, tone)


def mailboxes() -> Card:
    """Those with the least room first, then those that used most of their day."""
    share = Cast(F("space_used"), FloatField()) / F("space_limit")
    full = _active().filter(space_limit__gt=0).annotate(share=share).order_by("-share")[:MANY]
    used = dict(Figure.objects.filter(kind=tallying.DAY).order_by("-value").values_list("about", "value")[:MOST])
    boxes = {box.pk: box for box in full} | {box.pk: box for box in _active().filter(pk__in=list(used)[:MANY])}
    lines = []
    for box in sorted(boxes.values(), key=lambda each: -(each.space_percent or 0))[:MANY]:
        told = (
            [_("%(percent)s %% of its space") % {"percent": box.space_percent}] if box.space_percent is not None else []
        )
        limit = box.plan.daily_limit if box.plan else None
        if limit:
            words = {
                "used": number(used.get(box.pk, 0)),
                "limit": number(limit),
            }
            told.append(_("%(used)s of %(limit)s messages today") % words)
        nearly = (box.space_percent or 0) >= settings.MAILBOX_FULL_PERCENT - 15 or bool(
            limit and used.get(box.pk, 0) > 0.8 * limit
        )
        tone = ACT if box.is_full else LOOK if nearly else GOOD
        url, said = reverse("admin:mailboxes_mailbox_change", args=[box.pk]), _("read %(time)s")
        lines.append(Line(str(box), " · ".join(told), tone, url, box.space_at, said=said))
    return Card(
        "mailboxes",
        _("Space and allowance"),
        tuple(lines or [Line(_("No mailbox was read yet."), "", PLAIN)]),
        reverse("admin:mailboxes_mailbox_changelist"),
    )


def _active() -> QuerySet[Mailbox]:
    return Mailbox.objects.filter(vendor_state=VendorState.ACTIVE).select_related("plan")


def wallets() -> Card:
    lines = []
    for account in VendorAccount.objects.filter(environment=settings.OPENAPI_ENV).order_by("credit")[:MANY]:
        url = reverse("admin:organisations_vendoraccount_change", args=[account.pk])
        told = (
            _("not read yet")
            if account.credit is None
            else _("%(euros)s euros") % {"euros": number_format(account.credit, 2, force_grouping=True)}
        )
        tone = (
            ACT
            if account.is_low or account.credit == 0
            else LOOK
            if account.credit is None or account.credit_problem
            else GOOD
        )
        if account.credit_problem:
            told += ". " + _("It could not be read since.")
        lines.append(Line(str(account), told, tone, url, account.credit_at, said=_("read %(time)s")))
    if not lines:
        text = _("Its credit is not watched: enter it as an account to have it read every hour.")
        lines.append(
            Line(_("The account of the settings"), text, PLAIN, reverse("admin:organisations_vendoraccount_changelist"))
        )
    return Card("wallets", _("Credit"), tuple(lines), reverse("admin:organisations_vendoraccount_changelist"))


def expiring() -> Card:
    """Mailboxes that expire within a month, passwords that are refused, and a token that nobody renews."""
    now = clock.now()
    lines = []
    for box in _active().filter(expires_at__lt=now + SOON).order_by("expires_at")[:MANY]:
        tone = ACT if box.expires_at is not None and box.expires_at < now + timedelta(days=7) else LOOK
        url, said = reverse("admin:mailboxes_mailbox_change", args=[box.pk]), _("on %(time)s")
        lines.append(Line(str(box), _("The mailbox expires."), tone, url, box.expires_at, said=said))
    page = reverse("console:desk", args=[stuck.DESK.name])
    refused = _active().filter(credentials_state=CredentialsState.REFUSED).order_by("credentials_since")[:MANY]
    told, since = _("Its password is refused."), _("since %(time)s")
    lines += [
        Line(str(box), told, ACT, f"{page}?mailbox={box.pk}", box.credentials_since, said=since) for box in refused
    ]
    if settings.OPENAPI_TOKEN:
        text = _("A token stands in the settings (OPENAPI_TOKEN): the portal cannot renew it, nor tell when it ends.")
        lines.append(Line(_("Token"), text, LOOK))
    return Card(
        "expiring",
        _("Expiries and passwords"),
        tuple(lines or [Line(_("Nothing expires within 30 days; tokens are renewed by themselves."))]),
    )
