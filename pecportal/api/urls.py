"""Addresses of the kernel's own resources, and of the description of all."""

from django.urls import path

from pecportal.api import documentation
from pecportal.api.root import Index, OneJob

urlpatterns = [
    path("", Index.as_view(), name="index"),
    path("jobs/<uuid:public_id>/", OneJob.as_view(), name="job"),
    path("schema/", documentation.described, name="schema"),
    path("schema.yaml", documentation.described_in_yaml, name="schema_yaml"),
    path("docs/", documentation.swagger, name="docs"),
    path("redoc/", documentation.redoc, name="redoc"),
]
