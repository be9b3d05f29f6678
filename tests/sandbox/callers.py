"""A plain caller of the simulated vendor, over real HTTP: it knows the documents, and nothing of our client."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

import requests

from pecportal.sandbox import Sandbox

BOX = "ufficio@prova.example"
PASSWORD = "una parola con è"
SCOPES = [
    *(f"{method}:test.pec.openapi.it/pec" for method in ("GET", "POST", "PATCH", "DELETE")),
    "GET:test.pec.openapi.it/verifica_pec",
    "GET:test.pec.openapi.it/domini_pec",
    *(f"{method}:test.ws.pecmassiva.com/send" for method in ("GET", "POST", "DELETE")),
    "GET:test.ws.pecmassiva.com/inbox",
    "DELETE:test.ws.pecmassiva.com/inbox",
    "GET:test.ws.pecmassiva.com/quota",
    "GET:test.company.openapi.com/IT-pec",
]
REGISTRATION: dict[str, Any] = {
    "casella_pec": "comune@pecmassiva.com",
    "tipo_casella": "PECMASSIVA",
    "tipo_cliente": "PV",
    "nome_richiedente": "Mario",
    "cognome_richiedente": "Rossi (Così)",
    "email": "mario@posta.example",
    "telefono": "0548798569",
    "codice_fiscale_richiedente": "RSSMRA82D11H501X",
    "data_nascita_richiedente": "11/04/1982",
    "sesso_richiedente": "M",
    "nazione_nascita_richiedente": "it",
    "indirizzo_titolare": "Via Verdi 20",
    "comune_titolare": "Roma",
    "cap_titolare": "00042",
    "nazione_titolare": "IT",
    "provincia_titolare": "RM",
}


@dataclass
class Caller:
    """Calls `url` with a token for everything, and for `box` where the call wants a mailbox."""

    sandbox: Sandbox
    url: str
    box: str = BOX
    password: str = PASSWORD
    _token: str = field(default="", repr=False)

    def call(self, method: str, path: str, *, token: str | None = None, **options: Any) -> requests.Response:
        """One request with the token (or another one)."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"} | options.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=10, **options)

    @property
    def token(self) -> str:
        """A token for every call, minted when first needed."""
        if not self._token:
            self._token = self.mint(SCOPES).json()["token"]
        return self._token

    def mint(self, scopes: object, path: str = "/tokens", **more: Any) -> requests.Response:
        """Ask for a token."""
        account = (self.sandbox.email, self.sandbox.api_key)
        return requests.post(self.url + path, json={"scopes": scopes} | more, auth=account, timeout=10)

    def message(self, recipient: object = "ditta@prova.example", **changes: Any) -> dict[str, Any]:
        """The body of a good POST /send."""
        return {
            "sender": self.box,
            "recipient": recipient,
            "subject": "Avviso",
            "body": "<p>Buongiorno</p>",
            "username": self.box,
            "password": self.password,
        } | changes

    def send(self, recipient: object = "ditta@prova.example", **changes: Any) -> requests.Response:
        """POST /send."""
        return self.call("POST", "/send", json=self.message(recipient, **changes))

    def code(self, recipient: object = "ditta@prova.example", **changes: Any) -> str:
        """Send, and give the code back."""
        answer = self.send(recipient, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["message_id"])

    def read(self, path: str, method: str = "GET", **options: Any) -> requests.Response:
        """A call of the inbox's side, with the mailbox's own sign-in."""
        headers = {"x-username": self.box, "x-password": self.password.encode().decode("latin-1")}
        return self.call(method, path, headers=headers | options.pop("headers", {}), **options)

    def subjects(self, path: str = "/inbox") -> list[str]:
        """The subjects of a page."""
        return [item["subject"] for item in self.read(path).json()["data"]]

    def register(self, **changes: Any) -> requests.Response:
        """POST /pec."""
        return self.call("POST", "/pec", json=REGISTRATION | changes)

    def registered(self, **changes: Any) -> str:
        """Register, and give the id back."""
        answer = self.register(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["id"])

    def hand_in(self, casella: str, *documents: bytes) -> requests.Response:
        """PATCH /pec/{id}/attivazione."""
        texts = [base64.b64encode(each).decode() for each in documents]
        body = {"documenti": texts[0] if len(texts) == 1 else texts}
        return self.call("PATCH", f"/pec/{casella}/attivazione", json=body)

    def state(self, casella: str) -> str:
        """What GET /pec/{id} says of the state."""
        return str(self.call("GET", f"/pec/{casella}").json()["data"]["stato"])


def said(answer: requests.Response) -> tuple[int, Any, str]:
    """Status, error number and message of an answer."""
    found = json.loads(answer.content)
    return answer.status_code, found.get("error"), found["message"]
