"""Addresses of events and webhooks in the API."""

from django.urls import path

from pecportal.webhooks import api

urlpatterns = [
    path("events/", api.Events.as_view(), name="events"),
    path("webhooks/", api.Webhooks.as_view(), name="webhooks"),
    path("webhooks/<uuid:public_id>/", api.OneWebhook.as_view(), name="webhook"),
    path("webhooks/<uuid:public_id>/deliveries/", api.Deliveries.as_view(), name="deliveries"),
    path("webhooks/<uuid:public_id>/redeliver/", api.Redeliver.as_view(), name="webhook_redeliver"),
    path("webhooks/<uuid:public_id>/test/", api.Test.as_view(), name="webhook_test"),
    path("webhooks/<uuid:public_id>/rotate-secret/", api.RotateSecret.as_view(), name="webhook_rotate_secret"),
    path(
        "webhooks/<uuid:public_id>/deliveries/<uuid:delivery_id>/redeliver/",
        api.RedeliverOne.as_view(),
        name="delivery_redeliver",
    ),
]
