"""Figures, findings and profiles are good to read, and what is not green is said."""

import pytest

from syncline.cli.figuring import show_figures, show_findings, show_profiles
from syncline.cli.lazy import Asked
from syncline.cli.show import Screen
from syncline.model.figures import (
    CheckFigure,
    DriftFigure,
    ExchangeFigure,
    FieldGap,
    Figures,
    FindingRow,
    MappingFigure,
    ValidationFigure,
    VolumeFigure,
)
from syncline.quality.profile import EntityProfile, Profiler

GREEN = {"identity": "green", "lag": "green", "budget": "green", "heartbeat": "green"}


def exchange(**changes) -> ExchangeFigure:
    given = {
        "flow": "orders", "system": "erp", "began": 0, "captured": 1200, "applied": 1190, "rejected": 3, "parked": 2,
        "backlog": 5, "missing": 0, "lag_p50": 0.0, "lag_p95": 90.0, "lag_p99": 7200.0, "open_24h": 1.5,
        "open_30d": 40.0, "window_24h": 0, "window_30d": 0, "burn_1h": 0.2, "burn_6h": 0.1, "heartbeat": 20.0,
        "lights": GREEN,
    } | changes  # fmt: skip
    return ExchangeFigure(**given)


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_the_books_are_one_line_per_system(capsys):
    show_figures(Screen(Asked()), Figures(at=0, light="green", exchange=(exchange(),)))

    out = told(capsys)
    assert "orders to erp     1,200    1,190         3       2        5  1.5 min     1.50 h      0.2x" in out


def test_a_broken_identity_and_a_silent_system_are_said_aloud(capsys):
    lights = {**GREEN, "identity": "red", "heartbeat": "red"}
    row = exchange(missing=1, heartbeat=7200.0, lights=lights)

    show_figures(Screen(Asked()), Figures(at=0, light="red", exchange=(row,)))

    out = told(capsys)
    assert "1 of the captured changes are not accounted for" in out
    assert "erp was last read to the end 2.0 h ago" in out


def test_everything_deep_is_told(capsys):
    figures = Figures(
        at=0, light="red", exchange=(), findings={"orders erp": 2},
        validation=(
            ValidationFigure(
                flow="orders", score=0.5, w=0.75, low=0.7, samples=288, sampled=True, light="red",
                checks=(CheckFigure(rule="required city", sort="required", tried=10, passed=8),),
            ),
        ),
        drift=(
            DriftFigure(
                flow="orders", comparable=1000, settled=2, in_flight=1, missing=1, orphans=0, rate=0.002,
                lights={"rate": "red"},
                fields=(
                    FieldGap(
                        field="total", comparable=500, settled=2, in_flight=1, net="-1", gross="3", unit="EUR"
                    ),
                ),
            ),
        ),
        mappings=(
            MappingFigure(
                flow="orders", system="erp", mapped=7, offered=20, coverage=0.35, compared=100, kept=99,
                lossy=("note",), ambiguous=("code",), changed=("total",), changed_at=1, light="amber",
            ),
        ),
        volume=VolumeFigure(
            run=8, inserts=1, updates=2, deletes=3, fields=4, bytes=5, records=60, ratio=0.1, light="green"
        ),
    )  # fmt: skip

    show_figures(Screen(Asked()), figures)

    out = told(capsys)
    for words in (
        "validation score 0.7500 (95 % sure of 0.7000) over 288 samples", "required city  2 of 10 fail",
        "orders erp: 2 findings", "2 settled, 1 in flight, of 1,000 compared", "1 record missing, 0 orphans",
        "total: 2 settled, 1 in flight, net -1 gross 3 EUR", "7 of 20 fields", "99.00 % there and back; changes note",
        "writes alike code", "run 8 changed: 1 inserts, 2 updates, 3 deletes, 10.0% of 60 records",
    ):  # fmt: skip
        assert words in " ".join(out.split()).replace("city 2", "city  2")


def test_findings_name_record_rule_value_and_cure(capsys):
    row = FindingRow(
        flow="orders", system="erp", key="E1", rule="required city", field="city", value="nothing",
        reason="it is missing", cure="fill it in there", since=1,
    )  # fmt: skip
    show_findings(Screen(Asked()), [row])
    show_findings(Screen(Asked()), [])

    out = told(capsys)
    assert "orders erp E1 required city: it is missing (city = nothing)" in out
    assert "fill it in there" in out
    assert "Every record" in out


def test_a_profile_is_a_table_that_fits(capsys):
    profilers = [Profiler("sku"), Profiler("price")]
    profilers[0].add(["AB-123", "CD-456", None])
    profilers[1].add(["1.50", 2, 3])
    one = EntityProfile(flow="products", entity="product", at=2, records=3, fields=[p.done() for p in profilers])

    show_profiles(Screen(Asked()), [one])

    lines = told(capsys).splitlines()
    assert lines[0] == "products 3 records"
    assert lines[2].split() == ["sku", "33.3%", "2", "6-6", "AA-999", "2"]
    assert lines[3].split()[:6] == ["price", "0.0%", "3", "4-4", "1.50", "2"]
    assert max(map(len, lines)) <= 100
