"""Addresses of the journal's pages."""

from django.urls import path

from pecportal.journal import views

app_name = "journal"
urlpatterns = [
    path("", views.index, name="index"),
    path("verify/", views.verify, name="verify"),
    path("export.<str:kind>", views.export, name="export"),
]
