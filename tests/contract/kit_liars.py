"""Connectors that break one promise each. `test_connector_kit.py` runs the suites below and expects each to be caught.

The name of the test that must fail stands beside each liar; the sentence of the kit that it breaks is that test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from syncline.errors import SetupError
from syncline.model.contract import Deletes, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Outcome, Page, Receipt, Record
from tests.contract.kit_book import CLAIMS, Hasty, Honest, modest
from tests.contract.kit_suite import BookSuite

_HOUR = 3_600_000_000


class TestHonest(BookSuite):
    """All of the kit."""

    title = "book.honest"


class Late(Honest):
    """Its lists show what is new a little later, as it says."""

    def ordered(self, after: tuple[int, str]) -> Sequence[Record]:
        return [one for one in super().ordered(after) if one.stamp < self.now() - 150_000]


class TestLate(BookSuite):
    title = "book.late"
    system = Late


class Cuts(Honest):
    """It keeps ten letters, and shows no answer but by a read."""

    claims = replace(CLAIMS, read_back=ReadBack.GET)
    texts = staticmethod(lambda text: text[:10])


class TestCuts(BookSuite):
    title = "book.cuts"
    system = Cuts


LIARS: list[tuple[str, type[Honest]]] = []  #: name of the test that must fail, and who breaks its promise


def caught_by(*tests: str) -> Callable[[type[Honest]], type[Honest]]:
    def note(liar: type[Honest]) -> type[Honest]:
        LIARS.extend((test, liar) for test in tests)
        return liar

    return note


# --- reading ------------------------------------------------------------------------------------------------------


@caught_by("test_a_listed_record_has_the_same_bytes_as_the_record_read_by_key")
class ListsLess(Honest):
    def page(self, records: Sequence[Record], deleted: Sequence[str], since: Cursor | None) -> Page:
        page = super().page(records, deleted, since)
        return msgspec.structs.replace(page, raws=[raw.replace(b'"amount"', b'"sum"') for raw in page.raws])


@caught_by("test_a_record_is_a_json_object")
class ShowsLists(Honest):
    def record(self, key: str) -> Record:
        found = super().record(key)
        return msgspec.structs.replace(found, raw=b"[" + found.raw + b"]")


@caught_by("test_get_answers_in_the_order_of_the_keys")
class GetsInItsOwnOrder(Honest):
    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        return sorted(super().get(resource, keys), key=lambda one: one.key)


@caught_by("test_an_unknown_record_is_gone")
class Haunted(Honest):
    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        return [one if isinstance(one, Record) else Record(key=one.key, raw=b"{}") for one in super().get("", keys)]


@caught_by("test_a_strange_key_finds_nothing")
class TakesKeysApart(Honest):
    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        if any("," in key for key in keys):
            return [Record(key=key, raw=b'{"id":"a"}') for key in keys]
        return super().get(resource, keys)


@caught_by("test_two_full_reads_are_equal")
class Restless(Honest):
    def record(self, key: str) -> Record:
        found = super().record(key)
        return msgspec.structs.replace(found, raw=found.raw[:-1] + f',"read_at":{self.now()}}}'.encode())


@caught_by("test_a_full_read_shows_each_record_once_and_its_columns_have_one_length")
class Stutters(Honest):
    def page(self, records: Sequence[Record], deleted: Sequence[str], since: Cursor | None) -> Page:
        return super().page([*records, *records[-1:]], deleted, since)


@caught_by(
    "test_a_record_that_is_made_during_a_scan_hides_no_other",
    "test_a_record_that_is_changed_during_a_scan_hides_no_other",
)
class CountsPages(Honest):
    """Numbered pages, the newest first, of 25 each: whoever comes in pushes one over the edge, whoever leaves pulls."""

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        before, start = len(self.book.rows), 0
        while start < before:
            rows = self.ordered((-1, ""))
            yield self.page(rows[start + len(rows) - before :][:25] if start else rows[:25], [], since)
            start += 25 + (rows != self.ordered((-1, "")))


@caught_by("test_several_threads_read_the_same")
class MixesUpThreads(Honest):
    asked: Sequence[str] = ()

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        self.asked = keys
        self.env.sleep(0.005)
        return super().get(resource, self.asked)


@caught_by("test_a_schema_that_is_told_names_the_fields_that_are_shown")
class DescribesAnother(Honest):
    def schema(self, resource: str) -> Mapping[str, str]:
        return {"colour": "text"}


# --- cursors ------------------------------------------------------------------------------------------------------


@caught_by(
    "test_a_record_carries_the_time_of_its_last_change", "test_the_clock_is_no_further_off_than_the_contract_says"
)
class HasNoTime(Honest):
    def record(self, key: str) -> Record:
        return msgspec.structs.replace(super().record(key), stamp=0)


@caught_by("test_a_cursor_returns_the_records_of_its_own_instant")
class OpensTheInterval(Honest):
    def floor(self, since: Cursor | None) -> int:
        return min(since.stamp, self.now()) if since else -1

    def ordered(self, after: tuple[int, str]) -> Sequence[Record]:
        return [one for one in super().ordered(after) if after == (-1, "") or one.stamp > after[0]]


@caught_by("test_a_cursor_leaves_out_what_is_older_than_its_overlap")
class IgnoresCursors(Honest):
    def floor(self, since: Cursor | None) -> int:
        return -1


@caught_by("test_a_later_cursor_brings_what_changed_since")
class ForgetsEdits(Honest):
    def floor(self, since: Cursor | None) -> int:
        return self.now() if since else -1


@caught_by("test_a_cursor_of_the_future_hides_no_later_change")
class BelievesTheFuture(Honest):
    def floor(self, since: Cursor | None) -> int:
        return since.stamp if since else -1

    def page(self, records: Sequence[Record], deleted: Sequence[str], since: Cursor | None) -> Page:
        page = super().page(records, deleted, since)
        return page if records else msgspec.structs.replace(page, cursor=since)


@caught_by("test_a_read_that_ends_early_goes_on_from_its_last_cursor_and_misses_nothing")
class TellsItsCursorTooEarly(Honest):
    def page(self, records: Sequence[Record], deleted: Sequence[str], since: Cursor | None) -> Page:
        return msgspec.structs.replace(super().page(records, deleted, since), cursor=Cursor(stamp=self.now()))


@caught_by("test_the_cursors_of_a_read_never_go_back")
class GoesBack(Honest):
    def page(self, records: Sequence[Record], deleted: Sequence[str], since: Cursor | None) -> Page:
        page = super().page(records, deleted, since)
        at = page.cursor.stamp if page.cursor else 0
        return msgspec.structs.replace(page, cursor=Cursor(stamp=2 * self.now() - at))


# --- writing ------------------------------------------------------------------------------------------------------


@caught_by("test_an_update_changes_its_own_fields_only")
class PutsWholeRecords(Honest):
    def store(self, key: str, fields: Mapping[str, object]) -> None:
        row = self.book.rows.get(key, {"version": 0})
        self.book.rows[key] = {name: row[name] for name in ("version", "marker") if name in row}
        super().store(key, fields)


@caught_by("test_an_update_stores_what_it_says", "test_a_get_shows_our_own_write_within_the_settling_time")
class DropsWrites(Honest):
    def store(self, key: str, fields: Mapping[str, object]) -> None:
        super().store(key, {"version": self.book.rows[key]["version"]} if key in self.book.rows else fields)


@caught_by("test_an_answer_shows_the_record_as_a_read_does")
class AnswersEarly(Honest):
    def done(self, item: Item, key: str) -> Receipt:
        receipt = super().done(item, key)
        return msgspec.structs.replace(receipt, raw=(receipt.raw or b"").replace(b"again", b"before"))


@caught_by("test_an_old_version_is_refused_and_nothing_is_written")
class IgnoresVersions(Honest):
    def is_stale(self, item: Item) -> bool:
        return False


@caught_by("test_each_write_gives_a_record_another_version")
class RepeatsVersions(Honest):
    def store(self, key: str, fields: Mapping[str, object]) -> None:
        super().store(key, fields)
        self.book.rows[key]["version"] = int(str(self.book.rows[key]["version"])) % 3


@caught_by("test_an_update_of_an_unknown_record_says_gone")
class InventsRecords(Honest):
    def one(self, item: Item) -> Receipt:
        receipt = super().one(item)
        return (
            receipt if receipt.outcome is not Outcome.GONE else msgspec.structs.replace(receipt, outcome=Outcome.DONE)
        )


@caught_by("test_a_deleted_record_is_gone_and_no_longer_listed", "test_a_record_that_is_deleted_twice_is_still_gone")
class KeepsTheDeleted(Honest):
    def delete(self, key: str) -> None:
        self.book.graves[key] = self.now()


@caught_by("test_a_list_names_the_deleted")
class BuriesInSilence(Honest):
    def delete(self, key: str) -> None:
        del self.book.rows[key]


@caught_by("test_an_archived_record_shows_it")
class ArchivesNothing(Honest):
    def one(self, item: Item) -> Receipt:
        done = Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)
        return done if item.op.name == "ARCHIVE" else super().one(item)


@caught_by("test_one_bad_record_of_ten_is_refused_alone")
class RefusesTogether(Honest):
    def write(self, batch: Batch) -> Sequence[Receipt]:
        reasons = [reason for item in batch.items if (reason := self.refusal(item))]
        if reasons:
            return [Receipt(ref=item.ref, outcome=Outcome.REFUSED, message=reasons[0]) for item in batch.items]
        return super().write(batch)


@caught_by("test_each_receipt_of_a_batch_is_its_own_items")
class AnswersByPosition(Honest):
    def write(self, batch: Batch) -> Sequence[Receipt]:
        refs = sorted(item.ref for item in batch.items)
        found = super().write(batch)
        return [msgspec.structs.replace(one, ref=ref) for one, ref in zip(found, refs, strict=True)]


@caught_by("test_equal_records_that_are_two_stay_two")
class TakesEqualsForOne(Honest):
    def known(self, item: Item) -> str:
        name = item.fields.get("name")
        return next((key for key, row in self.book.rows.items() if row.get("name") == name), "")


@caught_by("test_nothing_is_sent_after_its_deadline")
class SendsLate(Honest):
    def is_late(self, batch: Batch) -> bool:
        return False


# --- creates ------------------------------------------------------------------------------------------------------


@caught_by("test_a_created_record_is_found_by_its_marker", "test_a_marker_survives_later_writes")
class LosesMarkers(Honest):
    def store(self, key: str, fields: Mapping[str, object]) -> None:
        super().store(key, {name: value for name, value in fields.items() if name != "marker"})


@caught_by("test_a_marker_that_nobody_has_finds_nobody", "test_a_search_by_a_field_finds_its_record_alone")
class FindsEverybody(Honest):
    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        return [self.record(key) for key in self.book.rows]


@caught_by("test_a_repeated_marker_makes_no_second_record")
class DoublesMarkers(Honest):
    def known(self, item: Item) -> str:
        return self.book.tokens.get(item.idempotency, "")


@caught_by("test_a_repeated_token_makes_no_second_record", "test_a_repeated_create_makes_no_second_record")
class DoublesCreates(Honest):
    def known(self, item: Item) -> str:
        return ""


# --- values -------------------------------------------------------------------------------------------------------


@caught_by("test_what_becomes_of_a_value_is_known")
class SpeaksAsciiOnly(Honest):
    texts = staticmethod(lambda text: text.encode("ascii", "replace").decode())


@caught_by("test_what_a_system_makes_of_a_value_is_what_the_contract_says")
class Shouts(modest(read_back=ReadBack.VERBATIM)):  # type: ignore[misc]
    texts = staticmethod(str.upper)


@caught_by("test_what_a_system_makes_of_a_value_is_what_the_contract_says")
class CutsShorter(modest(normalisers={"name": "truncate:40"})):  # type: ignore[misc]
    texts = staticmethod(lambda text: text[:30])


@caught_by("test_what_a_system_makes_of_a_value_is_what_the_contract_says")
class Whispers(modest(normalisers={"name": "upper"})):  # type: ignore[misc]
    """It keeps every letter as it is."""


@caught_by("test_what_a_system_made_of_a_value_it_leaves_alone")
class CutsAgain(Honest):
    texts = staticmethod(lambda text: text[:-1] if len(text) > 100 else text)


@caught_by("test_a_value_that_cannot_be_is_refused_or_stored_as_it_is")
class ShiftsDays(Honest):
    def refusal(self, item: Item) -> str:
        return ""

    def store(self, key: str, fields: Mapping[str, object]) -> None:
        shifted = {"day": "2023-03-01"} if fields.get("day") == "2023-02-29" else {}
        super().store(key, {**fields, **shifted})


# --- times --------------------------------------------------------------------------------------------------------


@caught_by("test_stamps_are_as_fine_as_the_contract_says")
class CountsHours(Honest):
    def record(self, key: str) -> Record:
        found = super().record(key)
        return msgspec.structs.replace(found, stamp=found.stamp - found.stamp % _HOUR)


@caught_by("test_a_list_shows_a_write_within_the_lag")
class ListsLate(Honest):
    def ordered(self, after: tuple[int, str]) -> Sequence[Record]:
        return [one for one in super().ordered(after) if one.stamp < self.now() - 2_000_000]


# --- failures -----------------------------------------------------------------------------------------------------


@caught_by("test_a_check_says_what_it_reached")
class SaysNothing(Honest):
    def check(self) -> str:
        return ""


@caught_by("test_wrong_credentials_need_a_person", "test_wrong_credentials_write_nothing")
class LetsAnybodyIn(Honest):
    def enter(self) -> None:
        self.knows = True
        super().enter()


@caught_by(
    "test_an_unreachable_system_is_reported_soon", "test_an_unreachable_system_is_no_empty_one",
    "test_a_write_to_an_unreachable_system_was_not_sent",
)  # fmt: skip
class TakesAbsenceForEmptiness(Honest):
    def enter(self) -> None:
        """Whatever happens."""

    def write(self, batch: Batch) -> Sequence[Receipt]:
        return [Receipt(ref=item.ref, outcome=Outcome.DONE) for item in batch.items]


@caught_by(
    "test_a_throttled_read_names_the_pause_and_does_not_wait_itself",
    "test_a_throttled_write_was_not_done_and_names_the_pause",
)
class OverhearsThePause(Honest):
    def enter(self) -> None:
        pause, self.book.pause = self.book.pause, min(self.book.pause, 1.0)
        try:
            super().enter()
        finally:
            self.book.pause = pause


@caught_by("test_no_secret_is_shown")
class TellsItsPassword(Honest):
    def enter(self) -> None:
        if not self.knows:
            raise SetupError("The book does not accept guess-77d2.")
        super().enter()


# --- what works unclaimed -----------------------------------------------------------------------------------------

MODEST: dict[str, type[Honest]] = {
    "test_a_record_carries_the_time_of_its_last_change": modest(stamped=False),
    "test_a_cursor_leaves_out_what_is_older_than_its_overlap": modest(incremental=False),
    "test_an_old_version_is_refused_and_nothing_is_written": modest(locking=Locking.NONE),
    "test_an_answer_shows_the_record_as_a_read_does": modest(read_back=ReadBack.GET),
    "test_a_deleted_record_is_gone_and_no_longer_listed": modest(deletable=False),
    "test_a_list_names_the_deleted": modest(deletes=Deletes.SWEEP),
    "test_an_archived_record_shows_it": modest(archivable=False),
    "test_a_created_record_is_found_by_its_marker": modest(marker=False, marker_unique=False),
    "test_a_search_by_a_field_finds_its_record_alone": modest(searchable=frozenset()),
}


class KeepsMarkersApart(modest(marker_unique=False)):  # type: ignore[misc]
    def known(self, item: Item) -> str:
        marked = [key for key, row in self.book.rows.items() if item.marker and row.get("marker") == item.marker]
        return marked[0] if marked else ""


class KnowsTokens(modest(idempotency=False)):  # type: ignore[misc]
    def known(self, item: Item) -> str:
        return self.book.tokens.get(item.idempotency, "")


MODEST["test_a_repeated_marker_makes_no_second_record"] = KeepsMarkersApart
MODEST["test_a_repeated_token_makes_no_second_record"] = KnowsTokens


class Later(Hasty):
    """Its effect comes after every wait."""

    after = 2.5


def _suite(kind: str, test: str, system: type[Honest]) -> None:
    name = f"Test{kind}{system.__name__}{test.removeprefix('test_').title().replace('_', '')}"
    globals()[name] = type(name, (BookSuite,), {"system": system, "must_fail": test})


for _test, _system in LIARS:
    _suite("Liar", _test, _system)
for _test, _system in MODEST.items():
    _suite("Modest", _test, _system)


class TestLiarWhoseEffectsComeTooLate(BookSuite):
    late = Later
    must_fail: ClassVar[str] = "test_a_request_that_was_given_up_takes_effect_in_time_or_never"
