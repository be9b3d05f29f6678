"""Addresses of mailboxes in the API; what they sent is told by the campaigns' (`usage`)."""

from django.urls import path

from mailboxes.api import activating, living, registering

_ONE = "mailboxes/<uuid:public_id>/"
urlpatterns = [
    path("mailboxes/", registering.Mailboxes.as_view(), name="mailboxes"),
    path("mailboxes/availability/", registering.Availability.as_view(), name="mailbox_availability"),
    path(_ONE, registering.OneMailbox.as_view(), name="mailbox"),
    path(f"{_ONE}activation-form/", activating.ActivationForm.as_view(), name="mailbox_activation_form"),
    path(f"{_ONE}documents/", activating.Documents.as_view(), name="mailbox_documents"),
    path(f"{_ONE}credentials/", activating.Credentials.as_view(), name="mailbox_credentials"),
    path(f"{_ONE}renew/", living.Renewal.as_view(), name="mailbox_renew"),
    path(f"{_ONE}revoke/", living.Revocation.as_view(), name="mailbox_revoke"),
    path(f"{_ONE}quota/", living.Quota.as_view(), name="mailbox_quota"),
    path(f"{_ONE}timeline/", living.Timeline.as_view(), name="mailbox_timeline"),
]
