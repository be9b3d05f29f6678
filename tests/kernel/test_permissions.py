"""What belongs to others is not there."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404

from mailboxes.models import Mailbox
from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import POWERS, Power, Role, may, require, visible_or_404

pytestmark = pytest.mark.django_db


@pytest.fixture
def ours() -> Organisation:
    return Organisation.objects.create(name="Nostra")


@pytest.fixture
def box(ours: Organisation) -> Mailbox:
    person = User.objects.create_user("altro@portale.example")
    return Mailbox.objects.create(organisation=ours, address="ufficio@prova.example", created_by=person)


def member(organisation: Organisation, *roles: Role) -> User:
    person = User.objects.create_user(f"{len(User.objects.all())}@portale.example")
    for role in roles:
        Membership.objects.create(user=person, organisation=organisation, role=role)
    return person


def test_members_see_what_is_their_organisations_and_strangers_do_not(ours: Organisation, box: Mailbox) -> None:
    other = Organisation.objects.create(name="Altra")

    assert list(Mailbox.objects.visible_to(member(ours, Role.AUDITOR))) == [box]
    assert not Mailbox.objects.visible_to(member(other, Role.ADMINISTRATOR)).exists()
    assert not Mailbox.objects.visible_to(AnonymousUser()).exists()


def test_an_operator_sees_nothing_through_the_portals_own_doors(box: Mailbox) -> None:
    operator = User.objects.create_superuser("operatore@portale.example")

    assert not Mailbox.objects.visible_to(operator).exists()


def test_who_is_switched_off_sees_nothing(ours: Organisation, box: Mailbox) -> None:
    person = member(ours, Role.KEEPER)
    person.is_active = False

    assert not Mailbox.objects.visible_to(person).exists()
    assert not may(person, Power.REGISTER, ours)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("power", Power)
def test_a_role_gives_its_own_powers_and_no_others(ours: Organisation, role: Role, power: Power) -> None:
    person = member(ours, role)

    assert may(person, power, ours) == (power in POWERS[role])
    assert Organisation.objects.visible_to(person, power).exists() == (power in POWERS[role])
    if power not in POWERS[role]:
        with pytest.raises(Http404):
            require(person, power, ours)


def test_a_foreign_row_and_a_missing_one_are_alike(box: Mailbox) -> None:
    stranger = member(Organisation.objects.create(name="Altra"), Role.ADMINISTRATOR)

    for pk in (box.pk, 999_999):
        with pytest.raises(Http404, match=r"^$"):
            visible_or_404(Mailbox.objects.visible_to(stranger), pk=pk)
