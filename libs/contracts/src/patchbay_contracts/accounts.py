"""Events of accounts and assets, published by ticket-svc."""

from patchbay_contracts.base import EventData
from patchbay_contracts.refs import SiteOrigin


class AccountCreated(EventData, event="account.created.v1", publisher="ticket-svc"):
    """An account exists now.

    `origin` is set when it was auto-created for an unknown remote site (S1-110); link-svc then
    makes the link.
    """

    account_id: str
    name: str
    auto_created: bool = False
    origin: SiteOrigin | None = None


class AccountRenamed(EventData, event="account.renamed.v1", publisher="ticket-svc"):
    """An account got another name; an auto-created one becomes a real one by it (S1-114)."""

    account_id: str
    name: str
    auto_created: bool


class AssetCreated(EventData, event="asset.created.v1", publisher="ticket-svc"):
    """An asset exists now, so that a remote device can be linked to it."""

    asset_id: str
    account_id: str
    name: str
    serial_number: str | None = None
    manufacturer: str | None = None


class AccountUpdated(EventData, event="account.updated.v1", publisher="ticket-svc"):
    """Fields of an account changed; a new name comes as AccountRenamed as well."""

    account_id: str
    name: str
    auto_created: bool
    archived: bool
    manager_id: str | None = None
    changed: list[str]


class AccountMerged(EventData, event="account.merged.v1", publisher="ticket-svc"):
    """The account went into another one, with all that belonged to it (S1-113, S1-115)."""

    account_id: str
    into_account_id: str
    into_name: str
    merge_id: str


class AccountUnmerged(EventData, event="account.unmerged.v1", publisher="ticket-svc"):
    """A merge was undone: what it had moved belongs to the account again."""

    account_id: str
    from_account_id: str
    name: str
    merge_id: str


class AssetUpdated(EventData, event="asset.updated.v1", publisher="ticket-svc"):
    """Fields of an asset changed."""

    asset_id: str
    account_id: str
    name: str
    serial_number: str | None = None
    manufacturer: str | None = None
    archived: bool
    changed: list[str]


class ContactCreated(EventData, event="contact.created.v1", publisher="ticket-svc"):
    """An account has another contact."""

    contact_id: str
    account_id: str
    name: str
    is_main: bool


class ContactUpdated(EventData, event="contact.updated.v1", publisher="ticket-svc"):
    """Fields of a contact changed."""

    contact_id: str
    account_id: str
    name: str
    is_main: bool
    archived: bool
    changed: list[str]


class LocationCreated(EventData, event="location.created.v1", publisher="ticket-svc"):
    """An account has another location."""

    location_id: str
    account_id: str
    name: str
    is_main: bool
    remote_key: str | None = None


class LocationUpdated(EventData, event="location.updated.v1", publisher="ticket-svc"):
    """Fields of a location changed."""

    location_id: str
    account_id: str
    name: str
    is_main: bool
    archived: bool
    changed: list[str]


class DepartmentCreated(EventData, event="department.created.v1", publisher="ticket-svc"):
    """An account has another department."""

    department_id: str
    account_id: str
    name: str


class DepartmentUpdated(EventData, event="department.updated.v1", publisher="ticket-svc"):
    """Fields of a department changed."""

    department_id: str
    account_id: str
    name: str
    archived: bool
    changed: list[str]


class EmployeeCreated(EventData, event="employee.created.v1", publisher="ticket-svc"):
    """The desk has another employee."""

    employee_id: str
    name: str
    active: bool


class EmployeeUpdated(EventData, event="employee.updated.v1", publisher="ticket-svc"):
    """Fields of an employee changed: never says which password or what rights."""

    employee_id: str
    name: str
    active: bool
    changed: list[str]
