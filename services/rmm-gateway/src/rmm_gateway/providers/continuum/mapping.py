"""From the wire of `continuum-sim/1` to our events. Pure; unknown values never lose an update."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from pydantic import ValidationError

from patchbay_contracts import (
    CatalogueDevice,
    CatalogueSite,
    DeviceRef,
    RemoteOrigin,
    RemoteRef,
    RemoteTicketClosed,
    RemoteTicketNoteReceived,
    RemoteTicketReceived,
    RemoteTicketReturned,
    ReturnReason,
)
from rmm_gateway.providers.base import (
    Batch,
    RejectedRecord,
    RemoteEvent,
    RemoteUpdate,
    Sweep,
    Target,
    UpdateKind,
)
from rmm_gateway.providers.continuum.wire import WireBatch, WireItem

_RAW_LIMIT = 100_000
_DEVICE_FIELDS = {"id", "siteId", "name", "serial", "manufacturer", "model"}


def to_batch(wire: WireBatch, target: Target) -> Batch:
    """Map a leased batch; items that cannot be read are kept as rejected records."""
    updates: list[RemoteUpdate] = []
    rejected: list[RejectedRecord] = []
    for raw in wire.items:
        try:
            updates.append(to_update(raw, target))
        except ValidationError as error:
            rejected.append(_rejected(raw, _first_problem(error)))
        except ValueError as error:
            rejected.append(_rejected(raw, str(error)))
    return Batch(wire.batch_id, tuple(updates), tuple(rejected))


def to_update(raw: Any, target: Target) -> RemoteUpdate:
    """Map one item; raises ValueError (ValidationError is one) with what is wrong."""
    item = WireItem.model_validate(raw)
    try:
        kind = UpdateKind(item.kind)
    except ValueError:
        raise ValueError(f"unknown kind {item.kind!r}") from None
    return RemoteUpdate(
        item.seq, kind, item.ticket_id, item.occurred_at, _event(item, kind, target)
    )


def _event(item: WireItem, kind: UpdateKind, target: Target) -> RemoteEvent:
    remote = RemoteRef(
        connection_id=target.connection_id,
        provider=target.provider,
        remote_ticket_id=item.ticket_id,
        number=item.number,
        url=_http_url(item.url),
    )
    note = item.description or None
    match kind:
        case UpdateKind.CREATED:
            return _received(item, remote)
        case UpdateKind.CLOSED:
            return RemoteTicketClosed(remote=remote, occurred_at=item.occurred_at, note=note)
        case UpdateKind.RETURNED:
            reason, note = return_reason(item.reason, note)
            return RemoteTicketReturned(
                remote=remote, reason=reason, occurred_at=item.occurred_at, note=note
            )
        case UpdateKind.NOTE:
            return RemoteTicketNoteReceived(
                remote=remote, note=note or "", occurred_at=item.occurred_at
            )


def _received(item: WireItem, remote: RemoteRef) -> RemoteTicketReceived:
    return RemoteTicketReceived(
        remote=remote,
        origin=origin(item.origin),
        remote_site_id=item.site_id,
        site_name=item.site_name,
        device=_device(item),
        summary=item.summary.strip() or f"Remote ticket {item.number or item.ticket_id}",
        description=item.description or "",
        assignee_group=item.assignee_group,
        occurred_at=item.occurred_at,
    )


def origin(value: str | None) -> RemoteOrigin:
    """The remote origin (S1-01); one that we do not know is a service ticket."""
    try:
        return RemoteOrigin(value or "")
    except ValueError:
        return RemoteOrigin.SERVICE_TICKET


def return_reason(value: str | None, note: str | None) -> tuple[ReturnReason, str | None]:
    """The reason of a hand-back; an unknown one asks a person to look, and stays in the note."""
    for reason in ReturnReason:
        if value is not None and value.casefold() == reason.value.casefold():
            return reason, note
    told = f"Reason given by the remote team: {value or 'none'}"
    return ReturnReason.INFO_NEEDED, f"{told}\n{note}" if note else told


def _device(item: WireItem) -> DeviceRef | None:
    details = _strings(item.device or {})
    if not (item.device_id or item.device_name or details):
        return None
    return DeviceRef(
        remote_device_id=item.device_id or details.get("id"),
        name=item.device_name or details.get("name"),
        serial_number=details.get("serial"),
        manufacturer=details.get("manufacturer"),
        model=details.get("model"),
        attributes={k: v for k, v in details.items() if k not in _DEVICE_FIELDS},
    )


def to_sites(root: Element) -> Sweep[CatalogueSite]:
    """Map `<Sites>`; the last of two records with one id counts."""
    found: dict[str, CatalogueSite] = {}
    rejected: list[RejectedRecord] = []
    for element in root:
        values = _strings(element.attrib)
        if not _usable(element, "Site", values):
            rejected.append(RejectedRecord(_xml_raw(element), "a site needs an id of 1 to 100"))
            continue
        attributes = {k: v for k, v in values.items() if k not in ("id", "name")}
        name = values.get("name") or values["id"]
        found[values["id"]] = CatalogueSite(
            remote_site_id=values["id"], name=name, attributes=attributes
        )
    return Sweep(tuple(found.values()), tuple(rejected), _generated_at(root))


def to_devices(root: Element) -> Sweep[CatalogueDevice]:
    """Map `<Devices>`; the last of two records with one id counts."""
    found: dict[str, CatalogueDevice] = {}
    rejected: list[RejectedRecord] = []
    for element in root:
        values = _strings(element.attrib)
        if not _usable(element, "Device", values):
            rejected.append(RejectedRecord(_xml_raw(element), "a device needs an id of 1 to 100"))
            continue
        found[values["id"]] = CatalogueDevice(
            remote_device_id=values["id"],
            remote_site_id=values.get("siteId"),
            name=values.get("name") or values["id"],
            serial_number=values.get("serial"),
            manufacturer=values.get("manufacturer"),
            model=values.get("model"),
            attributes={k: v for k, v in values.items() if k not in _DEVICE_FIELDS},
        )
    return Sweep(tuple(found.values()), tuple(rejected), _generated_at(root))


def _usable(element: Element, tag: str, values: dict[str, str]) -> bool:
    return element.tag == tag and 0 < len(values.get("id", "")) <= 100


def _strings(values: Any) -> dict[str, str]:
    pairs: Iterable[tuple[Any, Any]] = values.items()
    texts = ((_word(k), _word(v)) for k, v in pairs if v is not None)
    return {key: value for key, value in texts if value}


def _word(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True)
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()[:2000]


def _http_url(value: str | None) -> str | None:
    # Shown as a link on the desk: javascript: and the like must not get there.
    return value if value and value.startswith(("https://", "http://")) else None


def _generated_at(root: Element) -> datetime | None:
    try:
        moment = datetime.fromisoformat(root.attrib.get("generatedAt", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _xml_raw(element: Element) -> str:
    return json.dumps({"tag": str(element.tag), **element.attrib}, ensure_ascii=True)[:_RAW_LIMIT]


def _rejected(raw: Any, reason: str) -> RejectedRecord:
    seq = raw.get("seq") if isinstance(raw, dict) else None
    usable = isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq < 2**63
    text = json.dumps(raw, ensure_ascii=True)[:_RAW_LIMIT]
    return RejectedRecord(text, reason[:500], seq if usable else None)


def _first_problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
