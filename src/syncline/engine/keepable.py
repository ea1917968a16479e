"""Records whose key no store can keep, and names for those that have none."""

from __future__ import annotations

from syncline.model.page import Page

KEYLESS = "#"  #: begins the name of a record whose key could not be read: its place, or what it holds


def keepable(page: Page) -> Page:
    """The page with every record whose key no store can keep (a null character, half a surrogate pair) as a broken one.

    Such a record is told of by the place of its key's escaped form, and the rest of the page flows.
    """
    keys = [*page.keys, *(key for key, _ in page.broken), *page.tombstones]
    if _can_be_kept("".join(keys)):
        return page
    good = [number for number, key in enumerate(page.keys) if _can_be_kept(key)]
    refused = [key for key in page.keys if not _can_be_kept(key)]
    refused += [key for key in page.tombstones if not _can_be_kept(key)]
    return Page(
        keys=[page.keys[n] for n in good], raws=[page.raws[n] for n in good],
        versions=[page.versions[n] for n in good] if page.versions else page.versions,
        stamps=[page.stamps[n] for n in good] if page.stamps else page.stamps,
        tombstones=[key for key in page.tombstones if _can_be_kept(key)], cursor=page.cursor,
        broken=[
            *((key if _can_be_kept(key) else _escaped(key), reason) for key, reason in page.broken),
            *((_escaped(key), "its key holds characters that cannot be stored") for key in refused),
        ],
    )  # fmt: skip


def _can_be_kept(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _escaped(key: str) -> str:
    return KEYLESS + key.encode("unicode_escape").decode()
