"""What the clerk fills in. Forms check shapes; the rules live in the work functions."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.dates import WEEKDAYS
from django.utils.formats import localize
from django.utils.translation import gettext_lazy as _

from campaigns.approvals import MANY
from campaigns.models import Campaign, Choice, Role
from campaigns.states import Shown
from mailboxes.models import Mailbox


class BasicsForm(forms.Form):
    """A campaign's name and sender; only mailboxes that may send are offered, and the one chosen before."""

    name = forms.CharField(
        label=_("Name of the campaign"),
        max_length=200,
        help_text=_("For you and your colleagues. Recipients never see it."),
    )
    mailbox = forms.ModelChoiceField(
        label=_("Sender mailbox"), queryset=Mailbox.objects.none(), empty_label=None, widget=forms.RadioSelect
    )

    protocol = forms.CharField(
        label=_("Protocol number"),
        required=False,
        max_length=100,
        help_text=_("If your office has registered it. It stands in the results."),
    )
    reference = forms.CharField(
        label=_("Own reference"),
        required=False,
        max_length=200,
        help_text=_("Anything by which you find it again, such as a file's or a cost centre's number."),
    )

    FURTHER: ClassVar = range(1, 4)

    def __init__(self, *args: Any, mailboxes: Sequence[Mailbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = (self.initial or {}).get("further", [])
        for n in self.FURTHER:
            name, value = known[n - 1] if n <= len(known) else ("", "")
            words = {"number": n}
            self.fields[f"name_{n}"] = forms.CharField(
                label=_("Name of reference %(number)s") % words, required=False, max_length=60, initial=name
            )
            self.fields[f"value_{n}"] = forms.CharField(
                label=_("Value of reference %(number)s") % words, required=False, max_length=200, initial=value
            )
        field = self.fields["mailbox"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Mailbox.objects.filter(pk__in=[mailbox.pk for mailbox in mailboxes])
            if len(mailboxes) == 1:
                field.initial = mailboxes[0]

    def clean(self) -> dict[str, Any]:
        """`further`: the references that have a value, as names and values."""
        given = super().clean() or {}
        pairs = [(f"name_{n}", given.pop(f"name_{n}", ""), given.pop(f"value_{n}", "")) for n in self.FURTHER]
        for field, name, value in pairs:
            if value and not name:
                self.add_error(field, _("Say what this reference is, such as “File” or “Cost centre”."))
        return {**given, "further": [(name, value) for _field, name, value in pairs if value]}

    @property
    def further(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of further references, in pairs."""
        return [(self[f"name_{n}"], self[f"value_{n}"]) for n in self.FURTHER]

    @property
    def has_further(self) -> bool:
        """Whether there is something in those."""
        return any(field.value() for pair in self.further for field in pair)


class ListForm(forms.Form):
    """The file of recipients."""

    file = forms.FileField(
        label=_("File with the recipients"),
        help_text=_(
            "CSV, XLSX, XLS or ODS, at most 32 MiB and 300,000 rows. The first row holds the columns' headings."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods"}),
        error_messages={"empty": _("The file is empty.")},
    )


class PasteForm(forms.Form):
    """Rows copied out of a spreadsheet, or addresses alone."""

    rows = forms.CharField(
        label=_("Rows or addresses"),
        strip=False,
        max_length=1_000_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        help_text=_(
            "Copied from a spreadsheet, or one address on each line. Columns are separated by tabs, semicolons or "
            "commas; headings are not needed."
        ),
    )


class ColumnsForm(forms.Form):
    """What each column of a list is; every one is a merge field besides."""

    def __init__(self, *args: Any, columns: Sequence[str], roles: Mapping[str, int], **kwargs: Any) -> None:
        """`roles` are the columns' positions as far as they are guessed."""
        super().__init__(*args, **kwargs)
        self.columns = columns
        guessed = {position: role for role, position in roles.items()}
        choices = [("", _("Merge field only")), *Role.choices]
        for position, column in enumerate(columns):
            label = column or _("Column %(number)s") % {"number": position + 1}
            self.fields[f"column_{position}"] = forms.ChoiceField(
                label=label,
                required=False,
                choices=choices,
                initial=guessed.get(position, ""),
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    def clean(self) -> dict[str, Any]:
        """Each role at most once, the addresses exactly once."""
        given = super().clean() or {}
        told = [given.get(name, "") for name in self.fields]
        for role in Role:
            if told.count(role.value) > 1:
                raise forms.ValidationError(
                    _("Two columns are marked as “%(role)s”: choose one."), params={"role": role.label}
                )
        if Role.ADDRESS.value not in told:
            raise forms.ValidationError(_("Say which column holds the certified addresses."))
        return given

    @property
    def roles(self) -> dict[str, int]:
        """The columns' positions by what they are."""
        names = {name: position for position, name in enumerate(self.fields)}
        return {role: names[name] for name, role in self.cleaned_data.items() if role}


class TextForm(forms.Form):
    """Subject and text with merge fields."""

    subject = forms.CharField(label=_("Subject"), max_length=400, required=False, strip=False)
    body = forms.CharField(
        label=_("Text"),
        required=False,
        strip=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_(
            "Leave an empty line between paragraphs. Simple HTML (bold, links, lists, tables) is allowed, too."
        ),
    )


class ManyFilesInput(forms.ClearableFileInput):
    """A file chooser for several files at once."""

    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files, each checked as one."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """The files as a list."""
        given = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(one, initial) for one in given] or [super().clean(None, initial)]


class AttachmentForm(forms.Form):
    """Files that go with every message."""

    upload = ManyFilesField(
        label=_("Files to attach"),
        help_text=_("Every recipient gets them. pdf, p7m, jpg, png, xml, docx, xlsx, odt, ods, csv, txt, eml, zip."),
        error_messages={"empty": _("The file is empty.")},
    )


class WhenForm(forms.Form):
    """When a campaign may be sent, and by when it is wanted."""

    opens = forms.TimeField(
        label=_("From what time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    closes = forms.TimeField(
        label=_("Until what time"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=_("Both empty: at any hour. Hours may go over midnight, as from 22:00 until 06:00."),
    )
    weekdays = forms.MultipleChoiceField(
        label=_("On which days"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[(str(day + 1), name) for day, name in WEEKDAYS.items()],
    )
    on_holidays = forms.BooleanField(
        label=_("On public holidays, too"),
        required=False,
        help_text=_("National holidays, Easter Monday included; patron saints' days are not known."),
    )
    starts_at = forms.DateTimeField(
        label=_("Not before"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: as soon as it is started."),
    )
    wanted_by = forms.DateTimeField(
        label=_("To be sent by"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("You are warned if the forecast is later. It holds nothing up and stops nothing."),
    )

    pilot_size = forms.IntegerField(
        label=_("Messages on trial"),
        required=False,
        min_value=0,
        max_value=1000,
        help_text=_(
            "So many go first, alone. The others follow by themselves once the provider has accepted all of them; if "
            "one is refused, the campaign is paused. Empty: all go."
        ),
    )

    def clean_pilot_size(self) -> int:
        """None is 0."""
        return self.cleaned_data["pilot_size"] or 0

    def clean_weekdays(self) -> str:
        """The days as their ISO digits, Monday first."""
        return "".join(sorted(self.cleaned_data["weekdays"]))


class StartForm(forms.Form):
    """The clerk's word that this campaign, as it was shown, may be sent. For many recipients the number is typed in."""

    seen = forms.CharField(widget=forms.HiddenInput)
    count = forms.CharField(label=_("Number of recipients"), required=False)

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.total = campaign.recipients_total
        if self.asks_number:
            self.fields["count"].required = True
            self.fields["count"].help_text = _("Type %(count)s to confirm.") % {"count": localize(self.total)}
        else:
            del self.fields["count"]

    @property
    def asks_number(self) -> bool:
        """Whether the number of recipients has to be typed in."""
        return self.total > MANY

    def clean_count(self) -> str:
        """Digits are compared, however they are grouped."""
        typed = str(self.cleaned_data["count"])
        if "".join(char for char in typed if char.isdecimal()) != str(self.total):
            raise forms.ValidationError(_("This is not the number of recipients."))
        return typed


class CloseForm(forms.Form):
    """Why nothing more is done about messages that did not arrive."""

    reason = forms.CharField(
        label=_("Note"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For instance: sent by registered post on the 3rd. It is kept with each message, under your name."),
    )


class TestForm(forms.Form):
    """Where one message is sent as a test."""

    address = forms.CharField(
        label=_("Your address"),
        max_length=254,
        help_text=_("A certified one, such as the mailbox's own, if its receipts are to be tried, too."),
    )


class RejectForm(forms.Form):
    """Why a campaign is sent back to its preparer."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The preparer is told, and it is kept under your name."),
    )


class DecisionForm(forms.Form):
    """What a person decides about a message in doubt, and why; `seen` says which evidence was on the page."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    choice = forms.ChoiceField(label=_("What is to be done"), choices=Choice.choices, widget=forms.RadioSelect)
    proof = forms.FileField(
        label=_("The receipt, as a file"),
        required=False,
        help_text=_("Only to regard it as sent: the .eml or .pdf file from the mailbox's webmail, at most 30 MB."),
        widget=forms.FileInput(attrs={"accept": ".eml,.pdf"}),
        error_messages={"empty": _("The file is empty.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("It is kept with the decision, under your name."),
    )


class FilterForm(forms.Form):
    """Which messages of a campaign to show. What it does not understand, it leaves out."""

    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All")), *Shown.choices])
    q = forms.CharField(label=_("Recipient, reference or protocol number"), required=False, max_length=254)
    answered = forms.ChoiceField(
        label=_("Replies"),
        required=False,
        choices=[("", _("All")), ("incoming", _("With a reply")), ("anomaly", _("With a possible bounce"))],
    )

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
