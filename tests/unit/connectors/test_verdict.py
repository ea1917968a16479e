"""What a status means for reads and writes."""

from datetime import UTC, datetime

import pytest

from syncline.connectors.protocols.egress import is_forbidden, origin_of
from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.stamps import stamp_of, stamps_of, written
from syncline.connectors.protocols.verdict import judge, wait_of
from syncline.errors import BusyError, DoubtError, SetupError, TransientError

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
READ = Request(path="/t?key=canary")
WRITE = Request(method="POST", path="/t", writes=True)


def verdict(status, request=READ, **headers):
    answer = Response(status=status, headers=headers, body=b"")
    return judge(request, answer, system="crm", setting="systems.crm.auth.token", now=NOW)


@pytest.mark.parametrize("status", [200, 201, 204, 304 - 100, 400, 404, 409, 410, 412, 422])
def test_what_a_protocol_has_to_read_is_no_error(status):
    assert verdict(status) is None


@pytest.mark.parametrize(
    ("status", "of_read", "of_write"),
    [
        (401, SetupError, SetupError),
        (403, SetupError, SetupError),
        (408, BusyError, BusyError),
        (423, BusyError, BusyError),
        (429, BusyError, BusyError),
        (503, BusyError, BusyError),
        (500, TransientError, DoubtError),
        (504, TransientError, DoubtError),
        (302, SetupError, DoubtError),
        (307, SetupError, SetupError),
    ],
)
def test_the_rest_has_a_fate_of_its_own(status, of_read, of_write):
    assert (type(verdict(status)), type(verdict(status, WRITE))) == (of_read, of_write)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "9999999"}, 86_400),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:00 GMT"}, 60),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:00 GMT", "date": "Sun, 01 Mar 2026 12:00:50 GMT"}, 10),
        ({"ratelimit-reset": "9"}, 9),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 20)}, 20),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_the_wait_is_what_the_system_asks_for(headers, seconds):
    assert wait_of(headers, NOW) == seconds


def test_no_sentence_shows_a_query():
    assert "canary" not in str(verdict(500)) + repr(READ)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "fe80::1%eth0",
        "0.0.0.0",  # noqa: S104  nothing is bound
        "::",
        "224.0.0.1",
        "255.255.255.255",
        "fd00:ec2::254",
        "100.100.100.200",
    ],
)
def test_addresses_that_no_application_has(address):
    assert is_forbidden(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.9", "93.184.216.34", "2606:2800::1"])
def test_addresses_that_an_application_may_have(address):
    assert not is_forbidden(address)


def test_an_origin_is_scheme_host_and_port():
    assert origin_of("https://A.example/x") == origin_of("https://a.example:443/y")
    assert origin_of("https://a.example") != origin_of("http://a.example")
    assert str(origin_of("http://[::1]:8080/x")) == "http://[::1]:8080"


def test_times_are_read_in_every_usual_form():
    assert stamp_of("2026-03-01T12:00:00.000Z") == stamp_of("2026-03-01T13:00:00+01:00") == stamp_of("2026-03-01T12:00")
    assert (
        stamp_of(1_772_366_400) == stamp_of(1_772_366_400_000) == stamp_of("1772366400") == stamp_of("2026-03-01T12:00")
    )
    assert [stamp_of(value) for value in (None, True, "", "x", [], float("nan"), "9" * 400)] == [0] * 7


def test_a_column_of_times_is_as_good_as_its_times():
    mixed = ["2026-03-01T12:00:00.123456Z", None, "1969-12-31T23:59:59Z", 5]

    assert stamps_of(mixed) == [stamp_of(value) for value in mixed]
    assert stamps_of(mixed[:1]) == [1_772_366_400_123_456]


def test_a_bound_is_written_as_the_system_wants_it_and_never_later():
    stamp = 1_772_366_400_999_999

    assert [written(stamp, how) for how in ("iso-ms", "iso", "unix", "unix-ms", "date")] == [
        "2026-03-01T12:00:00.999Z",
        "2026-03-01T12:00:00Z",
        "1772366400",
        "1772366400999",
        "2026-03-01",
    ]
