"""Two applications in agreement with a lying proxy before each, and the command line run through them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.acceptance.lying_proxy import LyingProxy, lying_proxy
from tests.acceptance.sandbox_world import World, world

SIZE = 24
SECRETS = ("crm-token", "erp-token", "aHViOmVycC10b2tlbg")  # the last one is the ERP's pair as a header shows it


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Its JSON."""
        return json.loads(self.out)

    @property
    def paused(self) -> dict[str, str]:
        """What a run left out, and why."""
        return self.document["paused"]

    @property
    def parked(self) -> list[dict[str, Any]]:
        """The rows of `parked`."""
        return self.document["parked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BadWorld:
    """The hub sees the applications through proxies only; people and the recount see them as they are."""

    world: World
    crm: LyingProxy
    erp: LyingProxy

    def __call__(self, *words: str, **environment: str) -> Told:
        """Run one command; whatever went wrong, it shows no traceback and no secret."""
        told = self.world.syncline(*words, **{"CRM_URL": self.crm.url, "ERP_URL": self.erp.url} | environment)
        printed = told.stdout + told.stderr
        assert "Traceback" not in printed, printed
        assert "Unexpected" not in printed, printed
        assert [one for one in SECRETS if one in printed] == []
        return Told(code=told.returncode, out=told.stdout, err=told.stderr)

    def proxy(self, system: str) -> LyingProxy:
        """The way to one system."""
        return self.crm if system == "crm" else self.erp

    def customers(self) -> list[dict[str, Any]]:
        """Customers of the CRM that the ERP knows, too, by their tax numbers."""
        known = {row["VatNo"] for row in self.world.erp.every("partners") if row["Active"]}
        rows = [row for row in self.world.crm.every("customers") if not row["archived"]]
        return [row for row in rows if row["tax_id"] and row["tax_id"].upper() in known]

    def partner_of(self, customer: Mapping[str, Any]) -> dict[str, Any]:
        """The ERP's record of a customer."""
        wanted = customer["tax_id"].upper()
        return next(row for row in self.world.erp.every("partners") if row["VatNo"] == wanted and row["Active"])

    def differences(self) -> list[object]:
        """What differs in the two applications for no reason, counted over their own APIs."""
        return list(self.world.recounted().unexplained)

    def comes_to_rest(self) -> None:
        """The cause is cured: the next pass brings full agreement, and the one after that has nothing to write."""
        assert self("sync", "--full", "--approve", "--json").code == 0
        before = self.world.writes()
        told = self("sync", "--json")

        assert told.code == 0, told.out
        assert self.world.writes() == before
        assert told.document["agreement"]["parked"] == 0
        assert self.differences() == []

    @contextmanager
    def edited(self, name: str, old: str, new: str) -> Iterator[Path]:
        """The project with another word in one of its files, for a while."""
        path = self.world.project / name
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new))
        try:
            yield path
        finally:
            path.write_text(before)


@contextmanager
def bad_world(folder: Path, *, quick: bool = False) -> Iterator[BadWorld]:
    """A world in agreement; `quick`: effects are promised to come soon, so that doubts end soon."""
    with world(folder, size=SIZE) as real, lying_proxy(real.crm_url) as crm, lying_proxy(real.erp_url) as erp:
        made = BadWorld(world=real, crm=crm, erp=erp)
        if quick:
            settings = real.project / "syncline.yaml"
            settings.write_text(settings.read_text().replace("lag: 1, settle: 0, effect: 2", QUICK))
        assert made("sync", "--approve").code == 0
        yield made


QUICK = "lag: 0.2, settle: 0, effect: 0.3"
