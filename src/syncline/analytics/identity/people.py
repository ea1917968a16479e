"""Which records are one person: the model of Fellegi and Sunter, its weights learnt by expectation-maximisation.

Each field that agrees, nearly agrees or differs adds its weight of evidence, log2 of how much likelier that is for one
person than for two; common names weigh less than rare ones. Splink runs it on DuckDB.

Sources:
    Fellegi & Sunter, A theory for record linkage, JASA 64 (1969) 1183-1210; Linacre et al., Splink, International
    Journal of Population Data Science 7 (2022).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from itertools import combinations

import duckdb
import pyarrow as pa
import splink.comparison_library as compare
import splink.logging
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.blocking_rule_creator import BlockingRuleCreator
from splink.internals.comparison_creator import ComparisonCreator
from splink.internals.exceptions import SplinkException

from syncline.analytics.identity.blocking import Columns, Rule, block_rules
from syncline.analytics.identity.records import REVIEW, IdentityConfig, Pair, Part, Side
from syncline.matching.words import Kind, digits_of, kind_of, normalise, words_of

FEWEST = 50  #: records on both sides together; with fewer nothing is learnt
_TRAINED_BY = 3  #: rules of which each trains the fields of the others
_RECALL = 0.8  #: the share of one person's pairs that agree in two of the best fields
_PAIRS = 1e6  #: random pairs by which the chance of agreeing is measured
_DIGITS = 0.5  #: share of digits from which on a text is compared as a number
_ROUNDS = 10  #: of learning; what has not settled then falls out of the numbers a computer has
_SHOWN = 4  #: fields in an explanation
_ROW = "syncline_row"  #: beside the fields of a user


def same_people(left: Side, right: Side | None, config: IdentityConfig) -> list[Pair] | None:
    """Pairs above `REVIEW`, best first; within `left` where there is no right. None: nothing can be learnt.

    Nothing can be learnt from fewer than `FEWEST` records, or from tables of which nothing at all agrees.
    """
    columns = [_comparable(side, config.fields) for side in (left, right) if side is not None]
    told = [field for field in config.fields if any(one is not None for side in columns for one in side[field])]
    columns = [{field: side[field] for field in told} for side in columns]
    rules = block_rules(columns[0], columns[1] if right else None) if told else []
    fields = {field for rule in rules for field in rule}
    if sum(len(side.keys) for side in (left, right) if side) < FEWEST or len(rules) < 2 or len(fields) < 2:  # noqa: PLR2004  one field trains another
        return None
    splink.logging.enable("CRITICAL", stream=io.StringIO())
    with duckdb.connect(config={"threads": config.threads, "autoinstall_known_extensions": False}) as connection:
        connection.execute("SET enable_progress_bar = false")
        linker = _linker(connection, columns, rules)
        if not _train(linker, rules, config.seed):
            return None
        table = linker.inference.predict(threshold_match_probability=REVIEW).as_duckdbpyrelation().to_arrow_table()
    return sorted(_pairs(table, left, right or left, told), key=lambda pair: (-pair.p, pair.left, pair.right))


def _comparable(side: Side, fields: Sequence[str]) -> dict[str, list[str | None]]:
    """The texts in one spelling each, None where there is none; each different text is worked on once."""
    found = {}
    for field in fields:
        kind = kind_of(field)
        spelt = {text: _spelt(kind, text) or None for text in set(side.texts[field])}
        found[field] = [spelt[text] for text in side.texts[field]]
    return found


def _spelt(kind: Kind, text: str) -> str:
    if kind is Kind.PHONE:
        return digits_of(text)
    if kind is Kind.EMAIL:
        return text.strip().lower()
    return normalise(text) if kind is Kind.IDENTIFIER else " ".join(words_of(text))


def _linker(connection: duckdb.DuckDBPyConnection, columns: Sequence[Columns], rules: Sequence[Rule]) -> Linker:
    api = DuckDBAPI(connection)
    frames = []
    for name, side in zip(("here", "there"), columns, strict=False):
        rows = len(next(iter(side.values())))
        texts = {field: pa.array(values, pa.string()) for field, values in side.items()}
        table = pa.table({_ROW: pa.array(range(rows), pa.int64()), **texts})
        frames.append(api.register(table, dataset_display_name=name))
    settings = SettingsCreator(
        link_type="link_only" if len(columns) > 1 else "dedupe_only",
        unique_id_column_name=_ROW,
        comparisons=[_comparison(field, [side[field] for side in columns]) for field in columns[0]],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules],
        retain_intermediate_calculation_columns=True,
        em_convergence=0.01,
        max_iterations=_ROUNDS,
    )
    return Linker(frames, settings)


def _comparison(field: str, values: Sequence[Sequence[str | None]]) -> ComparisonCreator:
    texts = [text for side in values for text in side if text]
    digits = sum(sum(map(str.isdigit, text)) for text in texts) / max(1, sum(map(len, texts)))
    if digits > _DIGITS:
        return compare.DamerauLevenshteinAtThresholds(field, [1, 2] if _length(texts) > 4 else [1])  # noqa: PLR2004  digits
    wordy = kind_of(field) in {Kind.NAME, Kind.CITY, Kind.OTHER}
    return compare.JaroWinklerAtThresholds(field, [0.9, 0.7]).configure(term_frequency_adjustments=wordy)


def _length(texts: Sequence[str]) -> float:
    return sum(map(len, texts)) / max(1, len(texts))


def _train(linker: Linker, rules: Sequence[Rule], seed: int) -> bool:
    """Learn the weights from the candidates of a few rules; False where none of them can teach."""
    fields = list(dict.fromkeys(field for rule in rules for field in rule))[: _TRAINED_BY + 1]
    sure: list[str | BlockingRuleCreator] = [block_on(*pair) for pair in combinations(fields, 2)]
    linker.training.estimate_probability_two_random_records_match(sure, recall=_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=_PAIRS, seed=seed)
    taught = 0
    for rule in rules:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
            taught += 1
        except (ValueError, SplinkException):  # among these candidates a level never occurs: others may teach it
            continue
        if taught == _TRAINED_BY:
            break
    return taught > 1


def _pairs(table: pa.Table, left: Side, right: Side, fields: Sequence[str]) -> Iterator[Pair]:
    weights = {field: _weights(table, field) for field in fields}
    rows = zip(
        *(table.column(name).to_pylist() for name in (f"{_ROW}_l", f"{_ROW}_r", "match_probability")), strict=True
    )
    swapped = table.column("source_dataset_l").to_pylist() if "source_dataset_l" in table.column_names else []
    for place, (first, second, p) in enumerate(rows):
        a, b = (second, first) if swapped and swapped[place] == "there" else (first, second)
        parts = tuple(
            Part(field, left.texts[field][a], right.texts[field][b], weights[field][place]) for field in fields
        )
        yield Pair(a, b, float(p), "people", _why(parts), parts)


def _weights(table: pa.Table, field: str) -> list[float]:
    """Bits of evidence of one field per pair; a rare value's share is part of them."""
    names = [name for name in (f"mw_{field}", f"mw_tf_adj_{field}") if name in table.column_names]
    columns = [table.column(name).to_pylist() for name in names]
    if not columns:  # no candidates could teach it, so it says nothing
        return [0.0] * len(table)
    return [round(sum(bits or 0.0 for bits in row), 3) for row in zip(*columns, strict=True)]


def _why(parts: Sequence[Part]) -> str:
    """The fields that say most, for or against, in bits."""
    telling = sorted((part for part in parts if part.weight), key=lambda part: (-abs(part.weight), part.field))
    return ", ".join(
        f"{part.field} {'equal' if part.l == part.r else f'{part.l!r} ~ {part.r!r}'} {part.weight:+.1f} bits"
        for part in telling[:_SHOWN]
    )
