"""A simulated vendor on a socket, and somebody who calls it."""

import io
from collections.abc import Iterator

import pytest
from pypdf import PdfWriter

from pecportal.sandbox import Sandbox, serve
from tests.sandbox.callers import BOX, PASSWORD, Caller


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(rate=0)


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    with serve(sandbox) as server:
        yield Caller(sandbox, server.url)


@pytest.fixture
def box(caller: Caller) -> Caller:
    """The caller, who has a mailbox ready to send."""
    caller.sandbox.create_mailbox(BOX, PASSWORD)
    return caller


def pdf(pages: int) -> bytes:
    """A PDF of so many empty pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(595, 842)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture(scope="session")
def one_page() -> bytes:
    return pdf(1)


@pytest.fixture(scope="session")
def two_pages() -> bytes:
    return pdf(2)
