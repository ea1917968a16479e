"""A contract claims no more than the configuration can keep."""

from syncline.connectors.protocols.rest import contract_of
from syncline.connectors.protocols.rest_options import read_rest_options
from syncline.model.contract import BatchShape, Contract, Deletes, Locking, ReadBack

BATCH = {"path": "/t/batch", "keys": {"ref": "r", "id": "i"}, "answer": {"ref": "r"}}


def contract(resource=None, **system):
    given = {"url": "https://crm.example", "resources": {"t": {"path": "/t", **(resource or {})}}, **system}
    options = read_rest_options("crm", given)
    return contract_of(options.resources["t"], options)


def with_keys(**keys):
    return {**BATCH, "keys": {**BATCH["keys"], **keys}}


def test_what_is_not_said_is_not_claimed():
    cautious = Contract()
    found = contract()

    assert (found.lag, found.effect, found.read_back) == (cautious.lag, cautious.effect, cautious.read_back)
    assert not any([found.incremental, found.stamped, found.marker, found.idempotency, found.creatable])
    assert (found.locking, found.deletes, found.batch) == (Locking.NONE, Deletes.SWEEP, BatchShape())


def test_a_resource_says_it_more_exactly_than_its_system():
    found = contract({"contract": {"lag": 2}}, contract={"lag": 1, "effect": 3, "read_back": "body"})

    assert (found.lag, found.effect, found.read_back) == (2, 3, ReadBack.BODY)


def test_a_key_for_a_whole_batch_is_no_idempotent_create():
    assert contract({"idempotency": {}, "write": {"create": {}}}).idempotency
    assert not contract({"idempotency": {}, "batch": BATCH}).idempotency
    assert contract({"batch": with_keys(idempotency="key")}).idempotency
    assert contract({"idempotency": {}, "batch": {**BATCH, "ops": {"update": "u"}}}).idempotency


def test_locking_is_claimed_only_where_updates_carry_the_version():
    version = {"field": "v"}

    assert contract({"version": version}).locking is Locking.ETAG
    assert contract({"version": {**version, "if_match": ""}}).locking is Locking.NONE
    assert contract({"version": version, "batch": BATCH}).locking is Locking.NONE
    assert contract({"version": version, "batch": with_keys(if_match="m")}).locking is Locking.ETAG


def test_a_marker_counts_only_if_it_can_be_searched():
    assert not contract({"marker": {"field": "ref"}}).marker
    assert contract({"marker": {"field": "ref", "param": "ref"}}).marker


def test_stamps_alone_are_no_incremental_reading():
    found = contract({"since": {"field": "at"}})

    assert (found.stamped, found.incremental) == (True, False)


def test_tombstones_count_unless_the_system_also_deletes_without_a_trace():
    flag = {"field": "archived", "equals": True}

    assert contract({"tombstones": flag}).deletes is Deletes.TOMBSTONES
    assert contract({"tombstones": flag, "contract": {"deletes": "sweep"}}).deletes is Deletes.SWEEP
