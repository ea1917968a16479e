"""What was resolved, in the form in which the match stage takes an answer: a record, and the entity that it is."""

from __future__ import annotations

import pyarrow as pa

from syncline.analytics.identity.records import PAIRS, SAME
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

ENTITIES = Layout(
    row="one record of the left table with its entity",
    columns=(Column("key", pa.string(), available_at=ALWAYS), Column("entity", pa.int64(), available_at=ALWAYS)),
)
ANSWERS = Layout(
    row="one record of the right table with its answer",
    columns=(
        Column("key", pa.string()),
        Column("answer", pa.string()),  # the entity as the match stage writes it: #12
        Column("p", pa.float64()),
        Column("explanation", pa.string()),
    ),
)


def match_answers(pairs: pa.Table, entities: pa.Table) -> pa.Table:
    """The merged pairs as answers, the surest first; each record and each entity once.

    Args:
        pairs: Of `resolve_entities`; only what was merged answers anything.
        entities: As `ENTITIES`; a left record without an entity answers nothing.

    Raises:
        SetupError: a column is missing.
        RejectedError: a record of the left table has two entities.

    >>> pairs = made(PAIRS, {"l": ["c1"], "r": ["10"], "p": [1.0], "outcome": ["same"], "rule": ["identifier"],
    ...                      "explanation": ["vat is equal"], "parts": pa.array([[]], PAIRS.columns[-1].type)})
    >>> match_answers(pairs, pa.table({"key": ["c1"], "entity": [12]})).to_pylist()
    [{'key': '10', 'answer': '#12', 'p': 1.0, 'explanation': 'vat is equal'}]
    """
    known = asked(ENTITIES, entities, name="entities")
    of = dict(zip(known.column("key").to_pylist(), known.column("entity").to_pylist(), strict=True))
    if len(of) != len(known):
        raise RejectedError("A record of the left table has two entities.", cure="Give each record once.")
    rows = asked(PAIRS, pairs, name="pairs").to_pylist()
    told: dict[str, tuple[str, float, str]] = {}
    taken: set[int] = set()
    for row in sorted(rows, key=lambda row: (-row["p"], row["l"], row["r"])):
        entity = of.get(row["l"])
        if row["outcome"] == SAME and entity is not None and entity not in taken and row["r"] not in told:
            told[row["r"]] = (f"#{entity}", row["p"], row["explanation"])
            taken.add(entity)
    columns = [list(column) for column in zip(*told.values(), strict=True)] or [[], [], []]
    return made(ANSWERS, dict(zip(("key", "answer", "p", "explanation"), [list(told), *columns], strict=True)))
