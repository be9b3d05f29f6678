"""Second factors are required here, as in use; the other tests do without."""

import pytest
from pytest_django import Settings

from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build

PASSWORD = "quattro cavalli per la strada"


@pytest.fixture(autouse=True)
def _as_in_use(settings: Settings, _installation: None) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


@pytest.fixture
def clerk(office: Organisation) -> User:
    return build.user(office, Role.PREPARER, email="anna@portale.example", password=PASSWORD)


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("olga@portale.example", PASSWORD)
