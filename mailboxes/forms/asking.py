"""Which mailbox is wanted: its address, its kind, its plan."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailboxes import domains
from mailboxes.models import Mailbox, Plan
from mailboxes.states import Kind

LOCAL_PART = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?", re.ASCII)
DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.ASCII)
OWN = "own"
LONGEST, LONGEST_NAME = 254, 64
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class AddressForm(forms.Form):
    """The address that is wanted: a name and one of the vendor's domains, or an own one. Cleans to `address`.

    It also takes a whole address, as `name` or as the only field `address`.
    """

    name = forms.CharField(
        label=gettext_lazy("Name before the @"),
        max_length=LONGEST,
        widget=forms.TextInput(attrs=_PLAIN),
        help_text=gettext_lazy(
            "Letters without accents, digits, and dots, hyphens or underscores inside: for instance ufficio.tributi"
        ),
        error_messages={"required": gettext_lazy("Write the name that shall stand before the @.")},
    )
    domain = forms.ChoiceField(label=gettext_lazy("What follows the @"), required=False)
    own_domain = forms.CharField(
        label=gettext_lazy("Your own certified domain"),
        max_length=LONGEST,
        required=False,
        widget=forms.TextInput(attrs=_PLAIN | {"inputmode": "url"}),
        help_text=gettext_lazy(
            "Only for bulk sending, and only if the provider has certified the domain for you: for instance "
            "pec.comune.example"
        ),
    )

    def __init__(self, data: Any = None, *, address: str = "", **kwargs: Any) -> None:
        if data is not None and "address" in data and "name" not in data:
            data = self._parted(str(data["address"]))
        elif address:
            kwargs["initial"] = self._parted(address)
        super().__init__(data, **kwargs)
        choices = [(domain, f"@{domain}") for domain in domains.offered()]
        self.fields["domain"] = forms.ChoiceField(
            label=_("What follows the @"),
            required=False,
            choices=[*choices, (OWN, _("A certified domain of our own"))],
            help_text=_("@%(domain)s is for bulk sending: campaigns are sent from such a mailbox.")
            % {"domain": domains.offered()[0]},
        )

    def clean(self) -> dict[str, Any]:
        """In lower case, ASCII, with nothing that a mailbox cannot have; blanks around it do not count."""
        found: dict[str, Any] = super().clean() or {}
        name, domain = str(found.get("name", "")).lower(), str(found.get("domain", ""))
        if domain == OWN:
            domain = str(found.get("own_domain", "")).lower().removeprefix("@")
        if "@" in name:  # a whole address was typed or pasted
            name, _at, domain = name.rpartition("@")
        if not self.errors:
            self._check_name(name)
            self._check_domain(domain, named_by="own_domain" if found.get("domain") == OWN else "name")
        found["address"] = f"{name}@{domain}"
        return found

    def _check_name(self, name: str) -> None:
        if re.search(r"\s", name):
            self.add_error("name", _("An address has no blanks: leave them out, or put dots in their place."))
        elif not name.isascii():
            self.add_error("name", _("An address has no accents: write e in place of è, for instance."))
        elif name.startswith((".", "-", "_")) or name.endswith((".", "-", "_")) or ".." in name:
            self.add_error("name", _("Dots, hyphens and underscores stand between letters or digits, one at a time."))
        elif not LOCAL_PART.fullmatch(name):
            self.add_error(
                "name",
                _("Before the @, use only letters without accents, digits, and dots, hyphens or underscores inside."),
            )
        elif len(name) > LONGEST_NAME:
            self.add_error("name", _("The name before the @ has at most 64 signs."))

    def _check_domain(self, domain: str, *, named_by: str) -> None:
        if not domain:
            sentence = {
                "own_domain": _("Write your own certified domain."),
                "name": _("This is no complete address: it must look like name@pecmassiva.com."),
            }
            self.add_error(named_by, sentence[named_by])
        elif not DOMAIN.fullmatch(domain) or len(domain) > LONGEST - LONGEST_NAME - 1:
            self.add_error(named_by, _("What follows the @ is no domain: it must look like pec.comune.example."))
        elif named_by == "own_domain" and domains.theirs(domain):
            self.add_error(named_by, _("This is the provider's domain: choose it in the list above."))

    @staticmethod
    def _parted(address: str) -> dict[str, str]:
        name, at, domain = address.strip().lower().rpartition("@")
        if not at:
            return {"name": domain}
        own = domain not in domains.offered()
        return {"name": name, "domain": OWN if own else domain, "own_domain": domain if own else ""}


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
        plans = forms.ModelChoiceField(
            queryset=Plan.objects.order_by("name"), required=False, label=_("Plan"), empty_label=None
        )
        self.fields["plan"] = plans

    def clean(self) -> dict[str, Any]:
        """The kind fits the address, and one that sends has a plan."""
        found: dict[str, Any] = super().clean() or {}
        kind = str(found.get("kind", ""))
        if kind:
            self._check_domain(kind)
        if "plan" not in self.errors:
            self._check_plan(kind, found)
        return found

    def _check_domain(self, kind: str) -> None:
        domain = self.instance.address.rpartition("@")[2]
        if domains.fits(kind, domain):
            return
        wanted = domains.DOMAIN_OF.get(kind)
        if wanted:
            sentence = _("Mailboxes of this kind end in @%(domain)s: choose another kind, or change the address.")
        else:
            sentence = _("No mailbox for bulk sending ends in @%(domain)s: choose another kind, or change the address.")
        self.add_error("kind", sentence % {"domain": wanted or domain})

    def _check_plan(self, kind: str, found: dict[str, Any]) -> None:
        plan: Plan | None = found.get("plan")
        if plan and plan.kind != kind:
            plan = None
        if plan and not plan.is_orderable:
            self.add_error("plan", _("This plan is not ordered here: choose another one."))
        if plan is None and kind == Kind.MASSIVE:
            self.add_error("plan", _("A mailbox for bulk sending needs a plan: it says how much may be sent."))
        elif plan is None and kind:
            # the others have at most one plan, which tells what they cost
            plan = Plan.objects.filter(kind=kind, is_orderable=True).order_by("pk").first()
        found["plan"] = plan
