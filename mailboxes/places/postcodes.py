"""Which postal codes (CAP) belong to which province. What is known are their first digits; the streets are not."""

from functools import cache
from typing import Final

# The first digits of all CAP in use in a province. A few municipalities have a neighbour's (Massimino, Briga Alta).
_PREFIXES: Final = {
    prefix: provinces.split()
    for prefix, provinces in {
        "00": "RM", "01": "VT", "02": "RI", "03": "FR", "04": "LT", "05": "TR", "06": "PG",
        "07": "SS", "08": "NU OR SS SU", "09": "CA OR SU", "10": "TO", "11": "AO", "12": "CN", "12071": "SV",
        "130": "VC", "131": "VC", "138": "BI", "139": "BI", "14": "AT", "15": "AL", "16": "GE", "17": "SV",
        "18": "IM", "18025": "CN", "19": "SP", "200": "MI", "201": "MI", "208": "MB", "209": "MB", "21": "VA",
        "22": "CO", "230": "SO", "231": "SO", "238": "LC BG", "239": "LC", "24": "BG", "25": "BS", "260": "CR",
        "261": "CR", "268": "LO", "269": "LO", "27": "PV", "280": "NO", "281": "NO", "288": "VB", "289": "VB",
        "29": "PC", "30": "VE", "31": "TV", "32": "BL", "330": "UD PN", "331": "UD PN", "34": "GO TS", "35": "PD",
        "36": "VI", "37": "VR", "38": "TN", "39": "BZ", "40": "BO", "41": "MO", "42": "RE", "43": "PR", "44": "FE",
        "45": "RO", "46": "MN", "470": "FC", "471": "FC", "475": "FC", "478": "RN", "479": "RN", "48": "RA",
        "50": "FI", "51": "PT", "52": "AR", "53": "SI", "54": "MS", "55": "LU", "56": "PI", "57": "LI", "58": "GR",
        "59": "PO", "60": "AN", "61": "PU", "62": "MC", "630": "AP", "631": "AP", "638": "FM", "639": "FM", "64": "TE",
        "65": "PE", "66": "CH", "67": "AQ", "70": "BA", "71": "FG", "72": "BR", "73": "LE", "74": "TA", "75": "MT",
        "76": "BT", "80": "NA", "81": "CE", "82": "BN", "83": "AV", "84": "SA", "85": "PZ", "86": "CB IS", "87": "CS",
        "880": "CZ", "881": "CZ", "888": "KR", "889": "KR", "890": "RC", "891": "RC", "898": "VV", "899": "VV",
        "90": "PA", "91": "TP", "92": "AG", "93": "CL", "94": "EN", "95": "CT", "96": "SR", "97": "RG", "98": "ME",
    }.items()
}  # fmt: skip


def provinces_with(postal_code: str) -> frozenset[str]:
    """The provinces in which a postal code of five digits may lie; empty for one that is in none."""
    starts = (postal_code[:length] for length in range(2, 6))
    return frozenset(province for start in starts for province in _PREFIXES.get(start, ()))


def belongs_to(postal_code: str, province: str) -> bool | None:
    """Whether a postal code can lie in a province; None for a province that is not known."""
    return province in provinces_with(postal_code) if province in _known() else None


@cache
def _known() -> frozenset[str]:
    return frozenset(province for provinces in _PREFIXES.values() for province in provinces)
