"""`syncline mine`: what the agreed data show that nobody asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from syncline.cli.lazy import Command, asked_of

app = typer.Typer()
_MOST = 20


@app.command(cls=Command)
def mine(
    context: typer.Context,
    *,
    false: Annotated[
        float, typer.Option(min=0.0001, max=0.5, help="How many of the findings may be chance, as a share.")
    ] = 0.05,
    keep: Annotated[bool, typer.Option(help="Remember what is found: the next time it ranks lower.")] = True,
) -> None:
    """Find what has changed, what has a season, what stands out and who is late, ranked by money and novelty.

    Every test is counted, so that at most one finding of twenty is chance; where there is nothing, that is said.
    """
    from syncline.app.analyses.agreed import agreed_data
    from syncline.app.analyses.digging import dig, shown
    from syncline.cli.foretelling import amount, show_doubts
    from syncline.cli.show import DIM, HEAD, Screen, document
    from syncline.cli.waiting import waiting

    asked = asked_of(context)
    folder = asked.folder()
    with waiting("Mining", asked), agreed_data(folder) as data:
        mined = dig(data, folder, false_share=false, keep=keep)
    if asked.json:
        doubts = [one._asdict() for one in mined.doubts]
        document({
            "words": mined.found.words, "tested": mined.found.tested, "findings": shown(mined.found), "doubts": doubts,
        })  # fmt: skip
        return
    screen = Screen(asked)
    screen.line((mined.found.words, HEAD))
    for one in mined.found.findings[:_MOST]:
        news = "new" if one.is_new else "known"
        worth = f", worth {amount(one.candidate.money)} a year" if one.candidate.money else ""
        screen.line(f"{one.rank:>3}  {one.candidate.words}", (f" ({news}{worth}; q {one.q_value:.1g})", DIM), hang=5)
        if one.candidate.evidence:
            screen.line((f"     shown by {', '.join(one.candidate.evidence)}", DIM), hang=5)
    show_doubts(screen, mined.doubts)
