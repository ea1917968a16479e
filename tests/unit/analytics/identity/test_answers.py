"""Answers for the match stage: only what was merged, each record and each entity once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from syncline.analytics.identity.answers import ANSWERS, match_answers
from syncline.analytics.identity.records import IdentityConfig
from syncline.analytics.identity.resolve import resolve_entities
from syncline.errors import RejectedError

CONFIG = IdentityConfig(fields=("name",), verified={"vat": "number"}, one_to_one=False)
LEFT = pa.table({"key": ["a", "b", "c"], "name": ["Jade", "Nord", "Elbe"], "vat": ["1", "2", "3"]})
RIGHT = pa.table({"key": ["x", "y", "z"], "name": ["Jade", "Nord", "Elbe"], "vat": ["1", "2", None]})


def test_what_was_merged_answers_and_nothing_else():
    pairs = resolve_entities(LEFT, RIGHT, CONFIG).pairs

    table = match_answers(pairs, pa.table({"key": ["a", "c"], "entity": [7, 9]}))

    assert [(row["key"], row["answer"], row["p"]) for row in table.to_pylist()] == [("x", "#7", 1.0)]
    assert table.schema.equals(ANSWERS.schema, check_metadata=True)


def test_an_entity_is_given_once():
    pairs = resolve_entities(LEFT, RIGHT, CONFIG).pairs

    table = match_answers(pairs, pa.table({"key": ["a", "b"], "entity": [7, 7]}))

    assert table.column("answer").to_pylist() == ["#7"]


def test_two_entities_of_one_record_are_refused():
    with pytest.raises(RejectedError, match="two entities"):
        match_answers(resolve_entities(LEFT, RIGHT, CONFIG).pairs, pa.table({"key": ["a", "a"], "entity": [7, 8]}))
