"""AsyncAPI 3.0 of the whole system: one channel per event, one operation per service and queue."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

from contract_export.services import System
from patchbay_contracts import CONTENT_TYPE, EXCHANGE, EventData, registered
from patchbay_contracts.schemas import event_schema, summary

Document = dict[str, Any]


def render_asyncapi(system: System, examples: Path) -> Document:
    """The document; `examples` holds one `<event type>.json` per event."""
    schemas: Document = {}
    messages = {
        event.__name__: _message(event, schemas, examples) for event in registered().values()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Patchbay events",
            "version": version("patchbay-contracts"),
            "description": (
                "Every event on Patchbay's bus: CloudEvents 1.0 in structured JSON mode. Delivery "
                "is at least once and in no promised order: deduplicate by `id`, and order the "
                "events of one `subject` by `aggregateversion`."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "servers": {
            "rabbitmq": {
                "host": "rabbitmq:5672",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "The cluster form. The embedded form has no server to connect to.",
            }
        },
        "channels": {event.__name__: _channel(event) for event in registered().values()},
        "operations": _operations(system),
        "components": {"messages": messages, "schemas": dict(sorted(schemas.items()))},
    }


def _channel(event: type[EventData]) -> Document:
    name = event.__name__
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    binding = {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}
    return {
        "address": event.event_type,
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": binding},
    }


def _message(event: type[EventData], schemas: Document, examples: Path) -> Document:
    payload = _hoisted(event_schema(event.event_type), schemas)
    example = json.loads((examples / f"{event.event_type}.json").read_text("utf-8"))
    return {
        "name": event.event_type,
        "title": event.__name__,
        "summary": summary(event.event_type),
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "tags": [{"name": event.event_kind.value}],
        "payload": payload,
        "examples": [{"name": event.event_type, "payload": example}],
    }


def _operations(system: System) -> Document:
    operations: Document = {}
    for event in registered().values():
        name = event.__name__
        operations[f"{event.publisher}.send.{name}"] = _operation("send", event.publisher, name)
        for queue in system.queues_of(event):
            received = _operation("receive", queue.service, name)
            operations[f"{queue.name}.receive.{name}"] = received | {"x-queue": queue.name}
    return dict(sorted(operations.items()))


def _operation(action: str, service: str, name: str) -> Document:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
        "tags": [{"name": service}],
    }


def _hoisted(schema: Document, schemas: Document) -> Document:
    """Move `$defs` to the components: in AsyncAPI `#` is the whole document, not the schema."""
    for name, part in schema.get("$defs", {}).items():
        moved = _repointed(part)
        if schemas.setdefault(name, moved) != moved:
            raise ValueError(f"two different schemas are called {name}")
    dropped = {"$schema", "$id", "$defs"}
    return {key: _repointed(value) for key, value in schema.items() if key not in dropped}


def _repointed(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _repointed(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_repointed(value) for value in node]
    if isinstance(node, str) and node.startswith("#/$defs/"):
        return node.replace("#/$defs/", "#/components/schemas/")
    return node
