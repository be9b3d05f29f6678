"""Which messages and items to show. What these forms do not understand, they leave out."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from campaigns.states import Shown
from mailboxes.models import Mailbox


class FilterForm(forms.Form):
    """Which messages of a campaign to show. What it does not understand, it leaves out."""

    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All")), *Shown.choices])
    q = forms.CharField(label=_("Recipient, reference or protocol number"), required=False, max_length=254)
    answered = forms.ChoiceField(
        label=_("Replies"),
        required=False,
        choices=[("", _("All")), ("incoming", _("With a reply")), ("anomaly", _("With a possible bounce"))],
    )
    mailbox = forms.ChoiceField(label=_("Sender"), required=False)

    def __init__(self, *args: Any, mailboxes: Sequence[Mailbox] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(mailboxes) < 2:
            del self.fields["mailbox"]
            return
        field = self.fields["mailbox"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("All")), *((str(mailbox.pk), mailbox.address) for mailbox in mailboxes)]

    @property
    def wanted(self) -> dict[str, str]:
        """The filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class DeskForm(forms.Form):
    """Which items of the desk to show. What it does not understand, it leaves out."""

    mailbox_choice = forms.ChoiceField(label=_("Mailbox"), required=False)
    show = forms.ChoiceField(
        label=_("Items"),
        required=False,
        choices=[
            ("open", _("To be matched")),
            ("ignored", _("Put aside")),
            ("linked", _("Given to a message")),
            ("all", _("All")),
        ],
    )
    older_than = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def __init__(self, *args: Any, mailboxes: Iterable[Mailbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mailbox_choice"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", _("All")), *((str(mailbox.pk), mailbox.address) for mailbox in mailboxes)]
        self.is_valid()

    @property
    def mailbox(self) -> int | None:
        """The mailbox's id; None for all."""
        chosen = self.cleaned_data.get("mailbox_choice")
        return int(chosen) if chosen else None

    @property
    def view(self) -> str:
        """One of the desk's views."""
        return self.cleaned_data.get("show") or "open"

    @property
    def before(self) -> int | None:
        """Only items with a smaller id are shown."""
        return self.cleaned_data.get("older_than")


class LinkForm(forms.Form):
    """The reference of the message to which an item belongs."""

    ref = forms.CharField(
        label=_("Reference of the message"),
        max_length=20,
        help_text=_("It stands behind “Rif.” in the subject, and on the message's page."),
    )
