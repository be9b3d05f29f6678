"""What the clerk fills in for letters, headed papers, and files of single recipients."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from campaigns.forms import ManyFilesField
from campaigns.models import Letterhead


class OwnFilesForm(forms.Form):
    """Files of single recipients, one by one or in archives."""

    upload = ManyFilesField(
        label=_("Files, or ZIP archives of files"),
        help_text=_(
            "Name each file after what stands in one column of the list, such as the tax code: 01234567890.pdf. "
            "An archive may hold up to 10,000 files and 512 MiB."
        ),
        error_messages={"empty": _("The file is empty.")},
    )


class OwnColumnForm(forms.Form):
    """The column of the list that names the files."""

    column = forms.ChoiceField(label=_("The files are named after the column"))

    def __init__(self, *args: Any, columns: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        """`columns` are merge fields with their headings."""
        super().__init__(*args, **kwargs)
        field = self.fields["column"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "---------"), *columns]


class PlaceForm(forms.Form):
    """The row that a file belongs to."""

    line = forms.IntegerField(label=_("Row"), min_value=1, max_value=10**6)


class LetterForm(forms.Form):
    """A letter that is made as PDF for each recipient."""

    letterhead = forms.ModelChoiceField(
        label=_("Letterhead"), queryset=Letterhead.objects.none(), required=False, empty_label=_("None")
    )
    file_name = forms.CharField(
        label=_("Name of the file"),
        max_length=100,
        initial="lettera",
        help_text=_("Each recipient gets the letter as a PDF of this name."),
    )
    protocol = forms.CharField(
        label=_("Protocol number"),
        max_length=100,
        required=False,
        help_text=_("The same for all, or a field of the list, such as {{ protocollo }}."),
    )
    place = forms.CharField(label=_("Place"), max_length=100, required=False)
    dated = forms.DateField(
        label=_("Date"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    subject = forms.CharField(label=_("Subject"), max_length=400, strip=False)
    body = forms.CharField(
        label=_("Text of the letter"),
        strip=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_(
            "Leave an empty line between paragraphs. Simple HTML (bold, links, lists, tables) is allowed, too."
        ),
    )

    def __init__(self, *args: Any, letterheads: QuerySet[Letterhead], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["letterhead"]
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = letterheads


class LetterheadForm(forms.Form):
    """An organisation's headed paper."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("By which you choose it; it is not printed."))
    heading = forms.CharField(
        label=_("Heading"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("The lines beside the picture; the first is printed larger."),
    )
    footer = forms.CharField(
        label=_("Foot"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Address, telephone, tax code. The number of the page is printed beside it."),
    )
    picture = forms.FileField(
        label=_("Picture (coat of arms, logo)"),
        required=False,
        help_text=_("PNG or JPEG, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": ".png,.jpg,.jpeg"}),
    )
    without_picture = forms.BooleanField(label=_("Print no picture"), required=False)

    def __init__(self, *args: Any, has_picture: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_picture:
            del self.fields["without_picture"]
