"""What a remote ticket becomes: pure rules."""

from patchbay_contracts import DeviceRef, Reason, ReasonCode

_PREFIXES = {"continuum": "Continuum"}
DEVICE_BLOCK_START = "--- Device details from the RMM ---"
DEVICE_BLOCK_END = "--- end of device details ---"


def auto_account_name(provider: str, site_name: str, template: str | None = None) -> str:
    """`[Continuum AUTO CREATED] + ACME company`, or by the connection's template (S1-110). What
    does not fit into an account's name is cut off.
    """
    template = template or f"[{_PREFIXES.get(provider, provider)} AUTO CREATED] + {{site}}"
    return template.replace("{site}", site_name)[:300]


def device_lines(device: DeviceRef) -> list[str]:
    """What is known about the device, one fact a line."""
    facts = [
        ("Device", device.name),
        ("Device id", device.remote_device_id),
        ("Serial number", device.serial_number),
        ("Manufacturer", device.manufacturer),
        ("Model", device.model),
        *sorted(device.attributes.items()),
    ]
    return [f"{label}: {value}" for label, value in facts if value]


def with_device_block(description: str, device: DeviceRef) -> str:
    """The description with the marked block at its end (ruling C-02, S1-116)."""
    block = "\n".join([DEVICE_BLOCK_START, *device_lines(device), DEVICE_BLOCK_END])
    return f"{description}\n\n{block}" if description else block


def asset_for(
    device: DeviceRef | None, linked_asset: str | None, asset_account: str | None, account_id: str
) -> tuple[str | None, Reason]:
    """The ticket's asset and why. A link to another account's asset is not used."""
    if device is None:
        return None, Reason(code=ReasonCode.ASSET_NONE_GIVEN)
    params = {"device": device.name or "", "remote_device_id": device.remote_device_id or ""}
    if linked_asset is None:
        return None, Reason(code=ReasonCode.ASSET_DEVICE_UNKNOWN, params=params)
    if asset_account != account_id:
        return None, Reason(
            code=ReasonCode.ASSET_OTHER_ACCOUNT, params={**params, "asset_id": linked_asset}
        )
    return linked_asset, Reason(
        code=ReasonCode.ASSET_BY_DEVICE_LINK, params={**params, "asset_id": linked_asset}
    )


AWAITING = {
    "Work completed": "done",
    "Approval Required": "approval",
    "Info Needed": "info",
}
