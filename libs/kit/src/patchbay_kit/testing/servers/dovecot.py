"""A private Dovecot 2.3 with plain passwords and Maildir, for IMAP that behaves like the real one.

imap-login refuses to run as root, so under root everything runs as nobody.
"""

import grp
import os
import pwd
import secrets
import socket
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from patchbay_kit.testing.servers.ports import free_port
from patchbay_kit.testing.servers.process import EngineMissingError, PrivateServer

_BINARY = Path("/usr/sbin/dovecot")
_IMAP = Path("/usr/lib/dovecot/imap")

_CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/out.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{dir}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
mail_fsync = never
namespace inbox {{
  inbox = yes
  separator = /
}}
# Everybody may come with the one password: a file of users is read again only once in a second.
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home/%u allow_all_users=yes
}}
service imap-login {{
  chroot =
  user = {user}
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
# Without the penalty: it lets a login wait up to 15 s after wrong passwords of the same address,
# which is the address of every test.
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  user = {user}
}}
service auth-worker {{
  user = {user}
}}
service imap {{
  client_limit = 1
  process_limit = 200
}}
protocol imap {{
  mail_max_userip_connections = 100
}}
"""


@dataclass(frozen=True)
class ImapAccount:
    """What a client needs to log in."""

    host: str
    port: int
    username: str
    password: str


class Dovecot(PrivateServer):
    """IMAP without TLS on 127.0.0.1. Mail stays over `restart` and `kill9` + `start`."""

    name: ClassVar[str] = "Dovecot"

    def __init__(self) -> None:
        if not (_BINARY.exists() and _IMAP.exists()):
            raise EngineMissingError(self.name, "dovecot-core dovecot-imapd")
        super().__init__(user="nobody")
        self.port = free_port()
        for part in ("run", "state", "home", "mail"):
            (self.directory / part).mkdir()
            self._own(self.directory / part)
        self._password = secrets.token_hex(8)
        self._write_configuration()

    @property
    def version(self) -> str:
        """As the binary reports it, such as 2.3.19.1."""
        done = subprocess.run(
            [str(_BINARY), "--version"], capture_output=True, text=True, check=True
        )
        return done.stdout.split()[0]

    def new_account(self, username: str = "") -> ImapAccount:
        """An empty mailbox; without a name it gets one that no other test has."""
        name = username or f"support-{secrets.token_hex(4)}@msp.example"
        return ImapAccount("127.0.0.1", self.port, name, self._password)

    def maildir(self, account: ImapAccount) -> Path:
        """Where the account's mail lies once somebody logged in."""
        return self.directory / "mail" / account.username

    def _write_configuration(self) -> None:
        who = pwd.getpwnam(self._user) if self._user else pwd.getpwuid(os.geteuid())
        (self.directory / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                dir=self.directory,
                user=who.pw_name,
                group=grp.getgrgid(who.pw_gid).gr_name,
                uid=who.pw_uid,
                gid=who.pw_gid,
                port=self.port,
                password=self._password,
            )
        )

    def launch(self) -> "Dovecot":
        """Start it; the log belongs to the user it runs as."""
        self.log_path.touch()
        self._own(self.log_path)
        super().launch()
        return self

    def _command(self) -> Sequence[str]:
        return [str(_BINARY), "-F", "-c", str(self.directory / "dovecot.conf")]

    def _is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
                return connection.recv(4) == b"* OK"
        except OSError:
            return False
