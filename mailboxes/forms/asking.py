"""Which mailbox is wanted: its address, its kind, its plan."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailboxes.models import Mailbox, Plan
from mailboxes.states import Kind

LOCAL_PART = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)
LEGALMAIL, MASSIVE, DOMICILE = "legalmail.it", "pecmassiva.com", "domiciliodigitale.com"
# where mailboxes of a kind can only be; those for bulk sending may have a domain of one's own
DOMAIN_OF = {
    Kind.DOMICILE.value: DOMICILE,
    Kind.STANDARD.value: LEGALMAIL,
    Kind.BRONZE.value: LEGALMAIL,
    Kind.SILVER.value: LEGALMAIL,
    Kind.GOLD.value: LEGALMAIL,
}


class AddressForm(forms.Form):
    """The address that is wanted."""

    address = forms.EmailField(
        label=gettext_lazy("Address"),
        max_length=254,
        help_text=gettext_lazy("For bulk sending: a name of your choice, followed by @pecmassiva.com."),
        widget=forms.EmailInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"invalid": gettext_lazy("This is no complete address: it must look like name@pecmassiva.com.")},
    )

    def clean_address(self) -> str:
        """In lower case, ASCII, with nothing that a mailbox cannot have."""
        address: str = self.cleaned_data["address"].strip().lower()
        name = address.rpartition("@")[0]
        if not address.isascii() or not LOCAL_PART.fullmatch(name) or ".." in name:
            raise forms.ValidationError(
                _("Before the @, use only letters without accents, digits, and dots, hyphens or underscores inside.")
            )
        return address


class KindForm(forms.ModelForm[Mailbox]):
    """Which kind of mailbox, and under which plan it may send."""

    autorinnovo = forms.BooleanField(
        label=gettext_lazy("Renew by itself when it expires"),
        required=False,
        help_text=gettext_lazy("The provider then takes the price of the renewal from the portal's account."),
    )

    class Meta:
        model = Mailbox
        fields = ("kind", "plan")
        labels = {"plan": gettext_lazy("Plan"), "kind": gettext_lazy("Kind of mailbox")}  # noqa: RUF012 (Django's way)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = forms.ModelChoiceField(queryset=Plan.objects.order_by("name"), required=False, label=_("Plan"))
        plans.help_text = _(
            "Needed for bulk sending: how much your contract lets you send. The portal never sends more."
        )
        self.fields["plan"] = plans

    def clean(self) -> dict[str, Any]:
        """The kind fits the address, and one that sends has a plan."""
        found: dict[str, Any] = super().clean() or {}
        kind = found.get("kind", "")
        if kind == Kind.MASSIVE and not found.get("plan") and "plan" not in self.errors:
            self.add_error("plan", _("A mailbox for bulk sending needs a plan: it says how much may be sent."))
        domain = self.instance.address.rpartition("@")[2]
        wanted = DOMAIN_OF.get(kind)
        if wanted and not _lies_in(domain, wanted):
            sentence = _("Mailboxes of this kind end in @%(domain)s: choose another kind, or change the address.")
            self.add_error("kind", sentence % {"domain": wanted})
        if kind == Kind.MASSIVE and any(_lies_in(domain, theirs) for theirs in set(DOMAIN_OF.values())):
            sentence = _("No mailbox for bulk sending ends in @%(domain)s: choose another kind, or change the address.")
            self.add_error("kind", sentence % {"domain": domain})
        return found


def _lies_in(domain: str, above: str) -> bool:
    """Also below: the vendor's test environment has domains such as test.pecmassiva.com."""
    return domain == above or domain.endswith(f".{above}")
