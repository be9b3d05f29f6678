"""The vendor's `sottotipo_cliente` for each `tipo_cliente` (pec.openapi.json, TipologieCliente)."""

from django.utils.translation import gettext_lazy as _

from mailboxes.models.application import CustomerType

OTHER = "X"
_COMPANY = (
    ("SI", _("Business services")),
    ("IN", _("Information technology")),
    ("CM", _("Trade")),
    ("TE", _("Telecommunications")),
    ("ES", _("Publishing and press")),
    ("ME", _("Mechanics and electrics")),
    ("AL", _("Food")),
    ("CF", _("Chemicals and pharmaceuticals")),
    ("ED", _("Construction")),
    ("TM", _("Textiles and fashion")),
    ("MA", _("Furniture")),
    ("AR", _("Hotels and restaurants")),
    ("TL", _("Transport and logistics")),
    ("FI", _("Finance")),
)
_PROFESSIONAL = (
    ("PC", _("Chartered accountant")),
    ("PR", _("Accountant")),
    ("PN", _("Notary")),
    ("PT", _("Tax adviser")),
    ("PA", _("Lawyer")),
    ("PL", _("Labour consultant")),
)
_LOCAL_BODY = (
    ("LR", _("Region")),
    ("LP", _("Province (public body)")),
    ("LC", _("Municipality (public body)")),
    ("LM", _("Mountain community")),
    ("LA", _("Local health authority")),
    ("LI", _("Chamber of commerce")),
)
_OTHER = ((OTHER, _("Other sector")),)

SECTORS = [
    (_("Companies"), list(_COMPANY)),
    (_("Professionals"), list(_PROFESSIONAL)),
    (_("Local public bodies"), list(_LOCAL_BODY)),
    (_("All"), list(_OTHER)),
]
LABELS = dict((*_COMPANY, *_PROFESSIONAL, *_LOCAL_BODY, *_OTHER))
SECTORS_OF = {
    CustomerType.COMPANY.value: frozenset(code for code, _label in _COMPANY + _OTHER),
    CustomerType.PROFESSIONAL.value: frozenset(code for code, _label in _PROFESSIONAL + _OTHER),
    CustomerType.LOCAL_BODY.value: frozenset(code for code, _label in _LOCAL_BODY + _OTHER),
}
