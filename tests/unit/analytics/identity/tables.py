"""Made tables of people and of products, with a second table that tells the same ones in another way."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_MAKERS = ("Norvik", "Halden", "Sorano", "Petrel", "Quanta", "Ostara", "Brevia", "Lumio")
_KINDS = ("cordless drill", "angle grinder", "coffee maker", "desk lamp", "air purifier", "label printer", "heat gun")
_MORE = ("with case", "two speeds", "black", "white", "compact", "for professionals", "energy saving", "rechargeable")
_FIRST = ("anna", "bruno", "clara", "dario", "elena", "felix", "greta", "hugo", "irina", "jonas", "katja", "leon")
_LAST = ("abt", "bauer", "conti", "duval", "engel", "ferri", "gruber", "horvat", "ivanov", "jansen", "keller", "novak")
_CITIES = ("Lyon", "Graz", "Bergen", "Porto", "Turku", "Ghent")


def products(count: int, *, seed: int, shared: float = 1.0) -> tuple[pa.Table, pa.Table, set[tuple[str, str]]]:
    """Two catalogues of `count` products each, of which a share is the same, and the pairs that are."""
    random = np.random.default_rng(seed)
    made = [_product(random) for _ in range(2 * count)]
    same = int(count * shared)
    theirs = [*made[:same], *made[count : 2 * count - same]]
    told = [_retold(text, random) for text in theirs]
    left = pa.table({"key": [f"a{i}" for i in range(count)], "name": made[:count]})
    right = pa.table({"key": [f"b{i}" for i in range(count)], "name": told})
    return left, right, {(f"a{i}", f"b{i}") for i in range(same)}


def people(count: int, *, seed: int) -> tuple[pa.Table, pa.Table]:
    """Two tables of the same people with the same keys, the second with errors."""
    random = np.random.default_rng(seed)
    rows = [_person(random) for _ in range(count)]
    keys = [f"p{i}" for i in range(count)]
    return _people(keys, rows), _people(keys, [_mistyped(row, random) for row in rows])


def _product(random: np.random.Generator) -> str:
    model = f"{''.join(random.choice(list('ABCDEFGHKLMNPRSTX'), 3))}-{random.integers(100, 9999)}"
    more = " ".join(random.choice(_MORE, 2, replace=False))
    return f"{random.choice(_MAKERS)} {random.choice(_KINDS)} {model} {more}"


def _retold(text: str, random: np.random.Generator) -> str:
    words = text.replace("-", " " if random.random() < 0.5 else "").split()
    kept = [word for word in words if any(map(str.isdigit, word)) or random.random() < 0.8]
    return " ".join([*kept, str(random.choice(_MORE))]).upper()


def _person(random: np.random.Generator) -> dict[str, str]:
    first, last = str(random.choice(_FIRST)), f"{random.choice(_LAST)}{random.choice(['', 'er', 'mann', 'sen'])}"
    born = f"{random.integers(1940, 2005)}-{random.integers(1, 13):02}-{random.integers(1, 29):02}"
    number = str(random.integers(10_000_000, 99_999_999))
    city = str(random.choice(_CITIES))
    return {"first_name": first, "surname": last, "born": born, "phone": f"+43 1 {number}", "city": city}


def _mistyped(row: dict[str, str], random: np.random.Generator) -> dict[str, str]:
    """One field mistyped, another perhaps empty."""
    changed = dict(row)
    field = str(random.choice(list(row)))
    text = list(row[field])
    at = int(random.integers(0, len(text) - 1))
    text[at], text[at + 1] = text[at + 1], text[at]
    changed[field] = "".join(text)
    if random.random() < 0.2:
        changed[str(random.choice(list(row)))] = ""
    return changed


def _people(keys: list[str], rows: list[dict[str, str]]) -> pa.Table:
    return pa.table({"key": keys, **{field: [row[field] for row in rows] for field in rows[0]}})
