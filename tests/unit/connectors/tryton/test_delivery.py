import pytest

from syncline.connectors.systems.tryton.delivery import Job, Sending
from syncline.connectors.systems.tryton.session import Fault, FaultKind
from syncline.errors import BusyError, DoubtError, RejectedError, SetupError
from syncline.model.page import Item, Op, Outcome

REFUSED = Fault(kind=FaultKind.REFUSED, message="No.")
STALE = Fault(kind=FaultKind.STALE, message="Changed.")
COLLISION = Fault(kind=FaultKind.REFUSED, message="The code on party must be unique.")


def jobs(count, **values):
    return [Job(item=Item(ref=number, op=Op.CREATE), values=values) for number in range(count)]


def outcomes(receipts):
    return {receipt.ref: receipt.outcome for receipt in receipts}


def refusing(bad, fault=REFUSED):
    calls = []

    def send(some):
        calls.append(len(some))
        return fault if any(job.item.ref in bad for job in some) else [str(job.item.ref) for job in some]

    return send, calls


def test_one_call_serves_a_batch_that_is_taken():
    send, calls = refusing(set())

    receipts = Sending(1.0).settle(jobs(8), send)

    assert calls == [8]
    assert [(each.ref, each.outcome, each.key) for each in receipts] == [
        (number, Outcome.DONE, str(number)) for number in range(8)
    ]


@pytest.mark.parametrize(("fault", "outcome"), [(REFUSED, Outcome.REFUSED), (STALE, Outcome.STALE)])
def test_a_refused_batch_is_halved_until_the_refusal_has_its_record(fault, outcome):
    send, calls = refusing({5}, fault)

    found = outcomes(Sending(1.0).settle(jobs(8), send))

    assert found == {number: outcome if number == 5 else Outcome.DONE for number in range(8)}
    assert len(calls) == 7


def test_a_number_that_was_given_twice_is_tried_again():
    send, calls = refusing({0}, COLLISION)

    receipts = Sending(1.0).settle(jobs(4, name="A"), send)

    assert calls == [4]
    assert {(each.outcome, each.wait > 0) for each in receipts} == {(Outcome.BUSY, True)}


def test_a_code_that_we_asked_for_and_that_is_taken_is_refused():
    send, _ = refusing({0}, COLLISION)

    assert outcomes(Sending(1.0).settle(jobs(1, code="C1"), send)) == {0: Outcome.REFUSED}


def test_a_code_that_an_update_asks_for_and_that_is_taken_is_refused():
    job = Job(item=Item(ref=1, op=Op.UPDATE, key="7"), values={"name": "B"})

    assert outcomes(Sending(1.0).settle([job], lambda some: COLLISION)) == {1: Outcome.REFUSED}


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DoubtError("lost"), Outcome.DOUBT),
        (BusyError("later", wait=3.0), Outcome.BUSY),
        (RejectedError("too large"), Outcome.REFUSED),
    ],
)
def test_an_error_is_the_outcome_of_what_was_in_the_call(error, outcome):
    def send(some):
        raise error

    receipts = Sending(1.0).settle(jobs(2), send)

    assert outcomes(receipts) == {0: outcome, 1: outcome}
    assert [each.message for each in receipts] == [error.what] * 2


def test_a_wrong_setting_is_raised_before_anything_was_sent():
    def send(some):
        raise SetupError("no")

    with pytest.raises(SetupError):
        Sending(1.0).settle(jobs(2), send)


def test_a_wrong_setting_after_something_was_sent_means_later():
    def send(some):
        raise SetupError("no")

    sending = Sending(1.0)
    sending.settle(jobs(1), lambda some: ["1"])

    assert outcomes(sending.settle(jobs(2), send)) == {0: Outcome.BUSY, 1: Outcome.BUSY}
