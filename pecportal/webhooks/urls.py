"""Addresses of the webhooks' pages."""

from django.urls import path

from pecportal.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.index, name="index"),
    path("new/", views.new, name="new"),
    path("<int:pk>/", views.webhook, name="webhook"),
    path("<int:pk>/edit/", views.edit, name="edit"),
    path("<int:pk>/secret/", views.secret, name="secret"),
    path("<int:pk>/rotate/", views.rotate, name="rotate"),
    path("<int:pk>/test/", views.test, name="test"),
    path("<int:pk>/on/", views.switch_on, name="switch_on"),
    path("<int:pk>/off/", views.switch_off, name="switch_off"),
    path("<int:pk>/remove/", views.remove, name="remove"),
    path("<int:pk>/again/", views.redeliver_failed, name="redeliver_failed"),
    path("<int:pk>/deliveries/<int:delivery_pk>/", views.delivery, name="delivery"),
    path("<int:pk>/deliveries/<int:delivery_pk>/again/", views.redeliver, name="redeliver"),
]
