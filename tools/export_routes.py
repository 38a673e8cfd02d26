#!/usr/bin/env python3
"""Write what deployments have to know of the services: public paths and queues.

    export_routes.py            write the files that changed, name them
    export_routes.py --check    write nothing; exit 1 and name the stale files

The front of compose and of the dev overlay, HTTPRoute and Ingress come from the prefixes of the
service definitions, the KEDA triggers from the queues of their subscriptions.
"""

import argparse
import sys
from pathlib import Path

import yaml
from contract_export.services import System, load_system

from patchbay_kit.runtime import ServiceDefinition

ROOT = Path(__file__).resolve().parent.parent
K8S = Path("deploy/k8s")
PORT = 8080
# Takes what no service claims by prefix: the documents about the whole system, and the 404s.
DEFAULT = "ticket-svc"
DOCUMENTS = ("/asyncapi.json", "/healthz", "/openapi.json", "/schemas")
# For the monitoring inside, never for the public.
PRIVATE = "/metrics"
# What the first release of the Gateway API took; later ones take 64.
MATCHES_PER_RULE = 8
# One more worker for so many messages that wait.
MESSAGES_PER_WORKER = 500
HEADER = "# Written by tools/export_routes.py from the services' definitions. Do not edit.\n"


def public_paths(service: ServiceDefinition) -> list[str]:
    """The path prefixes that a service answers, as whole path segments."""
    own = (f"/v1/dead-letters/{service.name}", f"/openapi.{service.name}.json")
    return sorted({*service.prefixes, *own, *(DOCUMENTS if service.name == DEFAULT else ())})


def nginx(system: System, *, resolver: str | None) -> str:
    """A whole nginx.conf. With `resolver` names are looked up again and again (compose), without
    it once at start (Services of Kubernetes keep their address)."""
    target = f"{{}}:{PORT}" if resolver else "{}"
    routes = [(path, each.name) for each in system.services for path in public_paths(each)]
    # The first match wins, and the longest prefix shall.
    routes.sort(key=lambda route: (-len(route[0]), route))
    lines = [
        f"    ~^{path.replace('.', '[.]')}(/|$) {target.format(name)};" for path, name in routes
    ]
    upstreams = [
        f"  upstream {service.name} {{ server {service.name}:{PORT}; keepalive 16; }}"
        for service in system.services
    ]
    found = [f"  resolver {resolver} valid=5s ipv6=off;"] if resolver else upstreams
    return HEADER + _NGINX.format(
        lookup="\n".join(found), default=target.format(DEFAULT), routes="\n".join(lines)
    )


_NGINX = """\
worker_processes auto;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
events {{ worker_connections 1024; }}

http {{
  access_log off;
  server_tokens off;
  default_type application/octet-stream;
  client_body_temp_path /tmp/client;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  map_hash_bucket_size 128;
{lookup}

  map $uri $backend {{
    default {default};
{routes}
  }}

  server {{
    listen 8080;
    # A little over what the services take, so that they say what is wrong with it.
    client_max_body_size 26m;
    location = /metrics {{ return 404; }}
    location / {{
      proxy_pass http://$backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      # Never send a request twice: only the service knows whether it had an effect.
      proxy_next_upstream off;
      # Server-sent events pass as they come.
      proxy_buffering off;
      proxy_connect_timeout 5s;
      proxy_read_timeout 90s;
    }}
  }}
}}
"""


def http_route(system: System) -> str:
    """Gateway API. A rule without backends answers 404."""
    rules: list[dict[str, object]] = [
        {"matches": [{"path": {"type": "PathPrefix", "value": PRIVATE}}]}
    ]
    for service in system.services:
        paths = [*public_paths(service), *(["/"] if service.name == DEFAULT else [])]
        matches = [{"path": {"type": "PathPrefix", "value": path}} for path in paths]
        rules += [
            {
                "matches": matches[start : start + MATCHES_PER_RULE],
                "backendRefs": [{"name": service.name, "port": PORT}],
            }
            for start in range(0, len(matches), MATCHES_PER_RULE)
        ]
    return _yaml(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "patchbay"},
            "spec": {
                "parentRefs": [{"name": "patchbay"}],
                "hostnames": ["patchbay.example.com"],
                "rules": rules,
            },
        }
    )


def ingress(system: System) -> str:
    """A plain Ingress. It has no way to refuse a path, so it names every one that is public."""
    paths = [
        {
            "path": path,
            "pathType": "Prefix",
            "backend": {"service": {"name": service.name, "port": {"name": "http"}}},
        }
        for service in system.services
        for path in public_paths(service)
    ]
    return _yaml(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "patchbay"},
            "spec": {
                "tls": [{"hosts": ["patchbay.example.com"], "secretName": "patchbay-tls"}],
                "rules": [{"host": "patchbay.example.com", "http": {"paths": paths}}],
            },
        }
    )


def scaled_objects(system: System) -> str:
    """One KEDA ScaledObject for each worker that consumes, with a trigger for each queue."""
    documents = [
        _scaled_object(service.name, [q.name for q in system.queues if q.service == service.name])
        for service in system.services
        if any(queue.service == service.name for queue in system.queues)
    ]
    return HEADER + "---\n".join(yaml.safe_dump(each, sort_keys=False) for each in documents)


def _scaled_object(service: str, queues: list[str]) -> dict[str, object]:
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": f"{service}-worker"},
        "spec": {
            "scaleTargetRef": {"name": f"{service}-worker"},
            "minReplicaCount": 2,
            "maxReplicaCount": 8,
            "pollingInterval": 15,
            # Without numbers neither grow nor shrink below what a day needs.
            "fallback": {"failureThreshold": 4, "replicas": 2},
            "triggers": [
                {
                    "type": "rabbitmq",
                    "metadata": {
                        "protocol": "http",
                        "mode": "QueueLength",
                        "queueName": queue,
                        "vhostName": "patchbay",
                        "value": str(MESSAGES_PER_WORKER),
                    },
                    "authenticationRef": {"name": "patchbay-broker"},
                }
                for queue in queues
            ],
        },
    }


def _yaml(document: dict[str, object]) -> str:
    return HEADER + yaml.safe_dump(document, sort_keys=False)


def files() -> dict[Path, str]:
    """Every generated file, by its path under the root."""
    system = load_system()
    return {
        Path("deploy/compose/nginx.conf"): nginx(system, resolver="127.0.0.11"),
        K8S / "overlays/dev/front/nginx.conf": nginx(system, resolver=None),
        K8S / "components/gateway/httproute.yaml": http_route(system),
        K8S / "components/ingress/ingress.yaml": ingress(system),
        K8S / "components/keda/scaledobjects.yaml": scaled_objects(system),
    }


def main() -> int:
    """Write or check; the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 and name the stale files")
    arguments = parser.parse_args()
    stale = {
        path: text
        for path, text in files().items()
        if not (ROOT / path).exists() or (ROOT / path).read_text("utf-8") != text
    }
    for path, text in stale.items():
        if arguments.check:
            print(f"stale: {path}; run tools/export_routes.py", file=sys.stderr)
            continue
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")
        print(f"wrote {path}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
