"""What the clerk fills in about contacts."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.models import Contact, ContactGroup
from campaigns.preparing.contacts import Entry


class ContactForm(forms.Form):
    """One contact: what every one has, its groups, and further fields as lines `name = value`."""

    address = forms.CharField(label=_("Certified address"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=255, required=False)
    code = forms.CharField(label=_("VAT number or tax code"), max_length=30, required=False)
    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"),
        queryset=ContactGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    values = forms.CharField(
        label=_("Further fields"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One on each line, such as: sector = schools. They are merge fields of lists made of groups."),
    )

    def __init__(self, *args: Any, groups: "QuerySet[ContactGroup]", contact: Contact | None, **kwargs: Any) -> None:
        if contact is not None:
            further = "\n".join(f"{name} = {value}" for name, value in contact.values.items())
            kwargs["initial"] = {
                "address": contact.address,
                "name": contact.name,
                "code": contact.code,
                "groups": contact.groups.all(),
                "values": further,
            }
        super().__init__(*args, **kwargs)
        _offer(self.fields["groups"], groups)
        if not groups:
            del self.fields["groups"]

    def clean_values(self) -> dict[str, str]:
        """The further fields by name."""
        found: dict[str, str] = {}
        for line in str(self.cleaned_data["values"]).splitlines():
            name, sign, value = line.partition("=")
            if line.strip() and not (sign and name.strip()):
                raise forms.ValidationError(_("Write each further field as: name = value."))
            if line.strip():
                found[name.strip()] = value.strip()
        return found

    def clean(self) -> dict[str, Any]:
        """Without groups to choose from there are none chosen."""
        given = super().clean() or {}
        given.setdefault("groups", [])
        return given

    @property
    def entry(self) -> Entry:
        """What was filled in."""
        data = self.cleaned_data
        return Entry(data["address"], data["name"], data["code"], data["values"])


class GroupForm(forms.Form):
    """The name of a group."""

    name = forms.CharField(label=_("Name of the group"), max_length=100)


class GroupsForm(forms.Form):
    """Groups whose contacts become a list."""

    groups = forms.ModelMultipleChoiceField(
        label=_("Groups"), queryset=ContactGroup.objects.none(), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, groups: "QuerySet[ContactGroup]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["groups"], groups)


class ContactsFileForm(forms.Form):
    """A file of contacts, and the group that they are put into."""

    file = forms.FileField(
        label=_("File with the contacts"),
        help_text=_(
            "CSV, XLSX, XLS or ODS, at most 300,000 rows, with headings. Who is there already is changed by the "
            "address."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods"}),
        error_messages={"empty": _("The file is empty.")},
    )
    group = forms.ModelChoiceField(
        label=_("Put them into the group"),
        queryset=ContactGroup.objects.none(),
        required=False,
        empty_label=_("none"),
    )

    def __init__(self, *args: Any, groups: "QuerySet[ContactGroup]", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _offer(self.fields["group"], groups)


def _offer(field: forms.Field, groups: "QuerySet[ContactGroup]") -> None:
    if isinstance(field, forms.ModelChoiceField):
        field.queryset = groups
