"""The fault suite itself, for a few rounds; `make faults` runs all of them."""

from tests.faults.harm import HARMS
from tests.faults.suite import run

# Of those that leave nothing to be waited for until the full minute.
ROUNDS = ("web parent killed", "webhook hangs up, after")


def test_nothing_is_lost_or_doubled_when_something_breaks() -> None:
    by_name = {harm.name: harm for harm in HARMS}
    result, found = run([by_name[name] for name in ROUNDS], residents=8)
    assert found == []
    assert result.rounds == len(ROUNDS)
    assert result.acknowledged > 0
