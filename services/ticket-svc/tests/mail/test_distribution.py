"""Who is sent a mail on, who is answered, and who never is."""

from typing import Any

import pytest

from patchbay_contracts import AutomationClass, MailPurpose, SendEmail

ANN = "ann@acme.example"
MIA, TOM = "mia@desk.example", "tom@desk.example"


class Thread:
    """A ticket of Ann's that Mia manages and Tom gets copies of."""

    def __init__(self, desk: Any, mail: Any, ticket: dict[str, Any]) -> None:
        self.desk = desk
        self.mail = mail
        self.ticket = ticket

    async def sent(self, purpose: MailPurpose = MailPurpose.DISTRIBUTION) -> list[SendEmail]:
        """What was asked to be sent."""
        events = await self.desk.events(SendEmail)
        return [event.data for event in events if event.data.purpose is purpose]

    async def answer(self, sender: str, **fields: Any) -> list[SendEmail]:
        """What an answer on the ticket causes to be sent."""
        before = len(await self.sent())
        subject = f"Re: Printer [{self.ticket['number']}]"
        fields = {"subject_numbers": [self.ticket["number"]], **fields}
        self.last = self.mail(sender, subject, **fields)
        await self.desk.take(self.last)
        return (await self.sent())[before:]


@pytest.fixture
async def thread(desk: Any, mail: Any) -> Thread:
    mia = await desk.employee("Mia Manager", MIA)
    await desk.employee("Tom Technician", TOM, receives_all_mail=True)
    account = await desk.account("ACME", manager_id=mia)
    await desk.contact(account, ANN, is_main=True)
    await desk.take(mail(ANN, "Printer"))
    return Thread(desk, mail, await desk.only_ticket())


def emails(request: SendEmail) -> dict[str, list[str]]:
    lists = {"to": request.to, "cc": request.cc, "bcc": request.bcc}
    return {place: [p.email for p in people] for place, people in lists.items() if people}


@pytest.mark.covers("S2-95", "S2-101", "S2-116", "S2-122", "S2-123", "S2-134", "S2-136")
async def test_a_customers_answer_goes_to_manager_and_subscribed_employees_only(
    thread: Thread,
) -> None:
    (request,) = await thread.answer(ANN)
    assert emails(request) == {"to": [MIA], "cc": [TOM]}
    assert request.original_mail_id == thread.last.data.mail.mail_id
    assert request.mail_subject == f"Re: Printer [{thread.ticket['number']}]"


@pytest.mark.covers("S2-102", "S2-112", "S2-120", "S2-121", "S2-124", "S2-138")
async def test_an_employees_mail_goes_to_customers_and_all_employees_but_the_sender(
    thread: Thread,
) -> None:
    (request,) = await thread.answer(TOM)
    assert emails(request) == {"to": [ANN], "bcc": [MIA]}
    filed = (await thread.desk.history(thread.ticket["id"], kind="email"))[-1]
    assert (filed["channel"], filed["actor_name"]) == ("email", "Tom Technician")
    assert request.from_name == "Tom Technician"


@pytest.mark.covers("S2-109", "S2-110", "S4-07")
@pytest.mark.parametrize("place", ["cc", "bcc"])
async def test_an_employee_with_us_in_copy_is_filed_only_and_a_customer_is_sent_on(
    thread: Thread, place: str
) -> None:
    assert await thread.answer(TOM, addressed_as=place) == []
    codes = [r["code"] for r in (await thread.desk.decision(thread.last))["reasons"]]
    assert "mail.filed_only" in codes
    assert len(await thread.desk.mails(thread.ticket["id"])) == 2
    (request,) = await thread.answer(ANN, addressed_as=place)
    assert emails(request)["to"] == [MIA]


@pytest.mark.covers("S2-108", "S4-08")
async def test_an_employee_who_has_left_distributes_nothing(thread: Thread) -> None:
    found = (await thread.desk.get("/v1/employees", q=TOM))["items"]
    await thread.desk.patch(f"/v1/employees/{found[0]['id']}", active=False)
    assert await thread.answer(TOM) == []
    assert (await thread.desk.decision(thread.last))["outcome"] == "undecided"


@pytest.mark.covers("S2-126")
async def test_a_new_manager_gets_the_next_mail(thread: Thread) -> None:
    new = await thread.desk.employee("Nina New", "nina@desk.example")
    await thread.desk.patch(f"/v1/tickets/{thread.ticket['id']}", manager_id=new)
    (request,) = await thread.answer(ANN)
    assert emails(request) == {"to": ["nina@desk.example"], "cc": [MIA, TOM]}


@pytest.mark.covers("S4-06")
async def test_the_internal_address_gets_it_where_nobody_is_subscribed_or_a_setting_says_so(
    thread: Thread,
) -> None:
    await thread.desk.patch("/v1/settings", internal_address="team@desk.example")
    (request,) = await thread.answer(ANN)
    assert emails(request) == {"to": [MIA], "cc": [TOM]}
    await thread.desk.patch("/v1/settings", forward_to_internal=True)
    (request,) = await thread.answer(ANN)
    assert emails(request) == {"to": [MIA], "cc": [TOM, "team@desk.example"]}
    await thread.desk.patch("/v1/settings", forward_to_internal=False)
    path = f"/v1/tickets/{thread.ticket['id']}/recipients"
    await thread.desk.http.put(path, json={"external": [{"email": ANN}]})
    (request,) = await thread.answer(ANN)
    assert emails(request) == {"to": ["team@desk.example"]}


@pytest.mark.parametrize(
    "kind", [AutomationClass.AUTO_REPLY, AutomationClass.LIST, AutomationClass.BOUNCE]
)
async def test_automatic_mail_is_filed_and_never_sent_on(
    thread: Thread, kind: AutomationClass
) -> None:
    assert await thread.answer(ANN, automation=kind) == []
    assert (await thread.desk.decision(thread.last))["outcome"] == "filed"


@pytest.mark.covers("S2-93")
async def test_a_new_ticket_is_answered_once_with_its_number(thread: Thread) -> None:
    (answer,) = await thread.sent(MailPurpose.AUTO_ANSWER)
    assert emails(answer) == {"to": [ANN]}
    assert answer.automatic is True
    assert answer.mail_subject == f"[{thread.ticket['number']}] Printer"
    await thread.answer(ANN)
    assert len(await thread.sent(MailPurpose.AUTO_ANSWER)) == 1


async def test_automatic_answers_to_one_address_are_capped_by_the_hour(
    thread: Thread, desk: Any, mail: Any
) -> None:
    await desk.patch("/v1/settings", auto_answer_cap_per_hour=3)
    mails = [mail(ANN, f"Printer {n}") for n in range(5)]
    await desk.take(*mails[:3])
    await desk.take(*mails[3:])
    assert len(await thread.sent(MailPurpose.AUTO_ANSWER)) == 3
    codes = [r["code"] for r in (await desk.decision(mails[4]))["reasons"]]
    assert "auto_answer.rate_limited" in codes


async def test_automatic_answers_can_be_switched_off(thread: Thread, desk: Any, mail: Any) -> None:
    await desk.patch("/v1/settings", auto_answer=False)
    await desk.take(mail(ANN, "Another"))
    assert len(await thread.sent(MailPurpose.AUTO_ANSWER)) == 1
