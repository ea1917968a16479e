"""What is there, and what is on its way: the tables that every supply plan begins with."""

from __future__ import annotations

import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout

ON_HAND = Layout(
    row="the free stock of one item",
    columns=(Column("item", pa.string(), available_at=ALWAYS), Column("qty", pa.float64(), "unit", ALWAYS)),
)
OPEN_ORDERS = Layout(
    row="one receipt that is on its way",
    columns=(
        Column("item", pa.string(), available_at=ALWAYS),
        Column("period", pa.date32(), available_at=ALWAYS),
        Column("qty", pa.float64(), unit="unit", available_at=ALWAYS),
    ),
)
