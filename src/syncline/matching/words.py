"""What two spellings have in common: how values are made comparable before they are hashed or scored."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from syncline.model.values import Value


class Kind(StrEnum):
    """What a field holds, as far as comparing goes; its name tells."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    IDENTIFIER = "identifier"
    CITY = "city"
    ADDRESS = "address"
    OTHER = "other"


class Name(NamedTuple):
    """A name's telling words and its legal forms, apart."""

    words: tuple[str, ...]
    forms: tuple[str, ...]


_KINDS = (
    (Kind.EMAIL, ("email", "e_mail", "mail")),
    (Kind.PHONE, ("phone", "mobile", "fax", "telephone", "tel")),
    (Kind.IDENTIFIER, ("id", "code", "number", "sku", "ean", "gtin", "vat", "iban", "postcode", "zip")),
    (Kind.CITY, ("city", "town", "place")),
    (Kind.ADDRESS, ("street", "address", "road")),
    (Kind.NAME, ("name", "company", "title")),
)

_FORM_WORDS = (
    "gmbh ag kg kgaa ohg ug gbr ev eg mbh se ltd limited llc llp lp inc incorporated corp corporation co company plc "
    "sa sas sasu sarl eurl snc sci spa srl sl slu bv nv vof cv oy oyj ab as asa aps ivs kft zrt nyrt doo dd ad "
    "sro ooo oao zao pao pty pte sdn bhd kk gk pvt private spzoo sp oo zoo og "
    "aktiengesellschaft kommanditgesellschaft kommanditges gesellschaft ges offene handelsgesellschaft beschrankter "
    "haftung societe anonyme responsabilite limitee sociedad anonima limitada societa azioni vennootschap z spolka"
)
_FORMS = frozenset(_FORM_WORDS.split())
_EASTERN_FORMS = "股份有限公司|股份公司|有限责任公司|有限責任公司|有限公司|公司|株式会社|合同会社|有限会社|주식회사"
_FILLER_WORDS = "the and und et y e of der die das le la les de di da u"
_FILLERS = frozenset(_FILLER_WORDS.split())
_INITIALS = r"(?<!\w)\w(?:\.\s?\w)+(?!\w)\.?"
_NOT_WORD = r"[\W_]+"
_ASCII_REST = r"[^a-z0-9]+"
_STROKES = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "a", "œ": "o"})  # these have no accent to take off
_UMLAUT = r"(?<=[aou])e"
_LATIN_MARKS = "[\u0300-\u036f]+"

_FREE_MAIL_DOMAINS = (
    "gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.fr yahoo.de icloud.com me.com "
    "aol.com gmx.de gmx.net gmx.at gmx.ch web.de t-online.de freenet.de orange.fr wanadoo.fr free.fr laposte.net "
    "libero.it mail.ru yandex.ru qq.com 163.com 126.com sina.com foxmail.com proton.me protonmail.com"
)
FREE_MAIL = frozenset(_FREE_MAIL_DOMAINS.split())  #: domains that say nothing of a company


@lru_cache(maxsize=512)
def kind_of(field: str) -> Kind:
    """What a field of this name holds; its last word decides before its others."""
    parts = field.lower().split("_")
    for part in (field.lower(), *reversed(parts)):
        for kind, names in _KINDS:
            if part in names:
                return kind
    return Kind.OTHER


def text_of(value: Value) -> str:
    """A scalar as text, a set as its members side by side, "" for everything that cannot be compared."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "\x1f".join(sorted(value))
    return ""


def normalise(text: str) -> str:
    """Letters and digits alone, compatibility forms unified, without case.

    Combining marks count as letters: in many scripts they are the vowels, and without them different words are equal.

    >>> normalise("DE 123.456-789"), normalise("Straße")
    ('de123456789', 'strasse')
    """
    if text.isascii():
        return re.sub(_ASCII_REST, "", text.lower())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(letter for letter in folded if letter.isalnum() or unicodedata.category(letter)[0] == "M")


def fold(text: str) -> str:
    """Lower case without Latin accents, "oe" like "ö": for scores and blocks, where a near miss is meant to be found.

    >>> fold("Société Générale"), fold("Möbel") == fold("MOEBEL")
    ('societe generale', True)
    """
    if text.isascii():
        return re.sub(_UMLAUT, "", text.lower())
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return re.sub(_UMLAUT, "", unicodedata.normalize("NFKC", re.sub(_LATIN_MARKS, "", apart)).translate(_STROKES))


@lru_cache(maxsize=65_536)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a text; dotted initials are one word.

    >>> words_of("Café S.A.R.L., Lyon")
    ('cafe', 'sarl', 'lyon')
    """
    joined = re.sub(_INITIALS, lambda found: f"{normalise(found.group())} ", fold(text))
    spaced = re.sub(_EASTERN_FORMS, lambda found: f" {found.group()} ", joined)
    return tuple(re.sub(_NOT_WORD, " ", spaced).split())


@lru_cache(maxsize=65_536)
def name_of(text: str) -> Name:
    """A name's telling words apart from its legal forms; a name of nothing but forms keeps them as words.

    >>> name_of("Jade River Trading Co., Ltd.")
    Name(words=('jade', 'river', 'trading'), forms=('co', 'ltd'))
    """
    every = words_of(text)
    forms = tuple(word for word in every if word in _FORMS or re.fullmatch(_EASTERN_FORMS, word))
    words = tuple(word for word in every if word not in forms and word not in _FILLERS)
    return Name(words, forms) if words else Name(every, ())


def digits_of(text: str) -> str:
    """The digits of a phone number, without leading zeros."""
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit()).lstrip("0")


def domain_of(text: str) -> str:
    """The domain of an e-mail address, "" where there is none."""
    return text.strip().lower().rpartition("@")[2] if "@" in text else ""
