"""A hub whose state is in a file does what one with its state in memory does, and each restart opens the file anew."""

from pathlib import Path

import msgspec
import pytest

from syncline.simulation.drawing import draw
from syncline.simulation.history import play
from syncline.simulation.keeper import Keeper
from syncline.simulation.shape import reference


@pytest.mark.parametrize("seed", range(3))
def test_the_store_makes_no_difference(seed: int):
    drawn = draw(reference(), seed)
    passes = [msgspec.structs.replace(one, put_back=0) for one in drawn.passes]  # who puts a file back, ends its hub
    script = msgspec.structs.replace(drawn, passes=passes)
    played = [play(msgspec.structs.replace(script, store=store), reference()) for store in ("memory", "file")]

    assert played[0].trace() == played[1].trace()

    for history in played:
        history.world.close()


def test_each_process_opens_the_file_and_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch):
    opened: list[str] = []
    real = Keeper.open

    def noted(keeper: Keeper) -> object:
        opened.append(str(keeper._file))
        return real(keeper)

    monkeypatch.setattr(Keeper, "open", noted)
    script = next(
        one for one in (draw(reference(), seed) for seed in range(50)) if sum(p.crash > 0 for p in one.passes) > 1
    )

    history = play(msgspec.structs.replace(script, store="file"), reference())
    file = Path(opened[0])
    assert file.stat().st_size > 0
    history.world.close()

    assert len(opened) > len(history.world.crashes)
    assert set(opened) == {str(file)}
    assert not file.parent.exists()
