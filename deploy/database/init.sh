#!/bin/sh
# Make a role and a database of its own for each service, and let nobody else connect to it.
# Runs once, in an empty PostgreSQL data folder; passwords come from <SERVICE>_DATABASE_PASSWORD.
set -eu

for name in ticket_svc link_svc rmm_gateway email_gateway notifier; do
  variable=$(echo "$name" | tr '[:lower:]' '[:upper:]')_DATABASE_PASSWORD
  # psql reads the password from the environment: as an argument every process could see it.
  eval ": \"\${$variable:?is not set}\""
  psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 -v name="$name" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
\\getenv password $variable
CREATE ROLE :"name" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
done
psql --no-psqlrc --quiet -v ON_ERROR_STOP=1 \
  --username "${POSTGRES_USER:-postgres}" --dbname postgres \
  -c 'REVOKE CONNECT ON DATABASE postgres FROM PUBLIC'
