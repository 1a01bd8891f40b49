"""How many customer-service messages a resident's actions allow, as Tencent counts them since 2023.

Each action sets the allowance of its kind anew; kinds are not added up.
"""

from citizen_bot.sandbox.state import Allowance, FakeState

RULES: dict[str, tuple[int, float]] = {
    "message": (5, 48 * 3600),
    "click": (3, 60),
    "follow": (3, 60),
    "scan": (3, 60),
}


def allow(state: FakeState, openid: str, kind: str, at: float) -> None:
    """The resident did something of this kind (a key of RULES) now."""
    messages, seconds = RULES[kind]
    state.allowances.setdefault(openid, {})[kind] = Allowance(left=messages, until=at + seconds)


def spend(state: FakeState, openid: str, at: float) -> int:
    """Uses one message of the allowance that ends first.

    Returns 0, 45015 (no window is open) or 45047 (those that are open are used up).
    """
    current = [a for a in state.allowances.get(openid, {}).values() if a["until"] > at]
    if not current:
        return 45015
    usable = [a for a in current if a["left"] > 0]
    if not usable:
        return 45047
    min(usable, key=lambda a: a["until"])["left"] -= 1
    return 0
