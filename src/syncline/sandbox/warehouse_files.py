"""The drop folder: CSV files of the carrier and of the purchasing department, as a spreadsheet writes them.

A file gets its name when it is whole. Its day and hour are those of Berlin.
"""

from __future__ import annotations

import csv
import io
import os
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from syncline.sandbox.faults import Settings
from syncline.sandbox.state import Fields
from syncline.sandbox.tally import Tally

_ZONE = ZoneInfo("Europe/Berlin")
_DELIVERIES = ("shipment", "delivered", "place", "remark")
_SUPPLIERS = ("number", "name", "country", "lead_days", "minimum")
_PLACES = ("Gate 1", "Gate 3", "Ramp", "Neighbour")
_REMARKS = ("", "", "", "Karton beschädigt", "late; road closed")
_BOM = "\ufeff"


class DropFolder:
    """The folder that others look into."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.settings: Callable[[], Settings] = Settings
        self.tally = Tally()

    def confirm(self, number: int, shipments: Sequence[str], now_ms: int, draw: random.Random) -> None:
        """Write what the carrier has delivered."""
        moment = datetime.fromtimestamp(now_ms / 1000, _ZONE)
        rows = [
            (shipment, f"{moment:%d.%m.%Y %H:%M}", draw.choice(_PLACES), draw.choice(_REMARKS))
            for shipment in shipments
        ]
        self._write(f"deliveries-{number:06}-{moment:%Y%m%d}.csv", _DELIVERIES, rows, draw)

    def list_suppliers(self, number: int, suppliers: Iterable[Fields], draw: random.Random) -> None:
        """Write the whole list of active suppliers."""
        rows = [
            (one["supplier_no"], one["name"], one["country"], str(one["lead_days"]), str(round(one["minimum"])))
            for one in suppliers
            if one["active"]
        ]
        self._write(f"suppliers-{number:06}.csv", _SUPPLIERS, rows, draw)

    def _write(self, name: str, header: Sequence[str], rows: Sequence[Sequence[str]], draw: random.Random) -> None:
        settings = self.settings()
        told = io.StringIO()
        table = csv.writer(told, delimiter=";", lineterminator="\r\n")
        table.writerow(header)
        table.writerows(rows)
        if self._strikes("bad_row", settings.bad_row, draw):
            table.writerow([*rows[0], "one cell too many"])
        content = (_BOM + told.getvalue()).encode()
        if self._strikes("half_file", settings.half_file, draw):
            # A try that broke off; nobody clears it away.
            (self.folder / f"{name}.{draw.randrange(1_000)}.part").write_bytes(content[: len(content) // 2])
        part = self.folder / f"{name}.part"
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self.folder / name)

    def _strikes(self, fault: str, share: float, draw: random.Random) -> bool:
        struck = draw.random() < share
        if struck:
            self.tally.faults[fault] += 1
        return struck
