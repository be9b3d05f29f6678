"""A scripted vendor for each test, and clients that talk to it."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pecportal.upstream import Config, Upstream
from pecportal.upstream.massiva import Credentials, Outgoing
from tests.upstream.servers import Server, answer

TOKEN = "ready-token-0123456789"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(answer(200, {"success": True, "data": []})) as running:
        yield running


@pytest.fixture
def connect(server: Server) -> Iterator[Callable[..., Upstream]]:
    """A client of `server`; keyword arguments go to its configuration."""
    made: list[Upstream] = []

    def make(**overrides: Any) -> Upstream:
        addresses = dict.fromkeys(("pec_url", "massiva_url", "company_url", "oauth_url"), server.url)
        account = {"email": "prova@portale.example", "api_key": "key-of-the-account", "token": TOKEN}
        patience = {"connect_timeout": 2, "read_timeout": 2, "send_deadline": 2}
        made.append(Upstream(Config.for_environment("sandbox", **(addresses | account | patience | overrides))))
        return made[-1]

    yield make
    for upstream in made:
        upstream.close()


@pytest.fixture
def upstream(connect: Callable[..., Upstream]) -> Upstream:
    """A client with a ready token, so that only the call under test is on the wire."""
    return connect()


@pytest.fixture
def credentials() -> Credentials:
    return Credentials("ufficio@prova.example", 'Segreta/"perché"&99')


@pytest.fixture
def outgoing() -> Outgoing:
    return Outgoing("ufficio@prova.example", "ditta@prova.example", "Avviso Rif. 7KQ2M9", "<p>Città</p>")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS context for 127.0.0.1, and the file of the authority that a client must trust for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "prova.example")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(
        x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
    )
    trusted = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = trusted.with_name("key.pem")
    trusted.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
