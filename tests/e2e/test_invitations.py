"""An invitation is mailed by another service than made it, and nobody else reads the link."""

import re
import secrets

from patchbay_kit.testing.system.base import System
from patchbay_kit.testing.system.mail import until

PASSWORD = "a long enough password"  # of nobody


def test_an_invited_employee_chooses_a_password_and_the_link_is_nowhere(system: System) -> None:
    address = f"kim-{secrets.token_hex(4)}@msp.example"
    employee = system.api.post("/v1/employees", {"name": "Kim Roe", "email1": address})
    path = f"/v1/employees/{employee['id']}"

    made = system.api.post(f"{path}/invitation", {"mail": True})

    assert made["mailed_to"] == address

    def told() -> bool:
        assert system.api.get(f"{path}/access")["mail_state"] in ("sent", "caught")
        return True

    assert until(told, "the mail of the invitation")
    (mail,) = (
        each
        for each in system.api.items("/v1/mails", direction="out")
        if each["recipients"] == [address]
    )
    assert mail["subject"] == "Choose your password"
    kept = system.rows("email-gateway", "SELECT * FROM outgoing_mail")
    assert made["token"] not in str(kept)
    assert re.search(r"""["']sealed["']""", str(kept)) is None, "only its place in the text"
    system.api.post("/v1/auth/invitations/accept", {"token": made["token"], "password": PASSWORD})
    signed_in = system.api.post("/v1/auth/token", {"email": address, "password": PASSWORD})
    assert signed_in["access_token"]
