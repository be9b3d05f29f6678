"""What pays for a mailbox or ends it, and mailboxes that were bought elsewhere."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from mailboxes import orders
from mailboxes.models import Mailbox, Plan


class RenewalForm(forms.Form):
    """How long, at which price. Where the plan's price is known it stands in the choice, and is sent with it.

    What was shown comes back with the form, so that nobody confirms a price or an expiry that they did not see.
    """

    years = forms.ChoiceField()
    price = forms.DecimalField(
        label=gettext_lazy("Price, in euros"),
        min_value=0,
        max_digits=8,
        decimal_places=2,
        localize=True,
        help_text=gettext_lazy("Without VAT, for the whole time, as the provider has told you."),
    )
    confirmed = forms.BooleanField(label=gettext_lazy("I confirm that this price is paid from the provider's account"))
    expires_seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, mailbox: Mailbox, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._mailbox = mailbox
        choices = [self._choice(years) for years in range(1, orders.MOST_YEARS + 1)]
        self.fields["years"] = forms.ChoiceField(
            label=_("For how long"), choices=choices, error_messages={"invalid_choice": _price_changed()}
        )
        if orders.price_of(mailbox, 1) is not None:
            del self.fields["price"]
        self.initial["expires_seen"] = mailbox.expires_at.isoformat() if mailbox.expires_at else ""

    def clean_expires_seen(self) -> datetime | None:
        """The expiry that was shown; None where none was."""
        try:
            return parse_datetime(self.cleaned_data["expires_seen"])
        except ValueError as exc:
            raise forms.ValidationError(_("The page was not sent whole: open it again.")) from exc

    @property
    def chosen(self) -> tuple[int, Decimal]:
        """Years and price of a valid form."""
        years, _space, price = self.cleaned_data["years"].partition(" ")
        return int(years), Decimal(price) if price else self.cleaned_data["price"]

    def _choice(self, years: int) -> tuple[str, str]:
        price = orders.price_of(self._mailbox, years)
        words = ngettext("%(years)s year", "%(years)s years", years) % {"years": years}
        if price is None:
            return str(years), words
        return f"{years} {price}", f"{words}: {number_format(price, 2, force_grouping=True)} €"


def _price_changed() -> str:
    return _("The price has changed: look at it again, and confirm it.")


class RevocationForm(forms.Form):
    """The address, typed by hand."""

    typed = forms.CharField(
        label=gettext_lazy("Type the mailbox's address to confirm"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )


class AdoptForm(forms.Form):
    """The plan under which a found mailbox sends."""

    plan = forms.ModelChoiceField(
        label=gettext_lazy("Plan"),
        queryset=Plan.objects.order_by("name"),
        required=False,
        help_text=gettext_lazy("How much may be sent from it, by its contract."),
    )


class RecordForm(forms.Form):
    """A PEC Massiva mailbox that was bought on the provider's site."""

    address = forms.EmailField(
        label=gettext_lazy("Address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    plan = forms.ModelChoiceField(
        label=gettext_lazy("Plan"),
        queryset=Plan.objects.order_by("name"),
        help_text=gettext_lazy("How much may be sent from it, by its contract."),
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Expires on"),
        required=False,
        widget=forms.DateInput(format="%d/%m/%Y", attrs={"placeholder": gettext_lazy("dd/mm/yyyy")}),
        input_formats=["%d/%m/%Y", "%Y-%m-%d"],
        help_text=gettext_lazy("As dd/mm/yyyy. The portal reminds you of it."),
    )
