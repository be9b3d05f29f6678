"""Attachments looked into: names cleaned, content and ending agreed, nothing hostile kept."""

import hashlib
import io
import stat
import time
import zipfile
from base64 import encodebytes
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfWriter

from campaigns import archives, files
from campaigns.files import FileProblem

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "signed"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20
CMS = bytes.fromhex("308201000609 2a864886f70d010702 a082".replace(" ", "")) + b"\x00" * 200
BER = bytes.fromhex("30800609 2a864886f70d010702 a080".replace(" ", "")) + b"\x00" * 200
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


def pdf(*, password: str = "") -> bytes:
    writer, buffer = PdfWriter(), io.BytesIO()
    writer.add_blank_page(200, 200)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    writer.write(buffer)
    return buffer.getvalue()


def zipped(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


DOCX = zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"})
XLSX = zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<w/>"})
ODT = zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": b"<c/>"})
ODS = zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<c/>"})
ZIP = zipped({"lettera.pdf": b"%PDF-1.4", "sotto/città.txt": b"ciao"})


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return path


def problem_of(tmp_path: Path, content: bytes, name: str) -> str:
    with pytest.raises(FileProblem) as caught:
        files.sniff(written(tmp_path, content), name=name)
    assert str(caught.value)
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("a.pdf", pdf(), "application/pdf"),
        ("A.PDF", b"\n\n" + pdf(), "application/pdf"),
        ("a.pdf.p7m", CMS, "application/pkcs7-mime"),
        ("a.xml.p7m", BER, "application/pkcs7-mime"),
        ("a.p7m", encodebytes(CMS), "application/pkcs7-mime"),
        ("a.p7m", b"-----BEGIN PKCS7-----\n" + encodebytes(CMS) + b"-----END PKCS7-----\n", "application/pkcs7-mime"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.png", PNG, "image/png"),
        ("a.xml", b"\xef\xbb\xbf <?xml version='1.0'?><a/>", "application/xml"),
        ("a.xml", "<a>città</a>".encode("utf-16"), "application/xml"),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.odt", ODT, "application/vnd.oasis.opendocument.text"),
        ("a.ods", ODS, "application/vnd.oasis.opendocument.spreadsheet"),
        ("a.csv", "a;città\n".encode("cp1252"), "text/csv"),
        ("a.txt", "città".encode("utf-16"), "text/plain"),
        ("a.eml", b"Received: from x\r\nSubject: y\r\n\r\nz", "message/rfc822"),
        ("a.zip", ZIP, "application/zip"),
    ],
    ids=range(19),
)
def test_what_may_be_sent_is_announced_by_our_own_list(
    tmp_path: Path, name: str, content: bytes, content_type: str
) -> None:
    found = files.sniff(written(tmp_path, content), name=f"C:\\Documenti\\{name}")

    assert (found.name, found.content_type, found.size) == (name, content_type, len(content))
    assert found.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"ciao", "type_mismatch"),
        ("a.pdf", PNG, "type_mismatch"),
        ("a.pdf", b"%PDF-1.4 ma solo all'inizio", "broken"),
        ("a.pdf", pdf()[:200], "broken"),
        ("a.pdf", pdf(password="segreta"), "encrypted"),
        ("a.png", JPEG, "type_mismatch"),
        ("a.jpg", PNG, "type_mismatch"),
        ("a.p7m", b"ok", "type_mismatch"),
        ("a.p7m", pdf(), "type_mismatch"),
        ("a.p7m", b"0" * 1000, "type_mismatch"),
        ("a.xml", b"ciao", "type_mismatch"),
        ("a.txt", b"a\x00b", "type_mismatch"),
        ("a.eml", b"ciao", "type_mismatch"),
        ("a.docx", XLSX, "type_mismatch"),
        ("a.xlsx", ZIP, "type_mismatch"),
        ("a.odt", ODS, "type_mismatch"),
        ("a.zip", pdf(), "type_mismatch"),
        ("a.docx", OLE, "encrypted"),
        ("a.docx", b"PK\x03\x04 ma rotto", "broken"),
        ("a.zip", ZIP[:-30], "broken"),
        ("a.zip", zipped({"dentro.zip": ZIP}), "type_not_allowed"),
        ("a.zip", zipped({"../fuori.txt": b"x"}), "broken"),
        ("a.zip", zipped({"/etc/passwd": b"x"}), "broken"),
        ("a.zip", zipped({"C:\\a.txt": b"x"}), "broken"),
        ("a.zip", zipped({"a.exe": b"x"}), "executable"),
        ("a.zip", zipped({"a.pdf": b"MZ\x90"}), "executable"),
        ("a.zip", zipped({"a.txt": b"\x00" * (30 * 2**20)}), "broken"),
        ("a.docx", zipped({"word/a.xml": b"", "word/vbaProject.bin": b"x"}), "executable"),
        ("a.exe", pdf(), "executable"),
        ("fattura.pdf.exe", pdf(), "executable"),
        ("fattura\u202efdp.exe", b"x", "executable"),
        ("a.pdf", b"MZ\x90\x00" + pdf(), "executable"),
        ("a.txt", b"#!/bin/sh\n", "executable"),
        ("a.xlsm", XLSX, "executable"),
        ("a.doc", OLE, "type_not_allowed"),
        ("a.html", b"<html>", "type_not_allowed"),
        ("a.svg", b"<svg/>", "type_not_allowed"),
        ("pdf", pdf(), "type_not_allowed"),
        ("...", pdf(), "name"),
        ("\x00\u202e", pdf(), "name"),
    ],
    ids=range(41),
)
def test_anything_else_is_refused_by_name(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    began = time.monotonic()

    assert problem_of(tmp_path, content, name) == code
    assert time.monotonic() - began < 5


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")

    assert problem_of(tmp_path, buffer.getvalue(), "a.zip") == "broken"


def test_a_file_that_no_message_can_carry_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    with path.open("wb") as file:
        file.truncate(74 * 10**6)
    began = time.process_time()

    with pytest.raises(FileProblem) as caught:
        files.sniff(path, name="a.pdf")
    assert caught.value.code == "too_big"
    assert time.process_time() - began < 0.1


def test_a_pdf_without_end_is_given_up(tmp_path: Path) -> None:
    pages = b"".join(b"%d 0 obj<</Type/Pages/Kids[%d 0 R]/Count 1>>endobj\n" % (n, n + 1) for n in range(2, 30_000))
    content = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n" + pages + b"trailer<</Root 1 0 R>>"
    began = time.monotonic()

    assert problem_of(tmp_path, content, "a.pdf") == "broken"
    assert time.monotonic() - began < 6


@pytest.mark.parametrize("size", [0, 1, 2, 3, 56, 57, 58, 1000, 10**6])
def test_the_weight_in_a_message_is_that_of_base64_in_lines(size: int) -> None:
    encoded = encodebytes(b"x" * size).replace(b"\n", b"\r\n")

    assert files.encoded_size(size) == len(encoded)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("lettera.pdf", "lettera.pdf"),
        ("Città di Forlì – n. 3.pdf.p7m", "Città di Forlì – n. 3.pdf.p7m"),
        ("cafe\u0301.pdf", "café.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\Anna\\a.pdf", "a.pdf"),
        ("a/b\\c.pdf", "c.pdf"),
        (".htaccess", "htaccess"),
        ("..a.pdf", "a.pdf"),
        ("  a   b .pdf  ", "a b.pdf"),
        ("a.pdf. . ", "a.pdf"),
        ("a\r\nX-Header: b.pdf", "aX-Header_ b.pdf"),
        ("a\x00.pdf", "a.pdf"),
        ("fattura\u202efdp.exe", "fatturafdp.exe"),
        ("a\ud800.pdf", "a.pdf"),
        ('a"<b>?*|.pdf', "a__b____.pdf"),
        ("con.pdf", "_con.pdf"),
        ("console.pdf", "console.pdf"),
    ],
)
def test_names_are_cleaned(name: str, cleaned: str) -> None:
    assert files.clean_name(name) == cleaned


