"""Programs: their keys, what they see, and that people's pages know nothing of them."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Message, Receipt
from campaigns.states import Shown
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations import members
from pecportal.organisations.members import Reach
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, Role, may, people_with
from pecportal.programs import keys, register
from pecportal.programs.keys import Terms
from pecportal.programs.models import ApiKey
from tests import build
from tests.api.build import Caller, caller, program
from tests.campaigns import build as campaigns

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


@pytest.fixture
def head(office: Organisation) -> User:
    return build.user(office, Role.ADMINISTRATOR)


@pytest.fixture
def browser(client: Client, head: User) -> Client:
    client.force_login(head)
    return client


# --- keys


def test_a_key_is_nowhere_but_in_the_answer_that_made_it(office: Organisation) -> None:
    _program, key = program(office)

    assert key.text.startswith("ppk_")
    assert len(key.text) >= 4 + 8 + 43  # 256 bits in base64
    assert key.text[:12] == key.row.prefix
    rest = key.text[12:]
    for model in (ApiKey, Entry, User):
        assert rest not in str(list(model._default_manager.values()))
    assert rest not in repr(key)


def test_a_replaced_key_works_for_a_while_and_never_longer_than_it_did(office: Organisation, head: User) -> None:
    _program, key = program(office, terms=Terms(("127.0.0.0/8",), timezone.now() + timedelta(days=3)))

    new = keys.rotate(key.row, overlap_days=7, actor=head)

    key.row.refresh_from_db()
    assert key.row.expires_at is not None
    assert key.row.expires_at < timezone.now() + timedelta(days=3)
    assert new.row.networks == ["127.0.0.0/8"]
    assert [Caller(each).get("/api/v1/").status_code for each in (key, new)] == [200, 200]
    last = keys.rotate(new.row, overlap_days=0, actor=head)
    assert [Caller(each).get("/api/v1/").status_code for each in (new, last)] == [401, 200]
    with pytest.raises(Refusal):
        keys.rotate(new.row, overlap_days=0, actor=head)


@pytest.mark.parametrize(
    ("networks", "address", "is_good"),
    [
        ((), "203.0.113.9", True),
        (("203.0.113.0/24",), "203.0.113.9", True),
        (("203.0.113.0/24",), "203.0.114.9", False),
        (("203.0.113.0/24",), "::ffff:203.0.113.9", True),
        (("2001:db8::/32",), "203.0.113.9", False),
        (("2001:db8::/32",), "2001:db8::1", True),
        (("203.0.113.0/24",), "", False),
        (("203.0.113.0/24",), "unknown", False),
    ],
)
def test_a_key_works_from_its_networks_alone(networks: tuple[str, ...], address: str, is_good: bool) -> None:
    assert keys.is_from(address, networks) == is_good


def test_a_key_from_elsewhere_is_refused_and_written_down(office: Organisation) -> None:
    one, key = program(office, terms=Terms(("203.0.113.0/24",)))

    answer = Caller(key).get("/api/v1/")

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/network-refused/")
    entry = Entry.objects.get(action="key.refused")
    assert entry.actor == one
    assert entry.facts["prefix"] == key.row.prefix


def test_the_last_use_is_written_once_a_minute(office: Organisation, django_assert_num_queries: object) -> None:
    _program, key = program(office)
    Caller(key).get("/api/v1/")
    key.row.refresh_from_db()
    first = key.row.last_used_at
    assert first is not None

    Caller(key).get("/api/v1/")
    key.row.refresh_from_db()
    assert key.row.last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    Caller(key).get("/api/v1/")
    key.row.refresh_from_db()
    assert key.row.last_used_at > first - timedelta(minutes=1)


def test_other_scopes_hold_at_once(office: Organisation, head: User) -> None:
    one, key = program(office, Role.LOOKUPS)
    url = "/api/v1/lookups/domain/pec.example/"
    assert Caller(key).get(url).status_code == 200

    reach = Reach(frozenset({Role.EVENTS_READ}))
    assert register.change(office, one, reach, networks=(), actor=head)
    assert not register.change(office, one, reach, networks=(), actor=head)

    answer = Caller(key).get(url)
    assert answer.status_code == 403
    assert "lookups" in answer.json()["detail"]


@pytest.mark.parametrize("roles", [frozenset(), frozenset({Role.APPROVER}), frozenset({Role.LOOKUPS, Role.AUDITOR})])
def test_a_program_has_scopes_and_people_have_roles(office: Organisation, head: User, roles: frozenset[Role]) -> None:
    with pytest.raises(Refusal):
        register.make(office, "ERP", Reach(roles), terms=Terms(), actor=head)
    with pytest.raises(Refusal):
        members.invite(office, "a@portale.example", Reach(frozenset({Role.LOOKUPS})), actor=head)


def test_two_programs_of_one_name_would_be_taken_for_one_another(office: Organisation, head: User) -> None:
    one, _key = program(office, name="ERP")
    with pytest.raises(Refusal):
        program(office, name=" ERP ")
    register.end(office, one, actor=head)
    program(office, name="ERP")
    program(build.organisation(), name="ERP")


# --- what it sees


def test_a_program_sees_what_it_made_and_stops_that_alone(office: Organisation) -> None:
    one, _key = program(office)
    other, _other_key = program(office)
    clerk = build.user(office, Role.PREPARER)
    theirs, own = (campaigns.started(clerk, statuses=[Shown.DELIVERED]) for _n in range(2))
    Campaign.objects.filter(pk=own.pk).update(created_by=one)
    own.refresh_from_db()

    assert list(Campaign.objects.visible_to(one, Power.READ)) == [own]
    assert set(Message.objects.visible_to(one, Power.READ).values_list("campaign", flat=True)) == {own.pk}
    assert not Campaign.objects.visible_to(other, Power.READ).exists()
    assert not Message.objects.visible_to(other).exists()
    assert set(Campaign.objects.visible_to(clerk, Power.READ)) == {own, theirs}
    assert may(one, Power.STOP, own)
    assert not may(one, Power.STOP, theirs)
    assert not may(other, Power.STOP, own)
    assert may(one, Power.STOP, office)
    assert not may(one, Power.APPROVE, office)
    assert Mailbox.objects.visible_to(one, Power.SEE).count() == 1


def test_a_program_sees_receipts_of_its_own_messages_alone(office: Organisation) -> None:
    one, _key = program(office)
    clerk = build.user(office, Role.PREPARER)
    campaign = campaigns.started(clerk)
    campaigns.unmatched(campaign.mailbox, "CONSEGNA: Avviso")

    assert Receipt.objects.visible_to(clerk, Power.READ).exists()
    assert not Receipt.objects.visible_to(one, Power.READ).exists()


def test_a_program_may_be_limited_to_some_mailboxes(office: Organisation) -> None:
    mine, others = (build.mailbox(office, address=f"{name}@prova.example") for name in ("uno", "due"))
    one, _key = program(office, Role.MAILBOXES_READ, Role.LOOKUPS, mailboxes=frozenset({mine.pk}))

    assert list(Mailbox.objects.visible_to(one, Power.SEE)) == [mine]
    assert not may(one, Power.SEE, others)
    assert may(one, Power.LOOK_UP, office, whole=True)


# --- what people see of it


def test_programs_are_no_members_and_get_no_letters(browser: Client, office: Organisation, head: User) -> None:
    one, _key = program(office, name="Gestionale")

    assert "Gestionale" not in browser.get(reverse("members")).content.decode()
    assert browser.get(reverse("member", args=[one.pk])).status_code == 404
    for power in Power:
        assert one not in people_with(power, office)
    assert "lookups" not in browser.get(reverse("member_invite")).content.decode()
    assert mail.outbox == []


def test_a_program_signs_in_nowhere(office: Organisation) -> None:
    one, _key = program(office)
    browser = Client()

    browser.force_login(one)  # as if somebody had found a way

    assert browser.get(reverse("home")).status_code == 302
    browser.force_login(one)
    assert browser.get("/api/v1/").status_code == 401


# --- the clerks' page


def form(**more: object) -> dict[str, object]:
    return {"name": "ERP", "scopes": ["lookups"], "lasts": "365", "networks": "127.0.0.1", **more}


def text_in(page: str) -> str:
    return page.partition('id="key"')[2].partition('value="')[2].partition('"')[0]


def test_a_clerk_makes_a_program_and_sees_its_key_once(browser: Client, office: Organisation) -> None:
    answer = browser.post(reverse("program_new"), form())

    assert answer.status_code == 200
    text = text_in(answer.content.decode())
    assert "no-store" in answer.headers["Cache-Control"]
    assert Caller(text).get("/api/v1/").status_code == 200
    row = ApiKey.objects.get()
    assert row.networks == ["127.0.0.1/32"]
    assert row.expires_at is not None
    pages = [reverse("programs"), reverse("program", args=[row.program_id])]
    for url in pages:
        page = browser.get(url).content.decode()
        assert row.prefix in page
        assert text[12:] not in page
    assert browser.post(reverse("program_new"), form()).status_code == 422  # the page loaded again makes no second
    acts = Entry.objects.filter(organisation=office, action__in=["program.make", "key.make"])
    assert acts.count() == 2


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["administrator"]}, {"networks": "nessuna"}, {"lasts": "5"}]
)
def test_a_form_that_is_wrong_makes_nothing(browser: Client, wrong: dict[str, object]) -> None:
    assert browser.post(reverse("program_new"), form(**wrong)).status_code == 422
    assert not ApiKey.objects.exists()


def test_a_clerk_replaces_revokes_and_ends(browser: Client, office: Organisation) -> None:
    one, key = program(office)

    answer = browser.post(reverse("key_rotate", args=[key.row.pk]), {"overlap": "1"})
    text = text_in(answer.content.decode())
    assert [Caller(each).get("/api/v1/").status_code for each in (key, text)] == [200, 200]
    assert browser.post(reverse("key_revoke", args=[key.row.pk])).status_code == 302
    assert [Caller(each).get("/api/v1/").status_code for each in (key, text)] == [401, 200]
    more = text_in(browser.post(reverse("program_key", args=[one.pk]), {"lasts": ""}).content.decode())
    assert Caller(more).get("/api/v1/").status_code == 200
    changed = browser.post(reverse("program_change", args=[one.pk]), {"scopes": ["events:read"]})
    assert changed.status_code == 302
    assert Caller(more).get("/api/v1/").json()["scopes"] == ["events:read"]
    assert browser.post(reverse("program_end", args=[one.pk])).status_code == 302
    assert [Caller(each).get("/api/v1/").status_code for each in (text, more)] == [401, 401]
    assert browser.get(reverse("program_change", args=[one.pk])).status_code == 404
    assert "Ended" in browser.get(reverse("programs")).content.decode()


def test_keys_are_asked_for_by_who_showed_lately_who_they_are(office: Organisation) -> None:
    client = Client()
    client.force_login(build.user(office, Role.ADMINISTRATOR, password="una parola d'ordine"))
    session = client.session
    session["began"] = session["seen"] = timezone.now().timestamp() - 1200
    session["account_authentication_methods"] = []
    session.save()

    answer = client.post(reverse("program_new"), form())

    assert answer.status_code == 302
    assert reverse("account_reauthenticate") in answer.headers["Location"]
    assert not ApiKey.objects.exists()


def test_who_has_another_key_of_the_same_program_is_the_same_program(office: Organisation, head: User) -> None:
    one, key = program(office)
    other = register.another_key(office, one, terms=Terms(), actor=head)
    url = "/api/v1/lookups/company/12485671007/"

    answers = [Caller(each).post(url, Idempotency_Key="ordine") for each in (key, other)]

    assert answers[0].content == answers[1].content
    assert caller(office).post(url, Idempotency_Key="ordine").content != answers[0].content


def test_scopes_stand_on_the_pages_as_the_manual_calls_them(office: Organisation, head: User) -> None:
    one, _key = program(office, Role.CAMPAIGNS_WRITE)
    browser = Client()
    browser.force_login(head)

    for name, arguments in (("program_new", []), ("program", [one.pk]), ("program_change", [one.pk])):
        page = browser.get(reverse(name, args=arguments)).content.decode()
        assert "Prepare campaigns <code>campaigns:write</code>" in page
    assert "Prepare campaigns</p>" in browser.get(reverse("programs")).content.decode()
