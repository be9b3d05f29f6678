"""Addresses as the vendor's: without a slash at the end."""

from django.urls import path

from campaigns.compat import views

urlpatterns = [
    path("send", views.Send.as_view(), name="compat_send"),
    path("send/<str:code>", views.Sent.as_view(), name="compat_sent"),
]
