"""Promises about values: what is written is shown as it is, or as a known normaliser leaves it.

Each field is sent a table of values that systems stumble over. From what is shown the normalisers are learned, as the
engine learns them, and compared with those of the contract.
"""

# ruff: noqa: D102, S101  a test is an assertion with a name

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

import pytest

from syncline.merging import explain, normalise
from syncline.model.contract import ReadBack
from syncline.model.page import Outcome
from syncline.testing.connector_findings import Findings, Sample, promise
from syncline.testing.connector_fixtures import ConnectorFixtures
from syncline.testing.connector_trial import Trial

_SAMPLES = 3  #: that must agree before a normaliser is learned
_FIRST = ("trim", "spaces", "upper", "lower", "phone")  #: what systems do before they cut or round
_CHANGED = 8  #: changed values of a field that are written back

_WORDS = "Schrauben, Muttern und Unterlegscheiben in allen Größen; "
#: Kind -> what is sent.
VALUES: Mapping[str, Sequence[str]] = {
    "text": (
        "plain",
        "Zoë Ångström",
        "Zoe\u0308 decomposed",
        "株式会社テスト",
        "שלום عليكم",
        "emoji 🏭🚚",
        "family 👨\u200d👩\u200d👧 and flag 🇩🇪",
        "four bytes 𠜎 𝄞",
        "line\nbreak\ttab",
        "carriage\r\nreturn",
        'O\'Brien & "Sons" <b>',
        "a \\ backslash / slash % percent",
        "{curly} ${dollar} {{double}}",
        "=cmd|' /C calc'!A0",
        "null",
        "0012",
        "no\u00a0break",
        "a zero\x00byte",
        "",
        " outer",
        "outer ",
        "  outer  ",
        "inner  space",
        "inner   spaces   twice",
        "MiXeD CaSe",
        "UPPER CASE",
        "lower case",
        "x" * 255,
        "y" * 256,
        (_WORDS * 9)[:400],
        "é" * 300,
    ),
    "phone": ("+49 30 1234567", "+1 212 555 0100", "+86 10 1234 5678", "+44 20 7946 0958"),
    "decimal": ("0", "-0", "-0.00", "1", "12.50", "12.5", "0.01", "-7.25", "1000000.99", "0.005", "1.005", "2.675"),
    "date": ("2024-02-29", "2000-02-29", "1999-12-31", "2026-03-29", "2026-10-25", "2026-01-01"),
    "time": (
        "2024-02-29T12:00:00+00:00",
        "2026-03-29T00:59:59+00:00",  # the hour that is missing in Berlin begins
        "2026-03-29T01:30:00+00:00",
        "2026-10-25T00:30:00+00:00",  # half past two in Berlin, for the first time
        "2026-10-25T01:30:00+00:00",  # and for the second
        "2026-11-01T05:30:00+00:00",  # the same in New York
        "2026-11-01T06:30:00+00:00",
        "2026-12-31T23:59:59+00:00",
        "2026-06-15T12:00:00+02:00",
    ),
}
_IMPOSSIBLE = {"date": "2023-02-29", "decimal": "twelve", "time": "2026-13-01T00:00:00+00:00"}
#: How two ways to write one value are known to be one.
_SAME = {"decimal": lambda text: Decimal(text).normalize() + 0, "time": datetime.fromisoformat}


