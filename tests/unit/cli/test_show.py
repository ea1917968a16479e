from rich.cells import cell_len

from syncline.cli.decisions import given_value, given_values
from syncline.cli.lazy import Asked
from syncline.cli.plain import plain
from syncline.cli.show import WIDTH, Screen, ago, moment, short_key, value
from syncline.env import RealEnv


def lines(capsys) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_record_cannot_move_the_cursor():
    assert plain("Jade\x1b[2J\rRiver\u202eevil") == "Jade\\x1b[2J\\rRiver\\u202eevil"


def test_words_of_every_script_stay_as_they_are():
    assert plain("上海明辉 Ł Űνή नमस्ते می‌خواهم") == "上海明辉 Ł Űνή नमस्ते می‌خواهم"


def test_text_of_a_record_is_no_markup(capsys):
    Screen(Asked()).line("[red]Jade[/red] River :smile:")

    assert lines(capsys) == ["[red]Jade[/red] River :smile:"]


def test_columns_line_up_whatever_the_script(capsys):
    Screen(Asked()).table([("明星機械", "a"), ("Stella", "b")], indent=0)

    first, second = lines(capsys)
    assert cell_len(first.removesuffix("a")) == cell_len(second.removesuffix("b"))


def test_numbers_are_aligned_to_the_right(capsys):
    Screen(Asked()).table([("a", "1,204"), ("b", "7")], indent=0, align="<>")

    assert lines(capsys) == ["a  1,204", "b      7"]


def test_a_long_last_column_goes_on_below_itself(capsys):
    Screen(Asked()).table([("crm", "word " * 40)], indent=2)

    first, *rest = lines(capsys)
    assert len(rest) > 1
    assert all(line.startswith(" " * 7 + "word") for line in rest)
    assert max(map(len, [first, *rest])) <= WIDTH


def test_a_long_word_breaks_rather_than_leave_the_page(capsys):
    Screen(Asked()).line("x" * 350, hang=4)

    told = lines(capsys)
    assert max(map(len, told)) <= WIDTH
    assert sum(line.count("x") for line in told) == 350


def test_nothing_is_coloured_where_nobody_looks(capsys):
    Screen(Asked()).line(("parked", "red"))

    assert lines(capsys) == ["parked"]


def test_values_are_told_in_short():
    assert [value(one) for one in (None, "", True, ["a", "b"])] == ["nothing", '""', "yes", "a, b"]
    assert value({"1": {"quantity": "3"}, "2": {"quantity": "5"}}) == "2 lines"
    assert value("x" * 100, 10) == "x" * 9 + "…"


def test_what_never_happened_has_no_age():
    assert (moment(0), ago(0)) == ("never", "")


def test_an_age_has_the_unit_that_fits():
    now = int(RealEnv().now().timestamp() * 1e6)

    assert ago(now - 4 * 60_000_000) == "4 min ago"
    assert ago(now - 3 * 86_400_000_000) == "3 d ago"
    assert ago(1).startswith("on ")


def test_only_a_machine_key_is_cut():
    assert [short_key("C00342"), short_key("a8c1f0d2" * 4)] == ["C00342", "a8c1f0d2…"]


def test_a_number_with_a_fraction_stays_text():
    assert given_value("12.10") == "12.10"


def test_a_value_may_hold_an_equals_sign():
    assert given_values(["note=a=b", "city=null"]) == {"note": "a=b", "city": None}
