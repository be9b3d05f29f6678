"""Where people are born and holders have their seats: municipalities, also former ones, and countries. Pure.

Municipalities and their codes are those of python-codicefiscale (7,894 active ones), which follows the register of the
Agenzia delle Entrate; countries are in `countries.csv` beside this file.
"""

from mailboxes.places.municipalities import Municipality, find, of_code, provinces, provinces_of, suggest
from mailboxes.places.nations import Country, countries, countries_of, country
from mailboxes.places.postcodes import belongs_to, provinces_with

__all__ = [
    "Country",
    "Municipality",
    "belongs_to",
    "countries",
    "countries_of",
    "country",
    "find",
    "of_code",
    "provinces",
    "provinces_of",
    "provinces_with",
    "suggest",
]
