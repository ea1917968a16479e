"""The counters balance, and their integral is exact whatever the steps of time."""

from hypothesis import given
from hypothesis import strategies as st

from syncline.quality.exchange import HOUR, KEPT, Exchange, burn, integral
from syncline.quality.shares import Light, Passed, light, mean, percentile, score, wilson, worst

SOFT, HARD = False, True

STEPS = st.lists(
    st.tuples(st.integers(0, 5 * HOUR), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), max_size=30
)


@given(STEPS, st.integers(0, HOUR * 3))
def test_the_integral_is_that_of_a_recount(steps: list[tuple[int, int, int, int]], began: int):
    now, kept = Exchange(began=began, at=began), {}
    history = [(began, 0)]
    for pause, captured, applied, rejected in steps:
        now, ended = now.until(now.at + pause)
        kept |= ended
        now = now.moved(
            captured=captured,
            applied=min(applied, captured),
            rejected=min(rejected, captured - applied) if captured > applied else 0,
        )
        history.append((now.at, now.open))

    for span in (0, 1, 24, 24 * 30):
        area, since = integral(now, kept, span=span)
        recount = 0
        for (begin, count), (end, _) in zip(history, [*history[1:], (now.at, 0)], strict=True):
            recount += count * max(0, end - max(begin, since))
        assert area == recount
    assert now.captured == now.applied + now.rejected + now.open


def test_a_long_pause_keeps_no_more_hours_than_are_asked_for():
    _, ended = Exchange(began=0, at=0, captured=2).until(100_000 * HOUR)

    assert len(ended) == KEPT
    assert set(ended.values()) == {2 * HOUR}


def test_a_clock_that_goes_back_reckons_nothing():
    one = Exchange(began=0, at=10, captured=1)

    assert one.until(5) == (one, {})


def test_the_budget_burns_by_what_is_open():
    assert burn(0, 0, HOUR, 10, budget=0.0005) == 0.0
    assert burn(HOUR, 0, HOUR, 1000, budget=0.0005) == 2.0
    assert burn(5, 0, 0, 10, budget=0.0005) == 0.0


def test_percentiles_count_what_is_zero():
    assert percentile([], 0.99) == 0
    assert percentile([5], 0.99, count=100) == 0
    assert percentile([5], 1.0, count=100) == 5
    assert percentile([1, 2, 3, 4], 0.5) == 2


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_lower_bound_is_below_the_share(counts: tuple[int, int]):
    passed, tried = counts

    assert 0.0 <= wilson(passed, tried) <= passed / tried


def test_the_score_is_weighted_and_a_hard_failure_is_nothing():
    checks = [Passed(2, SOFT, 100, 100), Passed(1, SOFT, 100, 70), Passed(1, HARD, 0, 0)]

    assert abs(score(checks) - 0.9) < 1e-12
    assert score(checks, sampled=True) < 0.9
    assert score([*checks, Passed(1, HARD, 5, 4)]) == 0.0
    assert score([]) == 1.0
    assert mean([]) is None


def test_colours():
    assert [light(one, 1, 3) for one in (0.5, 1, 3)] == [Light.GREEN, Light.AMBER, Light.RED]
    assert worst([Light.GREEN, Light.RED, Light.AMBER]) is Light.RED
    assert worst([]) is Light.GREEN