def test_long_names_keep_their_ending() -> None:
    assert files.clean_name("x" * 300 + ".pdf.p7m") == "x" * 146 + ".p7m"


@given(st.text(max_size=400))
def test_any_name_becomes_a_safe_one_or_a_problem(name: str) -> None:
    try:
        cleaned = files.clean_name(name)
    except FileProblem as exc:
        assert exc.code == "name"  # noqa: PT017
        return
    assert 0 < len(cleaned) <= 150
    assert not set(cleaned) & set('/\\<>:"|?*\r\n\x00\u202e')
    assert not cleaned.startswith((".", " "))
    assert not cleaned.endswith((".", " "))
    assert files.clean_name(cleaned) == cleaned


@given(content=st.binary(max_size=300), name=st.sampled_from(["a.p7m", "a.xml", "a.eml", "a.txt", "a.png", "a.csv"]))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, name: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        assert files.sniff(path, name=name).size == len(content)
    except FileProblem as exc:
        assert exc.code in ("empty", "type_mismatch", "executable")  # noqa: PT017


@given(st.binary(max_size=400))
def test_no_archive_does_more_than_be_called_broken(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    whole = bytearray(ZIP)
    for position, octet in enumerate(content[:40]):
        whole[(position * 31 + octet * 7) % len(whole)] = octet
    path = tmp_path_factory.getbasetemp() / "any.zip"
    path.write_bytes(bytes(whole))

    assert isinstance(archives.problem(path, kind="zip"), str)


SAMPLE_PROBLEMS = {
    "circular-page-tree.pdf": "broken",
    "pdf-encrypted.pdf": "encrypted",
    "IT05979361218_fake.xml.p7m": "type_mismatch",
    "malformed-cades.p7m": "type_mismatch",
}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the signed samples are not at {SAMPLES}")
def test_real_signed_files_pass_and_broken_ones_are_named_in_time() -> None:
    paths = sorted(SAMPLES.iterdir())
    assert len(paths) >= len(SAMPLE_PROBLEMS)
    for path in paths:
        began, code = time.monotonic(), ""
        try:
            files.sniff(path, name=path.name)
        except FileProblem as exc:
            code = exc.code

        assert code == SAMPLE_PROBLEMS.get(path.name, ""), path.name
        assert time.monotonic() - began < 5, path.name
