"""The API's description: valid, complete, with an example for each operation, and to be read by everybody."""

import json
import re
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from drf_spectacular.validation import validate_schema

from pecportal.api import documentation
from pecportal.api.kinds import KINDS
from tests.api import access
from tests.tenancy import routes

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    answer = Client().get(reverse("api:schema"))
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


def operations(described: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    paths = described["paths"].items()
    return [(path, method, told) for path, each in paths for method, told in each.items() if method in METHODS]


def test_the_generator_warns_of_nothing() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_it_is_openapi_3_1_and_names_this_portal(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    assert described["servers"] == [{"url": django_settings.PORTAL_URL}]
    assert "key" in described["components"]["securitySchemes"]
    validate_schema(described)  # type: ignore[no-untyped-call]


def test_every_resource_and_method_is_described_with_an_example(described: dict[str, Any]) -> None:
    declared = {(name, method) for name, methods in access.TABLE.items() for method in methods}
    declared -= {each for each in declared if each[0].startswith("compat_")}  # which the vendor describes
    assert len(operations(described)) == len(declared)
    for path, method, told in operations(described):
        where = f"{method} {path}"
        assert told.get("summary"), f"{where} has no summary"
        assert len(told.get("description", "")) > 15, f"{where} has no description"
        assert told.get("tags"), f"{where} has no tag"
        assert re.fullmatch("[a-z_]+", told["operationId"]), f"{where}: programs make names of {told['operationId']}"
        good = [answer for status, answer in told["responses"].items() if status.startswith("2")]
        assert good, f"{where} has no answer"
        for answer in good:
            for content in answer.get("content", {}).values():
                is_json = "$ref" in content.get("schema", {})
                assert not is_json or content.get("examples") or content.get("example"), f"{where}: no example"
        taken = told.get("requestBody", {}).get("content", {})
        for kind, content in taken.items():
            assert kind != "application/json" or content.get("examples"), f"{where}: no example of a body"


def test_every_group_says_what_is_in_it_in_the_order_in_which_it_is_read(described: dict[str, Any]) -> None:
    groups = [group["name"] for group in described["tags"]]
    assert all(len(group["description"]) > 20 for group in described["tags"])
    assert set(groups) == {tag for _path, _method, told in operations(described) for tag in told["tags"]}
    assert groups[:4] == ["index", "messages", "campaigns", "mailboxes"]
    campaigns = [
        path.rpartition("}")[2] for path, _method, told in operations(described) if told["tags"] == ["campaigns"]
    ]
    order = [campaigns.index(path) for path in ("/recipients/", "/attachments/", "/check/", "/start/", "/report.csv")]
    assert order == sorted(order)


@pytest.mark.parametrize("language", ["it", "en"])
def test_it_is_in_one_language_whoever_asks_first(language: str) -> None:
    documentation._texts.cache_clear()

    told = Client().get(reverse("api:schema"), headers={"Accept-Language": language}).json()

    assert told["paths"]["/api/v1/"]["get"]["responses"]["400"]["description"] == "The request is not valid"
    documentation._texts.cache_clear()


def test_the_errors_of_each_method_are_described(described: dict[str, Any]) -> None:
    for path, method, told in operations(described):
        wanted = {"400", "401", "403", "406", "413", "429", "503"}
        wanted |= {"404"} if "{" in path else set()
        wanted |= {"409", "415"} if method != "get" else set()
        assert wanted <= set(told["responses"]), f"{method} {path}"
        for status in wanted:
            assert list(told["responses"][status]["content"]) == ["application/problem+json"]


def test_bodies_take_nothing_that_is_not_described(described: dict[str, Any]) -> None:
    components = described["components"]["schemas"]
    for _path, _method, told in operations(described):
        for content in told.get("requestBody", {}).get("content", {}).values():
            name = content["schema"].get("$ref", "").rpartition("/")[2]
            assert not name or components[name].get("additionalProperties") is False, name


def test_nothing_of_it_is_kept_from_anybody() -> None:
    client = Client()
    for name in access.OPEN:
        assert client.get(reverse(f"api:{name}")).status_code == 200
    tag = client.get(reverse("api:schema")).headers["ETag"]
    assert client.get(reverse("api:schema"), headers={"If-None-Match": tag}).status_code == 304
    assert client.get(reverse("api:schema_yaml")).content.startswith(b"openapi: 3.1")


def test_every_kind_of_problem_has_a_page() -> None:
    client = Client()
    listed = client.get(reverse("api_problems")).content.decode()
    for slug, kind in KINDS.items():
        url = reverse("api_problem", args=[slug])
        assert url in listed
        assert str(kind.status) in client.get(url).content.decode()
    assert client.get(reverse("api_problem", args=["none"])).status_code == 404


def test_the_addresses_of_the_tests_table_are_those_of_the_resolver() -> None:
    names = {route.name.removeprefix("api:") for route in routes.every() if route.name.startswith("api:")}
    assert names == set(access.TABLE) | access.OPEN
