"""The MES's records: which fields they have and what it accepts in them. Numbers are texts; times are the plant's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncline.sandbox.state import Fields, Table
from syncline.sandbox.wording import Cleaner, Refusal, decimal, number

ZONE = "Europe/Berlin"
PLANT = ZoneInfo(ZONE)
PLANNED, RELEASED, RUNNING, FINISHED, CLOSED, CANCELLED = (
    "PLANNED", "RELEASED", "RUNNING", "FINISHED", "CLOSED", "CANCELLED",
)  # fmt: skip
STATUSES = (PLANNED, RELEASED, RUNNING, FINISHED, CLOSED, CANCELLED)
OPEN = frozenset({PLANNED, RELEASED, RUNNING})
BY_HAND = frozenset({(PLANNED, RELEASED), (RELEASED, PLANNED), (PLANNED, CANCELLED), (RELEASED, CANCELLED)})


def wrong(name: str, code: str, message: str) -> Refusal:
    """Refuse a value in this application's words."""
    return Refusal(400, code, message, field=name)


def text(length: int, *, null: bool = True) -> Cleaner:
    """Accept a text up to a length."""

    def clean(name: str, value: object) -> object:
        if value is None and null:
            return None
        if not isinstance(value, str) or (not null and not value.strip()):
            raise wrong(name, "TEXT", f"{name}: text expected")
        if len(value) > length:
            raise wrong(name, "LENGTH", f"{name}: at most {length} characters")
        return value

    return clean


def amount(places: int, *, above: int = 0) -> Cleaner:
    """Accept a number above a bound, in a text; kept with fixed places. A JSON number is refused."""
    fix = decimal(places)

    def clean(name: str, value: object) -> object:
        if not isinstance(value, str):
            raise wrong(name, "NUMBER", f"{name}: a number in quotes expected")
        try:
            fixed = fix(name, value)
        except Refusal as refusal:
            raise wrong(name, "NUMBER", refusal.message) from None
        if number(name, fixed) < above:
            raise wrong(name, "RANGE", f"{name}: must not be below {above}")
        return fixed

    return clean


def _positive(name: str, value: object) -> object:
    found = amount(3)(name, value)
    if Decimal(str(found)) <= 0:
        raise wrong(name, "RANGE", f"{name}: must be above 0")
    return found


def _priority(name: str, value: object) -> object:
    if not isinstance(value, str) or not value.isdecimal() or not 1 <= int(value[:4]) <= 99:  # noqa: PLR2004
        raise wrong(name, "RANGE", f'{name}: "1" to "99" expected')
    return str(int(value))


def _day(name: str, value: object) -> object:
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise wrong(name, "DATE", f"{name}: a day such as 2026-03-01 expected") from None


def _local(name: str, value: object) -> object:
    """Accept a local time of the plant, to the minute, without an offset."""
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is not None or "T" not in str(value):
        raise wrong(name, "TIME", f"{name}: a local time such as 2026-03-01T06:00 expected")
    return f"{moment:%Y-%m-%dT%H:%M}"


def _status(name: str, value: object) -> object:
    if value not in STATUSES:
        raise wrong(name, "STATUS", f"{name}: one of {', '.join(STATUSES)} expected")
    return value


def _days(name: str, value: object) -> object:
    if not isinstance(value, list) or not all(isinstance(day, int) and 1 <= day <= 7 for day in value):  # noqa: PLR2004
        raise wrong(name, "CALENDAR", f"{name}: numbers of weekdays, 1 is Monday, expected")
    return sorted(set(value))


def local(now_ms: int) -> datetime:
    """The plant's clock: a local time without an offset, to the minute."""
    return datetime.fromtimestamp(now_ms / 1000, PLANT).replace(tzinfo=None, second=0, microsecond=0)


def stamped(now_ms: int) -> str:
    """A time of change: local, with the offset that holds then."""
    return datetime.fromtimestamp(now_ms / 1000, PLANT).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What a resource of the MES looks like."""

    table: Table
    key: str  #: the key field
    cleaners: Mapping[str, Cleaner]  #: what people may set
    open: frozenset[str] = frozenset()  #: what the interface may set
    defaults: Mapping[str, object]
    required: str = ""  #: of a new record; "": the interface makes none


WORK_ORDERS = Resource(
    table=Table(name="workOrders", lookups=("externalId", "salesOrder", "material", "centre")),
    key="orderNo",
    required="material",
    cleaners={
        "externalId": text(60),
        "salesOrder": text(40),
        "salesOrderLine": text(20),
        "customer": text(120),
        "material": text(20, null=False),
        "quantity": _positive,
        "priority": _priority,
        "dueDate": _day,
        "plannedStart": _local,
        "status": _status,
        "remark": text(500),
    },
    open=frozenset({
        "externalId", "salesOrder", "salesOrderLine", "customer", "material", "quantity", "priority", "dueDate",
        "plannedStart", "status", "remark",
    }),
    defaults={
        **dict.fromkeys(("externalId", "salesOrder", "salesOrderLine", "customer", "material")),
        "quantity": "1.000",
        "unit": "ST",
        "goodQuantity": "0.000",
        "scrapQuantity": "0.000",
        "priority": "50",
        "status": PLANNED,
        **dict.fromkeys(("dueDate", "plannedStart", "plannedEnd", "actualStart", "actualEnd")),
        "zone": ZONE,
        "workCentre": None,
        "bill": None,
        "routing": None,
        "components": [],
        "operations": [],
        "remark": None,
    },
)  # fmt: skip

MATERIALS = Resource(
    table=Table(name="materials", lookups=("externalNo",)),
    key="materialNo",
    cleaners={"text": text(80, null=False), "externalNo": text(40)},
    open=frozenset({"externalNo"}),
    defaults={},
)

WORK_CENTRES = Resource(
    table=Table(name="workCentres"),
    key="code",
    cleaners={"text": text(80, null=False), "hoursPerDay": amount(1, above=1), "days": _days},
    defaults={},
)

BILLS = Resource(
    table=Table(name="bills", lookups=("material",)),
    key="billNo",
    cleaners={"text": text(80, null=False)},
    defaults={},
)

ROUTINGS = Resource(
    table=Table(name="routings", lookups=("material",)),
    key="routingNo",
    cleaners={"text": text(80, null=False)},
    defaults={},
)

RESOURCES: Mapping[str, Resource] = {
    resource.table.name: resource for resource in (WORK_ORDERS, MATERIALS, WORK_CENTRES, BILLS, ROUTINGS)
}


def hours_of(order: Fields) -> Decimal:
    """How long the operations of a work order take [h]."""
    minutes = sum((Decimal(operation["minutes"]) for operation in order["operations"]), Decimal(0))
    return minutes / 60
