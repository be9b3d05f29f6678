"""Look-ups for programs: what is known is free of charge; asking the registers is a POST of its own, which may cost."""

from typing import Any, ClassVar

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from pecportal import vendor
from pecportal.api import jobs
from pecportal.api.idempotency import idempotent
from pecportal.api.jobs import JobState, Progress
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Access, Resource, location
from pecportal.api.root import JOB, JobTold, accepted
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Strict
from pecportal.errors import Refusal
from pecportal.permissions import Power, Role
from pecportal.registers import looking
from pecportal.registers.models import Domain, ItemState, LookUp

KIND = "look-up"
_ACCESS = Access((Role.LOOKUPS,), Power.LOOK_UP)


class CompanyTold(Strict):
    """What is known of one VAT number or tax code."""

    code = serializers.CharField()
    is_known = serializers.BooleanField(help_text="False: nobody was asked yet, or too long ago. A POST asks.")
    name = serializers.CharField(help_text="Empty where the register tells none.")
    address = serializers.CharField(help_text="The certified address; empty if there is none.")
    others = serializers.ListField(child=serializers.CharField(), help_text="Further, or former, certified addresses.")
    register = serializers.CharField(help_text="Which register told it.")
    looked_up_at = Moment(allow_null=True)
    message = serializers.CharField(help_text="Why there is no address; empty if there is one.")


class DomainTold(Strict):
    """Whether a domain is one of certified mail."""

    domain = serializers.CharField()
    is_certified = serializers.BooleanField(allow_null=True, help_text="null: nobody was asked yet. A POST asks.")
    looked_up_at = Moment(allow_null=True)


COMPANY = {
    "code": "12485671007",
    "is_known": True,
    "name": "Ditta Prova S.r.l.",
    "address": "ditta@pec.example",
    "others": [],
    "register": "Openapi Company",
    "looked_up_at": "2026-03-31T08:00:00Z",
    "message": "",
}
DOMAIN = {"domain": "pec.example", "is_certified": True, "looked_up_at": "2026-03-31T08:00:00Z"}


class OneCompany(Resource):
    """The certified address of a company or public body."""

    access: ClassVar = {"get": _ACCESS, "post": _ACCESS}

    @operation(
        "What is known of a company",
        answers=CompanyTold,
        tag="lookups",
        description="`code` is a VAT number (11 digits) or a tax code. Nobody is asked, and nothing costs.",
        examples=[example("A company", COMPANY)],
    )
    def get(self, request: Request, code: str) -> Response:
        """Look among what is kept."""
        return self._told(_code(code))

    @operation(
        "Look up a company",
        answers={200: CompanyTold, 202: JobTold},
        tag="lookups",
        description="What is known is told at once. Else a register is asked, which may cost: a job follows (202).",
        examples=[
            example("Known already", COMPANY),
            example("Being asked for", {**JOB, "state": "waiting"}, status=202),
        ],
    )
    @idempotent(required=False)
    def post(self, request: Request, code: str) -> Response:
        """Order it."""
        wanted = _code(code)
        if looking.known([wanted]):
            return self._told(wanted)
        row = looking.order([wanted], paid=1, organisation=self.organisation, actor=self.actor)
        return accepted(self, jobs.begin(KIND, row, organisation=self.organisation, actor=self.actor))

    def _told(self, code: str) -> Response:
        found = looking.known([code]).get(code)
        result = found or looking.Result(code)
        told = {name: getattr(result, name) for name in ("code", "name", "address", "others", "register")}
        more = {"is_known": found is not None, "looked_up_at": result.at, "message": result.words}
        return self.tell(CompanyTold, {**told, **more})


class OneDomain(Resource):
    """Whether a domain is one of certified mail."""

    access: ClassVar = {"get": _ACCESS, "post": _ACCESS}

    @operation(
        "What is known of a domain",
        answers=DomainTold,
        tag="lookups",
        description="Nobody is asked, and nothing costs.",
        examples=[example("A domain", DOMAIN)],
    )
    def get(self, request: Request, domain: str) -> Response:
        """Look among what is kept."""
        name = _domain(domain)
        found = looking.known_domain(name)
        return self._told(name, found)

    @operation(
        "Look up a domain",
        answers=DomainTold,
        tag="lookups",
        description="The provider is asked unless it is known, which may cost; asked again soon, it costs nothing.",
        examples=[example("A domain", DOMAIN)],
    )
    def post(self, request: Request, domain: str) -> Response:
        """Ask."""
        row = looking.certified(_domain(domain), client=vendor.connect(self.organisation.vendor_account))
        return self._told(row.name, row)

    def _told(self, name: str, row: Domain | None) -> Response:
        told = {"is_certified": row.is_certified, "looked_up_at": row.at} if row else {}
        return self.tell(DomainTold, {"domain": name, "is_certified": None, "looked_up_at": None, **told})


def describe(row: LookUp) -> Progress:
    """How far a look-up is."""
    items = list(row.items.all())
    ended = [item for item in items if item.state not in (ItemState.WAITING, ItemState.ASKING)]
    wrong = [item for item in ended if item.state != ItemState.ANSWERED]
    result = location("company", code=items[0].code) if items else None
    if len(ended) < len(items):
        state = JobState.RUNNING if any(item.state == ItemState.ASKING for item in items) else JobState.WAITING
        return Progress(state, len(ended), len(items))
    if wrong:
        words = wrong[0].words or str(wrong[0].get_state_display())
        return Progress(JobState.FAILED, len(ended), len(items), words)
    return Progress(JobState.DONE, len(ended), len(items), result=result)


def _code(text: str) -> str:
    return _one(lambda: looking.codes_in(text)[0])


def _domain(text: str) -> str:
    return _one(lambda: looking.domain_in(text))


def _one(read: Any) -> str:
    """What the address names. Raises `Problem` (400), since a rule of form is no rule of the moment."""
    try:
        return str(read())
    except Refusal as exc:
        raise Problem("invalid", faults=(Fault(str(exc), "invalid", parameter=exc.field),)) from exc
