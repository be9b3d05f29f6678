"""Addresses of campaigns."""

from django.urls import path

from campaigns.views import lists, preparing, starting, watching

app_name = "campaigns"
urlpatterns = [
    path("", watching.index, name="index"),
    path("new/", preparing.new, name="new"),
    path("<int:pk>/", watching.detail, name="detail"),
    path("<int:pk>/live/", watching.live, name="live"),
    path("<int:pk>/messages/", watching.messages, name="messages"),
    path("<int:pk>/messages/<int:message_pk>/", watching.message, name="message"),
    path("<int:pk>/messages/<int:message_pk>/text/", watching.message_body, name="message_body"),
    path("<int:pk>/results.csv", watching.results, name="results"),
    path("<int:pk>/sender/", preparing.edit, name="edit"),
    path("<int:pk>/recipients/", lists.recipients, name="recipients"),
    path("<int:pk>/recipients/skip/", lists.skip, name="skip"),
    path("<int:pk>/text/", preparing.text, name="text"),
    path("<int:pk>/text/check/", preparing.check_text, name="check_text"),
    path("<int:pk>/attachments/", lists.attachments, name="attachments"),
    path("<int:pk>/attachments/<int:attachment_pk>/", lists.attachment, name="attachment"),
    path("<int:pk>/attachments/<int:attachment_pk>/remove/", lists.detach, name="detach"),
    path("<int:pk>/preview/", preparing.show_preview, name="preview"),
    path("<int:pk>/preview/text/", preparing.preview_body, name="preview_body"),
    path("<int:pk>/start/", starting.start, name="start"),
    path("<int:pk>/pause/", starting.pause, name="pause"),
    path("<int:pk>/resume/", starting.resume, name="resume"),
    path("<int:pk>/cancel/", starting.cancel, name="cancel"),
]
