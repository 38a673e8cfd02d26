"""What is known of a caller is a few seconds old at most."""

from patchbay_kit.auth import Principal
from ticket_svc.sign_ins.standing import FRESH_SECONDS, Standings

MIA = Principal("1", "employee", "Mia")


async def test_a_caller_is_looked_up_again_after_some_seconds_or_when_told_to() -> None:
    now = [0.0]
    looks: list[float] = []

    async def look() -> Principal | None:
        looks.append(now[0])
        return MIA if len(looks) < 3 else None

    standings = Standings(lambda: now[0])
    assert [await standings.of("mia", look) for _ in range(3)] == [MIA] * 3
    assert looks == [0.0]
    now[0] = FRESH_SECONDS
    assert await standings.of("mia", look) == MIA
    standings.forget()
    # Nobody is kept too: a flood with a wrong key is one question.
    assert [await standings.of("mia", look) for _ in range(3)] == [None] * 3
    assert len(looks) == 3


async def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    standings = Standings()

    async def slow() -> Principal | None:
        standings.forget()
        return MIA

    async def now() -> Principal | None:
        return None

    assert await standings.of("mia", slow) == MIA
    assert await standings.of("mia", now) is None
