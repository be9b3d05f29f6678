"""Addresses of the clerks' pages of programs."""

from django.urls import path

from pecportal.programs import views

urlpatterns = [
    path("", views.index, name="programs"),
    path("new/", views.new, name="program_new"),
    path("<int:pk>/", views.program, name="program"),
    path("<int:pk>/change/", views.change, name="program_change"),
    path("<int:pk>/key/", views.another_key, name="program_key"),
    path("<int:pk>/end/", views.end, name="program_end"),
    path("keys/<int:pk>/rotate/", views.rotate, name="key_rotate"),
    path("keys/<int:pk>/revoke/", views.revoke, name="key_revoke"),
]
