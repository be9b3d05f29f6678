"""What makes a mailbox usable: the documents, and its own sign-in."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailboxes.examining import LIMIT
from mailboxes.models.papers import PaperKind

MOST_FILES = 20
PICTURES = ".pdf,.jpg,.jpeg,.png,.heic,.heif"
_ASKED: dict[PaperKind, tuple[str | Promise, str | Promise, str]] = {
    PaperKind.SIGNED_FORM: (
        gettext_lazy("Signed activation form"),
        gettext_lazy(
            "All its pages: one PDF, or the photographs of the pages (JPEG, PNG or HEIC), chosen together; or a signed "
            "file (.p7m). At most 10 MB in all."
        ),
        f"{PICTURES},.p7m",
    ),
    PaperKind.IDENTITY: (
        gettext_lazy("Identity document of the applicant"),
        gettext_lazy(
            "Front and back, legible, not expired: one PDF, or the photographs (JPEG, PNG or HEIC), chosen together. "
            "At most 10 MB in all."
        ),
        PICTURES,
    ),
}


class _Files(forms.FileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One file or several: a list."""

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Each of them, as a single one."""
        given = data if isinstance(data, list) and data else [data]
        return [forms.FileField.clean(self, each, initial) for each in given]


class PaperForm(forms.Form):
    """One paper of a hand-in, in one file or, page by page, in several."""

    file = _FilesField(error_messages={"empty": gettext_lazy("The file is empty.")})

    def __init__(self, kind: PaperKind, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files, prefix=kind.value)
        label, help_text, accept = _ASKED[kind]
        field = self.fields["file"]
        field.label, field.help_text = str(label), str(help_text)
        field.widget = _Files(attrs={"accept": accept, "multiple": True})

    def clean_file(self) -> list[UploadedFile[Any]]:
        """Few and small enough."""
        uploads: list[UploadedFile[Any]] = self.cleaned_data["file"]
        if len(uploads) > MOST_FILES:
            raise forms.ValidationError(_("At most %(count)s files at once.") % {"count": MOST_FILES})
        if sum(each.size or 0 for each in uploads) > LIMIT:
            raise forms.ValidationError(
                _("The file is larger than 10 MB.")
                if len(uploads) == 1
                else _("The files are larger than 10 MB in all.")
            )
        return uploads


class HandInForm(forms.Form):
    """What has to be confirmed before the papers go out; nothing, where no signature is lost."""

    knows_loss = forms.BooleanField(
        label=gettext_lazy("I know that the provider gets the form without its digital signature."),
        error_messages={
            "required": gettext_lazy("Confirm that you know that the digital signature does not go along.")
        },
    )

    def __init__(self, *args: Any, loses_signature: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not loses_signature:
            del self.fields["knows_loss"]


class CredentialsForm(forms.Form):
    """The mailbox's own sign-in, as the provider's e-mail gives it."""

    username = forms.CharField(
        label=gettext_lazy("User name"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=gettext_lazy("Usually the mailbox's address."),
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("It is kept encrypted and is never shown again."),
    )
