"""A real browser at the running portal: pages at two sizes, pictures of them, and what no page may do."""

import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from pecportal.organisations.models import User

FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-gpu",
]
DESKTOP, PHONE = (1280, 900), (375, 812)
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
INK = 200  # dark pixels that a line of text has at least

Complaints = dict[Page, list[str]]
SignIn = Callable[[Page, User], None]
Look = Callable[[Page, str], None]
Accessible = Callable[[Page], None]
ReadLetter = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, started once; where there is none the test is skipped and says so."""
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium libatomic1)")
    Path(django_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # whitenoise warns when there is none
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()
        # while Playwright's loop runs, Django keeps this thread's connections apart from those before and after it
        connections.close_all()


@pytest.fixture
def language() -> str:
    """What the browser asks for; a test module may override it."""
    return "en-GB"


@pytest.fixture
def complaints() -> Complaints:
    """What each page complained of so far: errors in its console, refusals by the CSP, files not found."""
    return {}


@pytest.fixture
def page(chromium: Browser, live_server: LiveServer, language: str, complaints: Complaints) -> Iterator[Page]:
    """A page on a desktop screen; addresses are relative to the portal."""
    yield from _page(chromium, live_server, language, complaints, DESKTOP)


@pytest.fixture
def phone(chromium: Browser, live_server: LiveServer, language: str, complaints: Complaints) -> Iterator[Page]:
    """A page on a telephone."""
    yield from _page(chromium, live_server, language, complaints, PHONE)


@pytest.fixture
def sign_in(live_server: LiveServer) -> SignIn:
    """Sign a person in without the form: `sign_in(page, user)`."""

    def act(page: Page, user: User) -> None:
        client = Client()
        client.force_login(user)
        name = django_settings.SESSION_COOKIE_NAME
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])

    return act


@pytest.fixture
def look(complaints: Complaints) -> Look:
    """Look at a page: `look(page, "home")` fails on what it complained of, and keeps a picture in $SCREENSHOTS."""

    def act(page: Page, name: str) -> None:
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            _photograph(page, Path(folder), name)
        # a busy machine may only have begun with the page that was asked for
        page.wait_for_load_state("load")
        expect(page.locator("body")).to_be_attached()
        assert complaints[page] == []
        too_wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert too_wide <= 0, f"{name} is {too_wide} pixels wider than its screen"

    return act


@pytest.fixture
def read_letter() -> ReadLetter:
    """Read the letter in its frame: `read_letter(page, "Gentile …")` fails unless the words are there and drawn."""

    def act(page: Page, words: str) -> None:
        frame = page.locator(".campaign-letter iframe")
        expect(frame.content_frame.get_by_text(words)).to_be_visible()
        for _ in range(20):
            picture = Image.open(io.BytesIO(frame.screenshot())).convert("L")
            if sum(picture.histogram()[:128]) >= INK:
                return
            page.wait_for_timeout(250)
        raise AssertionError("The letter's frame is blank.")

    return act


@pytest.fixture
def accessible() -> Accessible:
    """Ask axe about a page: `accessible(page)` fails on any violation."""

    def act(page: Page) -> None:
        # without `preload` axe would put styles of its own into the page, which the CSP refuses
        found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False})
        assert found.violations_count == 0, found.generate_report()

    return act


def _page(
    chromium: Browser, live_server: LiveServer, language: str, complaints: Complaints, size: tuple[int, int]
) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=live_server.url,
        locale=language,
        timezone_id="Europe/Rome",
        viewport={"width": size[0], "height": size[1]},
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    complaints[page] = []
    page.on("console", lambda message: _hear(message, complaints[page]))
    page.on("pageerror", lambda error: complaints[page].append(f"script: {error}"))
    page.on("response", lambda response: _watch(response, complaints[page]))
    yield page
    heard = complaints[page]
    context.close()
    assert heard == []


def _photograph(page: Page, folder: Path, name: str) -> None:
    """A picture of the whole page. The window grows to it: Chromium draws no sandboxed frame outside of its window."""
    screen = page.viewport_size or {"width": DESKTOP[0], "height": DESKTOP[1]}
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": screen["width"], "height": max(height, screen["height"])})
    page.wait_for_timeout(300)
    page.screenshot(path=folder / f"{name}-{screen['width']}.png")
    page.set_viewport_size(screen)


def _hear(message: ConsoleMessage, complaints: list[str]) -> None:
    # an answer of 4xx or 5xx is an error in the console too; `_watch` tells those that matter
    if message.type == "error" and not message.text.startswith("Failed to load resource"):
        complaints.append(f"console: {message.text}")


def _watch(response: Response, complaints: list[str]) -> None:
    if response.status >= 400 and response.request.resource_type != "document":
        complaints.append(f"{response.status}: {response.url}")
