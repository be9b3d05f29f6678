"""Addresses of the mailboxes' pages."""

from django.urls import path

from mailboxes import views

app_name = "mailboxes"
urlpatterns = [
    path("", views.index, name="index"),
    path("start/", views.start, name="start"),
    path("availability/", views.availability, name="availability"),
    path("callback/<str:token>/", views.callback, name="callback"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/registration/review/", views.review, name="review"),
    path("<int:pk>/registration/submit/", views.submit, name="submit"),
    path("<int:pk>/registration/again/", views.ask_again, name="ask_again"),
    path("<int:pk>/registration/<slug:step>/", views.step, name="step"),
    path("<int:pk>/form/", views.activation_form, name="form"),
    path("<int:pk>/documents/", views.documents, name="documents"),
    path("<int:pk>/credentials/", views.credentials, name="credentials"),
    path("<int:pk>/credentials/test/", views.test_credentials, name="test_credentials"),
    path("<int:pk>/refresh/", views.refresh, name="refresh"),
]
