"""What the resolution of entities takes, what it gives, and the words in which it explains a pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout, asked
from syncline.errors import RejectedError, SetupError

KEY = "key"
LEFT, RIGHT = "left", "right"
MERGE = 0.95  #: the least probability of a pair that is merged without a person
REVIEW = 0.2  #: above it a pair is shown to a person
_LONGEST = 2000  #: characters of a text that are compared and shown; two records that differ later only are alike
SAME, ASK, APART = "same", "ask", "apart"

_PART = pa.struct([("field", pa.string()), ("l", pa.string()), ("r", pa.string()), ("weight", pa.float64())])

PAIRS = Layout(
    row="one pair of records that may be one thing",
    columns=(
        Column("l", pa.string(), available_at=ALWAYS),  # key of the left record
        Column("r", pa.string(), available_at=ALWAYS),
        Column("p", pa.float64()),  # 0..1, that both are one
        Column("outcome", pa.string()),  # same: merged; ask: for a person; apart
        Column("rule", pa.string()),  # what found it: identifier, people, likeness, labels
        Column("explanation", pa.string()),
        Column("parts", pa.list_(_PART)),  # the waterfall: each field with both texts and its weight
    ),
)
CLUSTERS = Layout(
    row="one record with the thing that it is",
    columns=(
        Column("side", pa.string(), available_at=ALWAYS),  # left or right
        Column("key", pa.string(), available_at=ALWAYS),
        Column("golden_id", pa.string()),
    ),
)
LABELS = Layout(
    row="one pair that a person has judged",
    columns=(
        Column("l", pa.string(), available_at=ALWAYS),
        Column("r", pa.string(), available_at=ALWAYS),
        Column("same", pa.bool_(), available_at=ALWAYS),
    ),
)


class IdentityConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How two tables, or one, are searched for records of the same thing."""

    fields: tuple[str, ...]  #: that are compared; their names tell what they hold (`matching.words`)
    kind: Literal["people", "things"] = "things"  #: things are products and companies
    #: fields whose equal values prove, and whose different ones exclude: their numbers are checked, or believed
    verified: Mapping[str, Literal["gtin", "vat", "number"]] = {}
    one_to_one: bool = True  #: each table has a thing at most once; between two tables only
    seed: int = 1
    threads: int = 1


class Part(NamedTuple):
    """One field's share in a pair: bits of evidence for people, share of the cosine for things."""

    field: str
    l: str  # noqa: E741  as the column
    r: str
    weight: float


class Pair(NamedTuple):
    """One pair by the rows of its records."""

    left: int
    right: int
    p: float
    rule: str
    why: str
    parts: tuple[Part, ...] = ()


class Side(NamedTuple):
    """One table in texts: "" where a value is missing."""

    name: str
    keys: Sequence[str]
    texts: Mapping[str, Sequence[str]]  #: field -> text per row


class Resolved(NamedTuple):
    """Which records are one thing."""

    pairs: pa.Table  #: `PAIRS`, all above `REVIEW`, best first
    clusters: pa.Table  #: `CLUSTERS`, every record once
    review: pa.Table  #: `PAIRS` that wait for a person, best first
    flag: str  #: in words what keeps the result from being as good as it could; "" when nothing does


def side_of(table: pa.Table, config: IdentityConfig, name: str) -> Side:
    """A table as texts.

    Raises:
        SetupError: a column is missing, or nothing is to be compared.
        RejectedError: a key is missing or there twice.
    """
    names = tuple(dict.fromkeys((*config.fields, *config.verified)))
    if not config.fields:
        raise SetupError("No field is given by which records could be the same.", cure="Name some in fields.")
    layout = Layout(
        row="one record",
        columns=(
            Column(KEY, pa.string(), available_at=ALWAYS),
            *(Column(one, pa.string(), nullable=True) for one in names),
        ),
    )
    checked = asked(layout, table, name=name)
    keys: list[str] = checked.column(KEY).to_pylist()
    if len(set(keys)) != len(keys):
        seen: set[str] = set()
        twice = next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # adds
        raise RejectedError(f"The key {twice} of {name} is there twice.", cure="Give each record a key of its own.")
    texts = {one: [(text or "")[:_LONGEST] for text in checked.column(one).to_pylist()] for one in names}
    return Side(name, keys, texts)
