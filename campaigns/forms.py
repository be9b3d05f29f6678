"""What the clerk fills in. Forms check shapes; the rules live in the work functions."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.formats import localize
from django.utils.translation import gettext_lazy as _

from campaigns.models import Campaign
from campaigns.states import Shown
from mailboxes.models import Mailbox

MANY = 1_000  # above so many recipients their number is typed in before the start


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

    def __init__(self, *args: Any, mailboxes: Sequence[Mailbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["mailbox"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = Mailbox.objects.filter(pk__in=[mailbox.pk for mailbox in mailboxes])
            if len(mailboxes) == 1:
                field.initial = mailboxes[0]


class ListForm(forms.Form):
    """The file of recipients, and which of its columns holds the addresses, if the clerk has to say so."""

    file = forms.FileField(
        label=_("File with the recipients"),
        help_text=_(
            "CSV, XLSX, XLS or ODS, at most 32 MiB and 300,000 rows. The first row holds the columns' headings."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,.xls,.ods"}),
        error_messages={"empty": _("The file is empty.")},
    )
    column = forms.CharField(
        label=_("Heading of the column with the addresses"),
        required=False,
        max_length=255,
        help_text=_("Only if it is not found by itself: headings such as “pec” or “email” are."),
    )

    def __init__(self, *args: Any, columns: Sequence[str] = (), **kwargs: Any) -> None:
        """`columns` are the headings of a file that was refused, for the clerk to choose among."""
        super().__init__(*args, **kwargs)
        if columns:
            choices = [("", "---------"), *((column, column) for column in columns if column)]
            self.fields["column"].widget = forms.Select(choices=choices)


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


class FilterForm(forms.Form):
    """Which messages of a campaign to show. What it does not understand, it leaves out."""

    status = forms.ChoiceField(label=_("Status"), required=False, choices=[("", _("All")), *Shown.choices])
    q = forms.CharField(label=_("Recipient or reference"), required=False, max_length=254)

    @property
    def wanted(self) -> dict[str, str]:
        """The filters that are set and make sense."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
