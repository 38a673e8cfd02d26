"""`kill -9` at random moments in a storm, a mail run and the closing of tickets, round by round.

PATCHBAY_FAULT_ROUNDS=20 is the full proof; PATCHBAY_FAULT_SEED repeats a run's choices.
"""

import os
import secrets
import time
import warnings
from collections import Counter
from collections.abc import Iterator

import pytest

from patchbay_kit.testing.reports import report
from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.corpus import ABSENT, CorpusMail, corpus, introduce
from patchbay_kit.testing.system.judging import Findings, Judge
from patchbay_kit.testing.system.mail import new_mail
from patchbay_kit.testing.system.simulator import Simulator, connect
from patchbay_kit.testing.system.trouble import Amounts, Trouble

ROUNDS = int(os.environ.get("PATCHBAY_FAULT_ROUNDS", "3"))
SEED = int(os.environ.get("PATCHBAY_FAULT_SEED", "0")) or secrets.randbelow(1_000_000) + 1
FULL = ROUNDS >= 20
AMOUNTS = Amounts(tickets=500, slices=10, mails=48, closes=40, kills=3) if FULL else Amounts()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """The remote system and its journal: the witness, which is never killed."""
    with Simulator(lease=5) as witness:
        yield witness


@pytest.fixture
def mails(request: pytest.FixtureRequest) -> list[CorpusMail]:
    """Real mails, or plain ones where the corpus is absent, which is said loudly."""
    if corpus():
        return list(corpus())
    report(request, f"WARNING: {ABSENT}")
    warnings.warn(ABSENT, pytest.PytestWarning, stacklevel=1)
    return [
        CorpusMail(f"made-up-{n}", new_mail(f"sender{n}@corpus.example", f"Mail {n}").as_bytes())
        for n in range(200)
    ]


@pytest.mark.timeout(3600)
@pytest.mark.covers("S1-61", "S1-84")
def test_whatever_is_killed_nothing_is_lost_doubled_or_stuck(
    system: System,
    simulator: Simulator,
    mails: list[CorpusMail],
    request: pytest.FixtureRequest,
) -> None:
    connection_id = connect(system, simulator, "trouble", inventory=20)
    introduce(system, mails[: AMOUNTS.mails * ROUNDS])
    system.wait_until_quiet()
    system.settle()
    trouble = Trouble(system, simulator, connection_id, mails, AMOUNTS, SEED)
    lines = [f"kill -9, {system.form}: {ROUNDS} rounds, seed {SEED}"]
    report_at_the_end = request.node.user_properties.append
    failed: list[Findings] = []
    for number in range(ROUNDS):
        victims = trouble.round(number)
        started = time.monotonic()
        findings = at_rest_and_judged(trouble)
        seconds = time.monotonic() - started
        lines.append(f"  {number + 1:>2} {', '.join(victims)}: at rest after {seconds:.0f} s")
        if findings.wrong:
            lines.append(f"     {findings}")
            failed.append(findings)
            break
    lines.append(f"  killed: {dict(sorted(Counter(trouble.killed).items()))}")
    lines.append(f"  ended by themselves meanwhile: {sorted(trouble.ended_alone) or 'nobody'}")
    lines.append(f"  {findings}")
    report_at_the_end(("report", "\n".join(lines)))
    assert not failed, f"seed {SEED}: {failed[-1]}"
    system.api.delete(f"/v1/connections/{connection_id}")


def at_rest_and_judged(trouble: Trouble) -> Findings:
    """Drain, then judge; what does not come to rest is a finding of the judge."""
    system = trouble.system
    try:
        trouble.simulator.wait_until_drained(timeout=90)
        system.wait_until_quiet(timeout=90)
    except AssertionError:
        pass
    return Judge(system, trouble.simulator, trouble.connection_id).judge(
        linked_sites=(), completed=trouble.completed, mails=set(trouble.promised.values())
    )