class ConnectorValues(ConnectorFixtures):
    """Write, read back, compare."""

    @promise
    def test_what_becomes_of_a_value_is_known(self, trial: Trial, values: Mapping[str, str]) -> None:
        table = _table(trial, values)

        assert [one for one in table if one.became == "changed"] == []
        assert {one.became for one in table} != {"refused"}

    @promise
    def test_what_a_system_makes_of_a_value_is_what_the_contract_says(
        self, trial: Trial, values: Mapping[str, str], canonical: Mapping[str, str]
    ) -> None:
        table, contract = _table(trial, values), trial.contract

        for field in values:
            declared = contract.normalisers.get(canonical.get(field, field))
            told = [one for one in table if one.field == field and one.became != "refused"]
            wrong = [one for one in told if declared and normalise(declared, one.shown) != one.shown]
            assert wrong == [], f"{field} is declared as {declared}"
            others = [name for name in trial.findings.learned.get(field, ()) if declared and _rivals(name, declared)]
            assert others == [], f"{field} is declared as {declared}"
        changed = [one for one in table if one.shown not in (None, one.sent) and one.became != "as sent"]
        assert contract.read_back is not ReadBack.VERBATIM or changed == []

    @promise
    def test_what_a_system_made_of_a_value_it_leaves_alone(self, trial: Trial, values: Mapping[str, str]) -> None:
        table = _table(trial, values)
        key = trial.key(80)

        for field in values:
            changed = [one.shown for one in table if one.field == field and one.shown not in (None, one.sent)]
            for shown in list(dict.fromkeys(changed))[:_CHANGED]:
                receipt = trial.update(key, {field: shown}, trial.read(key).version)
                assert receipt.outcome is Outcome.DONE, receipt.message
                assert _text(trial.shown(key).get(field)) == shown

    @promise
    def test_a_value_that_cannot_be_is_refused_or_stored_as_it_is(
        self, trial: Trial, values: Mapping[str, str]
    ) -> None:
        impossible = {field: _IMPOSSIBLE[kind] for field, kind in values.items() if kind in _IMPOSSIBLE}
        if not impossible:
            pytest.skip("only texts are tried, and any text can be")
        key = trial.key(81)
        for field, value in impossible.items():
            before = trial.shown(key).get(field)

            receipt = trial.update(key, {field: value}, trial.read(key).version)

            after = trial.shown(key).get(field)
            assert after == value if receipt.outcome is Outcome.DONE else after == before
            assert receipt.outcome in (Outcome.DONE, Outcome.REFUSED), receipt.message


def _table(trial: Trial, values: Mapping[str, str]) -> Sequence[Sample]:
    """Every value written to one record and read back; once for each suite."""
    findings = trial.findings
    if not findings.values:
        key = trial.key(82)
        findings.values = [
            _sample(trial, key, field, kind, sent) for field, kind in values.items() for sent in VALUES[kind]
        ]
        _learn(findings, values)
    return findings.values


def _sample(trial: Trial, key: str, field: str, kind: str, sent: str) -> Sample:
    receipt = trial.update(key, {field: sent}, trial.read(key).version)
    if receipt.outcome is Outcome.REFUSED:
        assert receipt.message, "a refusal must say why"
        return Sample(field=field, sent=sent, shown=None, became="refused")
    assert receipt.outcome is Outcome.DONE, f"{sent!r}: {receipt.outcome.name} {receipt.message}"
    shown = _text(trial.shown(key).get(field))
    names = " or ".join(_explained(sent, shown))
    became = "as sent" if _is_same(kind, sent, shown) else names or "changed"
    return Sample(field=field, sent=sent, shown=shown, became=became)


def _learn(findings: Findings, values: Mapping[str, str]) -> None:
    """Normalisers that three samples agree on and none contradicts; then they may also work together."""
    for field in values:
        told = [one for one in findings.values if one.field == field and one.became != "refused"]
        changed = [one for one in told if one.became not in ("as sent", "changed")]
        counts = Counter(name for one in changed for name in re.split(r" or | \+ ", one.became))
        names = [name for name, count in counts.items() if count >= _SAMPLES]
        learned = [name for name in names if all(normalise(name, one.shown) == one.shown for one in told)]
        if learned:
            findings.learned[field] = learned


def _explained(sent: str, shown: str | None) -> Sequence[str]:
    """What makes the one of the other: normalisers of the closed list, or else one after the other."""
    made = {first: normalise(first, sent) for first in _FIRST}
    pairs = [f"{first} + {then}" for first, one in made.items() if one != shown for then in explain(one, shown)]
    return explain(sent, shown) or pairs


def _rivals(learned: str, declared: str) -> bool:
    """Are these the same normaliser with another parameter?"""
    return learned != declared and learned.partition(":")[0] == declared.partition(":")[0]


def _is_same(kind: str, sent: str, shown: str | None) -> bool:
    if sent == shown:
        return True
    try:
        return shown is not None and kind in _SAME and _SAME[kind](sent) == _SAME[kind](shown)
    except (ValueError, InvalidOperation):
        return False


def _text(value: object) -> str | None:
    return None if value is None else str(value)
