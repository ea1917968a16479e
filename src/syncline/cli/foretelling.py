"""How a forecast is told: one line for each product, one chart for all of them, and all of it as JSON."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from syncline.analytics.dataset.doubt import Doubt
from syncline.app.analyses.forecasting import Forecast
from syncline.cli.show import DIM, HEAD, WAITS, Cell, Screen, counted
from syncline.errors import SetupError

LOW, HIGH = "q10", "q90"  #: columns of quantiles between which 80 % are expected
_SHOWN = 20  #: products on the screen
_DRAWN = 6  #: products in a drawing
_SPARKED = 16  #: periods before the forecast on the screen
_PAST = 26  #: periods before the forecast that are drawn
_BLOCKS = "▁▂▃▄▅▆▇█"
_WORDS = {"D": "day", "W": "week", "M": "month", "Q": "quarter", "Y": "year"}
Rows = list[dict[str, Any]]


def show_forecast(screen: Screen, told: Forecast) -> None:
    """The products with the most demand ahead, then what a reader should know."""
    products = _by_product(told.made.rows.to_pylist())
    past = _by_product(told.history.to_pylist())
    periods = len(next(iter(products.values())))
    one = _WORDS[told.made.freq]
    screen.line(
        (f"{counted(len(products), 'product')}, the next {counted(periods, one)} after {told.as_of}", HEAD),
        ", in units of each product",
    )
    heads = ("product", "past", f"next {one}", "80 % between", f"{periods} {one}s", "how")
    ranked = sorted(products, key=lambda key: (-sum(row["mean"] for row in products[key]), key))
    rows: list[Sequence[Cell]] = [[(head, DIM) for head in heads]]
    for key in ranked[:_SHOWN]:
        own, first = products[key], products[key][0]
        rows.append((
            key, spark([row["qty"] for row in past.get(key, [])][-_PAST:]), amount(first["mean"]),
            f"{amount(first[LOW])} to {amount(first[HIGH])}", amount(sum(row["mean"] for row in own)),
            f"{first['cls']}: {first['method']}",
        ))  # fmt: skip
    screen.table(rows, indent=0, align="<<>>><")
    if len(ranked) > _SHOWN:
        screen.line((f"and {len(ranked) - _SHOWN:,} more; --out FILE.csv has them all, --top N the first", DIM))
    _show_notes(screen, told, products)


def _show_notes(screen: Screen, told: Forecast, products: Mapping[str, Rows]) -> None:
    for note in told.notes:
        screen.line((note, WAITS))
    flags: dict[str, int] = {}
    for own in products.values():
        for flag in filter(None, own[0]["flag"].split("; ")):
            flags[flag] = flags.get(flag, 0) + 1
    for flag, count in sorted(flags.items(), key=lambda pair: -pair[1]):
        screen.line((f"{counted(count, 'product')}: ", DIM), flag)
    show_doubts(screen, told.doubts)


def show_doubts(screen: Screen, doubts: Sequence[Doubt]) -> None:
    """One line for each entity: what is made from data in doubt must say so."""
    for entity in dict.fromkeys(one.entity for one in doubts):
        own = [one for one in doubts if one.entity == entity]
        causes: dict[str, int] = {}
        for one in own:
            causes |= {cause: max(count, causes.get(cause, 0)) for cause, count in one.causes.items() if count}
        told = ", ".join(f"{count:,} {cause}" for cause, count in causes.items())
        fields = f", in {counted(len(own), 'field')}; `syncline drift` shows them"
        screen.line(("in doubt just now: ", WAITS), f"{entity.replace('_', ' ')}: {told}", (fields, DIM))


def forecast_document(told: Forecast) -> dict[str, object]:
    """All of it."""
    return {
        "as_of": told.as_of, "freq": told.made.freq, "season": told.made.season, "notes": told.notes,
        "doubts": [{"entity": one.entity, "field": one.field, "causes": one.causes} for one in told.doubts],
        "rows": told.made.rows.to_pylist(), "backtest": told.made.backtest.to_pylist(),
    }  # fmt: skip


def spark(values: Sequence[float]) -> str:
    """A series in one line of blocks.

    >>> spark([0, 1, 2, 4])
    '▁▃▅█'
    """
    most = max(values, default=0.0)
    return "".join(_BLOCKS[round(one / most * (len(_BLOCKS) - 1))] if most else _BLOCKS[0] for one in values)


def amount(units: float) -> str:
    """A quantity as people read it: two digits where it is small.

    >>> amount(1234.5), amount(12.34), amount(0.126)
    ('1,234', '12.3', '0.13')
    """
    if abs(units) >= 100:  # noqa: PLR2004
        return f"{units:,.0f}"
    return f"{units:.1f}" if abs(units) >= 10 else f"{units:.2f}"  # noqa: PLR2004


def draw(path: Path, told: Forecast) -> None:
    """The products with the most demand ahead, past and forecast, as SVG or PNG."""
    if path.suffix not in {".svg", ".png"}:
        raise SetupError(f"{path} is neither .svg nor .png.", cure="Name a file that ends with one of the two.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # letters that the font does not have
        import matplotlib as mpl

        mpl.use("Agg")
        from matplotlib import pyplot as plt

        products, past = _by_product(told.made.rows.to_pylist()), _by_product(told.history.to_pylist())
        ranked = sorted(products, key=lambda key: (-sum(row["mean"] for row in products[key]), key))[:_DRAWN]
        figure, places = plt.subplots(len(ranked), 1, figsize=(9, 2.2 * len(ranked)), squeeze=False, sharex=True)
        for place, key in zip(places[:, 0], ranked, strict=True):
            _draw_one(place, key, past.get(key, [])[-_PAST:], products[key])
        figure.tight_layout()
        try:
            figure.savefig(path, dpi=120, metadata={"Date": None} if path.suffix == ".svg" else None)
        except OSError as error:
            raise SetupError(f"{path} cannot be written: {error.strerror}.", cure="Name another place.") from error
        finally:
            plt.close(figure)


def _draw_one(place: Any, key: str, past: Rows, ahead: Rows) -> None:  # noqa: ANN401
    days: list[date] = [row["period"] for row in ahead]
    if past:
        place.plot([row["period"] for row in past], [row["qty"] for row in past], color="#444444", linewidth=1.2)
    place.fill_between(
        days, [row[LOW] for row in ahead], [row[HIGH] for row in ahead], color="#2a6f97", alpha=0.25,
        linewidth=0,
    )  # fmt: skip
    place.plot(days, [row["mean"] for row in ahead], color="#2a6f97", linewidth=1.8)
    place.set_title(f"{key}  [units per period]", loc="left", fontsize=9, parse_math=False)
    place.set_ylim(bottom=0)
    place.spines[["top", "right"]].set_visible(False)


def _by_product(rows: Rows) -> dict[str, Rows]:
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["key"], []).append(row)
    return found
