"""Addresses of campaigns and messages in the API."""

from django.urls import path

from campaigns.api import acting, attachments, campaigns, messages, recipients, results, usage

ONE = "campaigns/<uuid:public_id>/"
FILE = f"{ONE}attachments/<uuid:attachment_id>/"

urlpatterns = [
    path("campaigns/", campaigns.Campaigns.as_view(), name="campaigns"),
    path(ONE, campaigns.OneCampaign.as_view(), name="campaign"),
    path(f"{ONE}recipients/", recipients.Recipients.as_view(), name="campaign_recipients"),
    path(f"{ONE}recipients/problems/", recipients.RecipientProblems.as_view(), name="campaign_problems"),
    path(f"{ONE}attachments/", attachments.Attachments.as_view(), name="campaign_attachments"),
    path(FILE, attachments.OneAttachment.as_view(), name="campaign_attachment"),
    path(f"{ONE}check/", acting.Check.as_view(), name="campaign_check"),
    path(f"{ONE}submit/", acting.Submit.as_view(), name="campaign_submit"),
    path(f"{ONE}approve/", acting.Approve.as_view(), name="campaign_approve"),
    path(f"{ONE}reject/", acting.Reject.as_view(), name="campaign_reject"),
    path(f"{ONE}start/", acting.Start.as_view(), name="campaign_start"),
    path(f"{ONE}pause/", acting.Pause.as_view(), name="campaign_pause"),
    path(f"{ONE}resume/", acting.Resume.as_view(), name="campaign_resume"),
    path(f"{ONE}stop/", acting.Stop.as_view(), name="campaign_stop"),
    path(f"{ONE}counts/", results.Counts.as_view(), name="campaign_counts"),
    path(f"{ONE}forecast/", results.Forecast.as_view(), name="campaign_forecast"),
    path(f"{ONE}messages/", results.CampaignMessages.as_view(), name="campaign_messages"),
    path(f"{ONE}report.csv", results.Report.as_view(), name="campaign_report"),
    path(f"{ONE}evidence/", results.Evidence.as_view(), name="campaign_evidence"),
    path(f"{ONE}evidence/<uuid:package_id>/", results.OnePackage.as_view(), name="campaign_package"),
    path("messages/", messages.Messages.as_view(), name="messages"),
    path("messages/<uuid:public_id>/", messages.OneMessage.as_view(), name="message"),
    path("messages/<uuid:public_id>/receipts/", messages.Receipts.as_view(), name="message_receipts"),
    path("messages/<uuid:public_id>/attempts/", messages.Attempts.as_view(), name="message_attempts"),
    path("messages/<uuid:public_id>/evidence/", messages.Evidence.as_view(), name="message_evidence"),
    path("mailboxes/<uuid:public_id>/usage/", usage.Usage.as_view(), name="mailbox_usage"),
]
