"""Runs the benchmarks: floor and ours in turn, medians of several rounds, a table at the end."""

import argparse
import asyncio
from collections.abc import Callable

from bench import api, embedded, growth, mail, memory, tickets
from bench.report import Line, cpu_of, load, median, ratio, say, table
from bench.servers import Servers, servers
from patchbay_kit.testing.many_tickets import Size
from patchbay_kit.testing.servers.dovecot import Dovecot

# What django-helpdesk and Request Tracker 5 (two workers) reach on a machine like this one.
PEERS = {"django-helpdesk over IMAP": (72, 6, 9), "Request Tracker 5": (11, 40, 60)}


def main() -> None:
    """Parse the command line and run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("paths", nargs="*", metavar="path", help=f"of {', '.join(PATHS)}; all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--backlog", type=int, default=tickets.BACKLOG, help="remote tickets")
    parser.add_argument("--events", type=int, default=growth.EVENTS, help="growth: how many")
    parser.add_argument("--tickets", type=int, default=Size().tickets, help="api: on the desk")
    parser.add_argument("--only", default="", help="api: paths with this in their names")
    parser.add_argument("--mails", type=int, default=mail.MAILS)
    parser.add_argument(
        "--answers", action="store_true", help="mail: with automatic answers and mail to the desk"
    )
    options = parser.parse_args()
    unknown = set(options.paths) - set(PATHS)
    if unknown:
        parser.error(f"no such path: {', '.join(sorted(unknown))}")
    lines: list[Line] = []
    with servers() as started:
        for name in options.paths or PATHS:
            say(f"{name}: {load()}")
            lines += PATHS[name](started, options)
    say("\n" + table(lines))


def run_tickets(started: Servers, options: argparse.Namespace) -> list[Line]:
    """Remote tickets through ticket-svc."""
    floor: list[tickets.Measured] = []
    ours: list[tickets.Measured] = []
    for number in range(options.rounds):
        floor.append(asyncio.run(tickets.measure_floor(started, backlog=options.backlog)))
        ours.append(asyncio.run(tickets.measure_ours(started, backlog=options.backlog)))
        say(f"  round {number + 1}: floor {floor[-1].rate:.0f}/s, ours {ours[-1].rate:.0f}/s")
    say(cpu_of("floor", [each.cpu for each in floor]))
    say(cpu_of("ours", [each.cpu for each in ours]))
    rates = median([each.rate for each in ours]), median([each.rate for each in floor])
    lines = [ratio("remote ticket -> TicketCreated confirmed", *rates, 0.50, 0.70)]
    for name in ("p50", "p99"):
        mine = median([getattr(each, name) for each in ours])
        base = median([getattr(each, name) for each in floor])
        path = f"the same at {tickets.RATE}/s, {name}"
        shown = f"{mine:.1f} ms", f"{base:.1f} ms"
        lines.append(Line(path, *shown, mine / base, 3, 2, at_least=False))
    return lines


def run_mail(started: Servers, options: argparse.Namespace) -> list[Line]:
    """Mail over IMAP through email-gateway and ticket-svc."""
    floor: list[mail.MailMeasured] = []
    batches: list[mail.MailMeasured] = []
    ours: list[mail.MailMeasured] = []
    count, answers = options.mails, options.answers
    with Dovecot() as dovecot:
        for number in range(options.rounds):
            floor.append(asyncio.run(mail.measure_floor(started, dovecot, mails=count)))
            batches.append(
                asyncio.run(mail.measure_floor(started, dovecot, "batches", mails=count))
            )
            ours.append(
                asyncio.run(mail.measure_ours(started, dovecot, mails=count, answers=answers))
            )
            rates = ", ".join(
                f"{name} {each[-1].rate:.0f}/s"
                for name, each in (("floor", floor), ("in batches", batches), ("ours", ours))
            )
            say(f"  round {number + 1}: {rates}")
    for name, measured in (("floor", floor), ("floor in batches", batches), ("ours", ours)):
        say(cpu_of(name, [each.cpu for each in measured]))
    rate = median([each.rate for each in ours])
    base = median([each.rate for each in floor])
    batch = median([each.rate for each in batches])
    say(f"  against the floor in batches ({batch:.0f}/s): {rate / batch:.2f}")
    lines = [ratio("mail over IMAP -> ticket and event", rate, base, 0.47, 0.70)]
    for name, (peer, must, aim) in PEERS.items():
        path = f"the same, against {name}"
        lines.append(Line(path, f"{rate:.0f}/s", f"{peer}/s", rate / peer, must, aim))
    return lines


def run_embedded(_started: Servers, options: argparse.Namespace) -> list[Line]:
    """Remote tickets through the hub in one process."""
    backlog = max(1, options.backlog // 2)
    floor: list[embedded.EmbeddedMeasured] = []
    ours: list[embedded.EmbeddedMeasured] = []
    for number in range(options.rounds):
        floor.append(embedded.measure_floor(backlog=backlog))
        ours.append(embedded.measure_ours(backlog=backlog))
        say(f"  round {number + 1}: floor {floor[-1].rate:.0f}/s, ours {ours[-1].rate:.0f}/s")
    say(cpu_of("floor", [each.cpu for each in floor]))
    say(cpu_of("ours", [each.cpu for each in ours]))
    idle, after = median([each.idle for each in ours]), median([each.after for each in ours])
    say(f"  the hub's memory: idle {idle:.0f} MiB, after the run {after:.0f} MiB")
    rates = median([each.rate for each in ours]), median([each.rate for each in floor])
    return [ratio("embedded: remote ticket -> TicketCreated handled", *rates, 0.30, 0.60)]


def run_memory(started: Servers, _options: argparse.Namespace) -> list[Line]:
    """Processes that do nothing."""
    found = memory.measure(started)
    lines = []
    for role, mine in found.roles.items():
        base = found.floors["api" if role == "api" else "worker"]
        path = f"memory of ticket-svc {role}, idle, against its imports"
        shown = f"{mine:.0f} MiB", f"{base:.0f} MiB"
        lines.append(Line(path, *shown, mine / base, 1.5, 1.3, at_least=False))
    total = sum(found.services.values())
    say("  " + ", ".join(f"{name} {size:.0f} MiB" for name, size in found.services.items()))
    path = "memory of the five services, role all, idle"
    lines.append(Line(path, f"{total:.0f} MiB", "", total, 450, 380, at_least=False))
    return lines


def run_growth(started: Servers, options: argparse.Namespace) -> list[Line]:
    """What many events leave behind in memory."""
    lines = []
    for role, (early, late) in asyncio.run(growth.measure(started, events=options.events)).items():
        path = f"growth of ticket-svc {role} over {options.events:,} events"
        shown = f"{late:.1f} MiB", f"{early:.1f} MiB"
        lines.append(Line(path, *shown, late - early, 5, 0, at_least=False))
    return lines


def run_api(started: Servers, options: argparse.Namespace) -> list[Line]:
    """Lists, single tickets and new ones over HTTP."""
    # Without the words of searches: making them takes longer than all the rest together.
    size = Size(options.tickets, max(1, options.tickets // 10), texts=False)
    with api.prepared(started, size) as ends:
        return api.measure(ends, options.rounds, options.only)


PATHS: dict[str, Callable[[Servers, argparse.Namespace], list[Line]]] = {
    "tickets": run_tickets,
    "mail": run_mail,
    "embedded": run_embedded,
    "memory": run_memory,
    "growth": run_growth,
    "api": run_api,
}


if __name__ == "__main__":
    main()
