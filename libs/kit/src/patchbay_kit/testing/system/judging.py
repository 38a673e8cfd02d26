"""The judge: compares the desk with the simulator and names what was lost, doubled or made up.

It reads databases from outside and the simulator's journal, so that it trusts no code on trial.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.simulator import Simulator

# Mails of these outcomes are on a ticket, with exactly one history entry.
_ON_A_TICKET = ("created", "filed")


@dataclass
class Findings:
    """Counts of what was looked at, and everything that is wrong, by kind."""

    checked: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, subjects: Iterable[object]) -> None:
        """Note what is wrong; nothing happens for none."""
        found = sorted(map(str, subjects))
        if found:
            self.wrong.setdefault(kind, []).extend(found)

    def count(self, kind: str) -> int:
        """How many findings of all kinds that begin with `kind`."""
        return sum(len(found) for name, found in self.wrong.items() if name.startswith(kind))

    def __str__(self) -> str:
        what = ", ".join(f"{name} {count}" for name, count in sorted(self.checked.items()))
        if not self.wrong:
            return f"{what}: nothing lost, doubled, unexpected or stuck"
        wrong = "; ".join(f"{k} {len(v)} (such as {v[0]})" for k, v in sorted(self.wrong.items()))
        return f"{what}: {wrong}"


@dataclass(frozen=True)
class Judge:
    """Looks at one connection and its simulator, once the system is at rest."""

    system: System
    simulator: Simulator
    connection_id: str

    def judge(
        self, *, linked_sites: Collection[str], completed: Collection[str], mails: Collection[str]
    ) -> Findings:
        """`completed` are remote ids of tickets that were completed, `mails` ids in the ledger."""
        findings = Findings()
        self._tickets(findings)
        self._accounts(findings, set(linked_sites))
        self._links(findings)
        self._closes(findings, set(completed))
        self._alerts(findings)
        self._mails(findings, set(mails))
        findings.add("stuck work", self._stuck())
        findings.add("stuck dead letters", self.system.parked())
        return findings

    def _stuck(self) -> list[str]:
        """What stays undone; an inventory that happens to be published now does not."""
        try:
            self.system.wait_until_quiet(timeout=5)
        except AssertionError as error:
            return [str(error)]
        return []

    def _tickets(self, findings: Findings) -> None:
        effects = self.simulator.control("GET", "effects")["tickets"]
        expected = {each["ticketId"] for each in effects}
        desk = Counter(self._column("ticket-svc", "ticket", "remote_ticket_id"))
        findings.checked["remote tickets"] = len(expected)
        findings.add("lost tickets", expected - set(desk))
        findings.add("unexpected tickets", set(desk) - expected)
        findings.add("doubled tickets", (key for key, count in desk.items() if count > 1))
        notes = self._per_ticket("history_entry", "kind = 'remote_created'")
        findings.add("doubled creation notes", (k for k, count in notes.items() if count != 1))
        findings.add("lost creation notes", range(len(desk) - len(notes)))

    def _accounts(self, findings: Findings, linked: set[str]) -> None:
        made = Counter(
            row["origin_site_id"]
            for row in self.system.rows(
                "ticket-svc",
                "SELECT origin_site_id FROM account"  # noqa: S608 - an id of ours
                f" WHERE origin_connection_id = '{self.connection_id}'",
            )
        )
        sites = set(self._column("rmm-gateway", "remote_ticket", "remote_site_id")) - {None}
        unknown = sites - linked
        findings.checked["sites"] = len(sites)
        findings.checked["temporary accounts"] = sum(made.values())
        findings.add("lost accounts", unknown - set(made))
        findings.add("unexpected accounts", set(made) - unknown)
        findings.add("doubled accounts", (site for site, count in made.items() if count > 1))
        findings.add("unexpected places", self._misplaced())

    def _misplaced(self) -> list[str]:
        """Tickets that are not in the account of their site."""
        sites = {
            row["remote_ticket_id"]: row["remote_site_id"]
            for row in self._rows(
                "rmm-gateway", "remote_ticket", "remote_ticket_id, remote_site_id"
            )
        }
        accounts = {
            row["remote_id"]: row["target_id"]
            for row in self._rows("link-svc", "link", "remote_id, target_id", "kind = 'site'")
        }
        return [
            row["remote_ticket_id"]
            for row in self._rows("ticket-svc", "ticket", "remote_ticket_id, account_id")
            if (site := sites.get(row["remote_ticket_id"]))
            and accounts.get(site) != row["account_id"]
        ]

    def _links(self, findings: Findings) -> None:
        tickets = set(self._column("ticket-svc", "ticket", "remote_ticket_id"))
        links = Counter(self._column("link-svc", "link", "remote_id", "kind = 'ticket'"))
        findings.add("lost ticket links", tickets - set(links))
        findings.add("doubled ticket links", (key for key, count in links.items() if count > 1))

    def _closes(self, findings: Findings, completed: set[str]) -> None:
        effects = self.simulator.control("GET", "effects")["tickets"]
        findings.checked["completed tickets"] = len(completed)
        for each in effects:
            wanted = int(each["ticketId"] in completed)
            applied = each["closesApplied"]
            kinds = {applied < wanted: "lost closes", applied > 1: "doubled closes"}
            kinds[applied > 0 and not wanted] = "unexpected closes"
            for wrong, kind in kinds.items():
                if wrong:
                    findings.add(kind, [each["ticketId"]])
        states = self._rows("rmm-gateway", "remote_command", "remote_ticket_id, state")
        findings.add("stuck commands", (r for r in states if r["state"] != "succeeded"))

    def _alerts(self, findings: Findings) -> None:
        tickets = set(self._column("ticket-svc", "ticket", "id"))
        sent = Counter(
            row["ticket_id"]
            for row in self.system.rows(
                "email-gateway",
                "SELECT ticket_id FROM outgoing_mail WHERE purpose = 'alert'"
                " AND request_id NOT LIKE '%command%'",
            )
        )
        findings.checked["alert mails"] = sum(sent[ticket] for ticket in tickets)
        findings.add("lost alerts", tickets - set(sent))
        findings.add("doubled alerts", (t for t in tickets if sent[t] > 1))

    def _mails(self, findings: Findings, mails: set[str]) -> None:
        rows = self.system.rows("email-gateway", "SELECT id, state FROM received_mail")
        ledger = {row["id"]: row["state"] for row in rows}
        findings.checked["mails"] = len(mails)
        findings.add("lost mails", mails - set(ledger))
        query = "SELECT mail_id, count(*) AS n FROM history_entry WHERE mail_id IS NOT NULL"
        rows = self.system.rows("ticket-svc", f"{query} GROUP BY mail_id")
        filed = {row["mail_id"]: row["n"] for row in rows}
        for mail in mails & set(ledger):
            wanted = int(ledger[mail] in _ON_A_TICKET)
            found = filed.get(mail, 0)
            if found != wanted:
                findings.add("doubled mails" if found > wanted else "lost mails", [mail])
        query = "SELECT request_id FROM outgoing_mail WHERE purpose = 'auto_answer'"
        answers = Counter(row["request_id"] for row in self.system.rows("email-gateway", query))
        query = "SELECT ticket_id FROM auto_answer"
        promised = [row["ticket_id"] for row in self.system.rows("ticket-svc", query)]
        findings.add("doubled answers", (k for k, n in Counter(promised).items() if n > 1))
        findings.add("lost answers", range(len(promised) - len(answers)))

    def _per_ticket(self, table: str, condition: str) -> dict[str, int]:
        query = (
            f"SELECT ticket_id, count(*) AS n FROM {table} WHERE {condition} AND ticket_id IN"  # noqa: S608
            f" (SELECT id FROM ticket WHERE connection_id = '{self.connection_id}')"
            " GROUP BY ticket_id"
        )
        return {row["ticket_id"]: row["n"] for row in self.system.rows("ticket-svc", query)}

    def _column(self, service: str, table: str, column: str, condition: str = "1 = 1") -> list[str]:
        return [row[column] for row in self._rows(service, table, column, condition)]

    def _rows(
        self, service: str, table: str, columns: str, condition: str = "1 = 1"
    ) -> list[dict[str, str]]:
        query = (
            f"SELECT {columns} FROM {table}"  # noqa: S608 - names of ours
            f" WHERE connection_id = '{self.connection_id}' AND {condition}"
        )
        return self.system.rows(service, query)
