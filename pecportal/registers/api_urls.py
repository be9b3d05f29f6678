"""Addresses of look-ups in the API."""

from django.urls import path

from pecportal.registers.api import OneCompany, OneDomain

urlpatterns = [
    path("lookups/company/<str:code>/", OneCompany.as_view(), name="company"),
    path("lookups/domain/<str:domain>/", OneDomain.as_view(), name="domain"),
]
