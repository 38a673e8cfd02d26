#!/bin/sh
# Start RabbitMQ with a user for each service, and one for its console and for scaling.
# Users come from <SERVICE>_BROKER_PASSWORD at every start, so a changed password applies then.
set -eu
umask 077

# Every process declares the whole topology, so all services need the same rights: our own
# exchanges and queues, and the default exchange, through which delays return to a queue.
ours='^(patchbay\\..*|(ticket-svc|link-svc|rmm-gateway|email-gateway|notifier)\\..*|amq\\.default)$'
definitions=${DEFINITIONS_FILE:-/tmp/definitions.json}

json() { # a string, quoted
  printf '"%s"' "$(printf %s "$1" | sed 's/[\\"]/\\&/g')"
}
user() { # name, password, tags
  printf '{"name": "%s", "password": %s, "tags": "%s"}' "$1" "$(json "$2")" "$3"
}
permission() { # user, configure, write, read
  printf '{"user": "%s", "vhost": "patchbay", ' "$1"
  printf '"configure": "%s", "write": "%s", "read": "%s"}' "$2" "$3" "$4"
}

{
  printf '{"vhosts": [{"name": "patchbay"}],\n "users": ['
  user admin "${BROKER_ADMIN_PASSWORD:?is not set}" administrator
  for name in ticket_svc link_svc rmm_gateway email_gateway notifier; do
    variable=$(echo "$name" | tr '[:lower:]' '[:upper:]')_BROKER_PASSWORD
    eval "password=\${$variable:?is not set}"
    printf ',\n  '
    user "$name" "$password" ""
  done
  printf '],\n "permissions": ['
  permission admin '.*' '.*' '.*'
  for name in ticket_svc link_svc rmm_gateway email_gateway notifier; do
    printf ',\n  '
    permission "$name" "$ours" "$ours" "$ours"
  done
  printf ']}\n'
} >"$definitions"

exec docker-entrypoint.sh rabbitmq-server "$@"
