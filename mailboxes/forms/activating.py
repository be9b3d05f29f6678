"""What makes a mailbox usable: the documents, and its own sign-in."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mailboxes.papers import LIMIT

ACCEPT = ".pdf,.jpg,.jpeg,.png"


class DocumentsForm(forms.Form):
    """The signed form and the identity document."""

    signed_form = forms.FileField(
        label=gettext_lazy("Signed activation form"),
        help_text=gettext_lazy("All its pages, signed by hand. A PDF, or a JPEG or PNG picture, of at most 10 MB."),
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )
    identity = forms.FileField(
        label=gettext_lazy("Identity document of the applicant"),
        help_text=gettext_lazy(
            "Front and back, legible, not expired. A PDF, or a JPEG or PNG picture, of at most 10 MB."
        ),
        widget=forms.FileInput(attrs={"accept": ACCEPT}),
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )

    def clean_signed_form(self) -> UploadedFile[Any]:
        """Small enough."""
        return self._sized("signed_form")

    def clean_identity(self) -> UploadedFile[Any]:
        """Small enough."""
        return self._sized("identity")

    def _sized(self, name: str) -> UploadedFile[Any]:
        upload: UploadedFile[Any] = self.cleaned_data[name]
        if upload.size is None or upload.size > LIMIT:
            raise forms.ValidationError(_("The file is larger than 10 MB."))
        return upload


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
