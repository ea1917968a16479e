import pytest

from syncline.connectors.systems.tryton.session import Fault, FaultKind
from syncline.errors import DoubtError, RejectedError, SetupError, TransientError
from tests.unit.connectors.tryton.fake_tryton import (
    PASSWORD,
    FakeWire,
    answer,
    error,
    in_turn,
    session_on,
    token_of,
    unknown,
)

READ = "model.party.party.read"
WRITE = "model.party.party.write"


def wire_for(method, planned):
    return FakeWire(**{method: planned})


def test_one_login_serves_many_calls():
    wire = wire_for(READ, [])
    session = session_on(wire)

    session.ask(READ, [1], ["name"])
    session.ask(READ, [2], ["name"])

    assert wire.logins == 1
    assert token_of(wire.requests[-1]) == "hub:9:token1"


def test_every_call_carries_the_company_and_sees_inactive_records():
    wire = wire_for(READ, [])

    session_on(wire).ask(READ, [1])

    _, params = wire.calls[-1]
    wanted = {"company": 1, "company_filter": "one", "employee": 5, "language": "en", "active_test": False}
    assert params == [[1], wanted]


def test_an_expired_session_is_renewed_once():
    wire = wire_for(READ, in_turn(unknown(), ["fresh"]))

    assert session_on(wire).ask(READ, [1]) == ["fresh"]
    assert wire.logins == 2
    assert token_of(wire.requests[-1]) == "hub:9:token2"


def test_a_session_that_is_refused_again_needs_a_person():
    wire = wire_for(READ, in_turn(unknown(), unknown()))

    with pytest.raises(SetupError):
        session_on(wire).ask(READ, [1])
    assert wire.logins == 2


def test_a_wrong_password_is_told_without_showing_it():
    wire = FakeWire(**{"common.db.login": unknown()})
    session = session_on(wire)

    with pytest.raises(SetupError, match="did not let hub in") as caught:
        session.ask(READ, [1])

    shown = [str(caught.value), repr(caught.value), repr(session), repr(vars(session)), repr(wire.requests)]
    assert not any(PASSWORD in text for text in shown)


def test_a_login_that_asks_for_more_needs_a_person():
    wire = FakeWire(**{"common.db.login": error("LoginException", "sms_code", "Code", "char")})

    with pytest.raises(SetupError, match="more than a password"):
        session_on(wire).ask(READ, [1])


def test_a_company_that_the_user_does_not_work_in_is_never_sent():
    wire = FakeWire(**{"model.res.user.read": [{"id": 9, "companies": [1, 77]}]})

    with pytest.raises(SetupError, match="company 77"):
        session_on(wire, company=77).ask(READ, [1])

    assert not any(b'"company":77' in request.body for request in wire.requests)


def test_a_user_of_all_companies_may_work_in_another_one():
    preferences = {"company": 1, "company_filter": "all", "employee": 5}
    wire = FakeWire(
        **{
            "model.res.user.get_preferences": preferences,
            "model.res.user.read": [{"id": 9, "companies": [1, 2]}],
            READ: [],
        }
    )

    session_on(wire, company=2).ask(READ, [1])

    assert wire.calls[-1][1][-1] == {"company": 2, "company_filter": "all", "active_test": False}


def test_a_stale_record_is_a_fault_and_no_error():
    wire = wire_for(WRITE, error("ConcurrencyException", "Records were modified in the meanwhile"))

    fault = session_on(wire).tell(WRITE, [5], {}, send_by=1.0, stamps={"party.party,5": "1.5"})

    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.STALE
    assert wire.calls[-1][1][-1]["_timestamp"] == {"party.party,5": "1.5"}


def test_a_concurrency_error_with_a_plain_text_is_stale_too():
    wire = wire_for(WRITE, answer({"id": 1, "error": ["ConcurrencyException", "Records were modified"]}))

    fault = session_on(wire).tell(WRITE, [5], {}, send_by=1.0)

    assert fault == Fault(kind=FaultKind.STALE, message="Records were modified")


def test_a_refusal_keeps_the_words_of_tryton():
    wire = wire_for(WRITE, error("UserError", "The code must be unique.", "On party.", None))

    fault = session_on(wire).tell(WRITE, [5], {}, send_by=1.0)

    assert fault == Fault(kind=FaultKind.REFUSED, message="The code must be unique. On party.")


def test_a_warning_that_is_not_named_is_a_refusal():
    wire = wire_for(WRITE, error("UserWarning", "ab12.deactivate", "Still in stock.", "Clear it."))

    fault = session_on(wire).tell(WRITE, [5], {}, send_by=1.0)

    assert fault == Fault(kind=FaultKind.REFUSED, message="Still in stock. Clear it.", warning="ab12.deactivate")


def test_a_warning_that_is_named_is_acknowledged_and_the_call_repeated():
    skip = "model.res.user.warning.skip"
    wire = FakeWire(
        **{WRITE: in_turn(error("UserWarning", "ab12.deactivate", "Still in stock.", ""), None), skip: None}
    )

    assert session_on(wire, skip_warnings=("deactivate",)).tell(WRITE, [5], {}, send_by=1.0) is None
    assert wire.methods()[-3:] == [WRITE, skip, WRITE]
    assert [params[:2] for method, params in wire.calls if method == skip] == [["ab12.deactivate", False]]


def test_a_refused_read_is_an_error_of_the_record():
    wire = wire_for(READ, error("UserError", 'records "99" of "Party" that don\'t exist.', "", None))

    with pytest.raises(RejectedError, match="don't exist"):
        session_on(wire).ask(READ, [99])


def test_a_bug_in_a_read_needs_a_person():
    wire = wire_for(READ, answer({"id": 1, "error": ["'nam'", ""]}))

    with pytest.raises(SetupError, match="'nam'"):
        session_on(wire).ask(READ, [1], ["nam"])


def test_a_page_instead_of_json_does_not_crash_a_read():
    wire = wire_for(READ, answer("<!doctype html>"))

    with pytest.raises(TransientError):
        session_on(wire).ask(READ, [1])


def test_a_page_instead_of_json_leaves_a_write_in_doubt():
    wire = wire_for(WRITE, answer("<!doctype html>"))

    with pytest.raises(DoubtError):
        session_on(wire).tell(WRITE, [1], {}, send_by=1.0)


def test_a_missing_database_needs_a_person():
    wire = FakeWire(**{"common.db.login": answer("<!doctype html>", status=404)})

    with pytest.raises(SetupError, match="no database 'hub'"):
        session_on(wire).ask(READ, [1])


def test_a_write_says_that_it_writes_and_until_when():
    wire = wire_for(WRITE, None)

    session_on(wire).tell(WRITE, [1], {}, send_by=12.5)

    assert (wire.requests[-1].writes, wire.requests[-1].send_by) == (True, 12.5)
    assert not wire.requests[0].writes
