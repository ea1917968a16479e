"""Pages of records as the hub sees them. A page that fails is asked for again: nothing may be left behind."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from syncline.connectors.systems.vendure.shapes import Shape
from syncline.connectors.systems.vendure.shop import Facts, Shop
from syncline.model.page import Page


class Shaped:
    """A scan whose records are brought into shape, as the port's `list` hands it out."""

    def __init__(self, pages: Iterator[Page], shape: Shape, shop: Shop) -> None:
        self._pages = pages
        self._shape = shape
        self._shop = shop

    def __iter__(self) -> Shaped:
        """Itself."""
        return self

    def __next__(self) -> Page:
        """The next page. What may fail comes first: the scan behind moves on once it has given a page."""
        facts = self._shop.facts
        page = next(self._pages)
        try:
            return msgspec.structs.replace(page, raws=self._shape.shown(page.raws, facts))
        except ValueError:
            return self._singly(page, facts)

    def _singly(self, page: Page, facts: Facts) -> Page:
        """The page without the records that are none of Vendure's; each of those is told."""
        fine: dict[int, bytes] = {}
        broken: list[tuple[str, str]] = []
        for place, raw in enumerate(page.raws):
            try:
                fine[place] = self._shape.shown([raw], facts)[0]
            except ValueError as error:
                broken.append((page.keys[place], f"It is no record of Vendure: {error}."))
        return msgspec.structs.replace(
            page,
            keys=[page.keys[place] for place in fine],
            raws=list(fine.values()),
            versions=[page.versions[place] for place in fine] if page.versions is not None else None,
            stamps=[page.stamps[place] for place in fine] if page.stamps is not None else None,
            broken=[*page.broken, *broken],
        )
