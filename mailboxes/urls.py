"""Addresses of the mailboxes' pages."""

from django.urls import path

from mailboxes import views

app_name = "mailboxes"
urlpatterns = [
    path("", views.index, name="index"),
    path("start/", views.start, name="start"),
    path("availability/", views.availability, name="availability"),
    path("places/", views.suggestions, name="places"),
    path("expiries/", views.expiries, name="expiries"),
    path("record/", views.record, name="record"),
    path("found/<int:pk>/", views.adopt, name="adopt"),
    path("callback/<str:token>/", views.callback, name="callback"),
    path("<int:pk>/", views.detail, name="detail"),
    path("<int:pk>/registration/review/", views.review, name="review"),
    path("<int:pk>/registration/submit/", views.submit, name="submit"),
    path("<int:pk>/registration/discard/", views.discard, name="discard"),
    path("<int:pk>/registration/again/", views.ask_again, name="ask_again"),
    path("<int:pk>/registration/<slug:step>/", views.step, name="step"),
    path("<int:pk>/hand-in/again/", views.hand_in_again, name="hand_in_again"),
    path("<int:pk>/form/", views.activation_form, name="form"),
    path("<int:pk>/documents/", views.documents, name="documents"),
    path("<int:pk>/documents/<slug:kind>/", views.put_paper, name="put_paper"),
    path("<int:pk>/documents/<slug:kind>/back/", views.take_paper_back, name="take_paper_back"),
    path("<int:pk>/documents/<slug:kind>/again/", views.use_paper_again, name="use_paper_again"),
    path("<int:pk>/papers/<int:number>/", views.paper, name="paper"),
    path("<int:pk>/papers/<int:number>/pages/<int:page>/", views.page_picture, name="page_picture"),
    path("<int:pk>/credentials/", views.credentials, name="credentials"),
    path("<int:pk>/credentials/test/", views.test_credentials, name="test_credentials"),
    path("<int:pk>/renew/", views.renew, name="renew"),
    path("<int:pk>/revoke/", views.revoke, name="revoke"),
    path("<int:pk>/order/confirm/", views.confirm_order, name="confirm_order"),
    path("<int:pk>/order/withdraw/", views.withdraw_order, name="withdraw_order"),
    path("<int:pk>/order/settle/", views.settle_order, name="settle_order"),
    path("<int:pk>/refresh/", views.refresh, name="refresh"),
]
