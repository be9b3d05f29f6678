"""Addresses of the look-ups' pages."""

from django.urls import path

from pecportal.registers import views

app_name = "registers"
urlpatterns = [
    path("", views.index, name="index"),
    path("domain/", views.domain, name="domain"),
    path("<int:pk>/", views.lookup, name="lookup"),
    path("<int:pk>/csv/", views.download, name="download"),
]
