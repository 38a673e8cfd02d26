"""Tables of the state file."""

VERSION = "1"

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS site (id TEXT PRIMARY KEY, name TEXT NOT NULL, xml TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS device (
    id TEXT PRIMARY KEY, site_id TEXT, name TEXT NOT NULL, data TEXT NOT NULL, xml TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS snapshot (kind TEXT PRIMARY KEY, generated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS snapshot_row (
    kind TEXT NOT NULL, id TEXT NOT NULL, site_id TEXT, xml TEXT NOT NULL, PRIMARY KEY (kind, id)
);
CREATE INDEX IF NOT EXISTS snapshot_row_site ON snapshot_row (kind, site_id);

CREATE TABLE IF NOT EXISTS ticket (
    id TEXT PRIMARY KEY, number TEXT NOT NULL, origin TEXT NOT NULL, status TEXT NOT NULL,
    site_id TEXT, site_name TEXT, device_id TEXT, device_name TEXT, device TEXT,
    assignee_group TEXT NOT NULL, summary TEXT NOT NULL, description TEXT NOT NULL,
    external_ref TEXT, url TEXT NOT NULL, created_by TEXT NOT NULL, created_at TEXT NOT NULL,
    closed_by TEXT, closed_at TEXT
);
CREATE INDEX IF NOT EXISTS ticket_external_ref ON ticket (external_ref);
CREATE INDEX IF NOT EXISTS ticket_status ON ticket (status);
CREATE TABLE IF NOT EXISTS note (
    id INTEGER PRIMARY KEY, ticket_id TEXT NOT NULL, author TEXT NOT NULL, at TEXT NOT NULL,
    text TEXT NOT NULL, external_ref TEXT
);
CREATE INDEX IF NOT EXISTS note_ticket ON note (ticket_id);

CREATE TABLE IF NOT EXISTS effect (
    id INTEGER PRIMARY KEY, ticket_id TEXT NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
    at TEXT NOT NULL, external_ref TEXT
);
CREATE INDEX IF NOT EXISTS effect_ticket ON effect (ticket_id);
CREATE TABLE IF NOT EXISTS idempotency (
    key TEXT PRIMARY KEY, operation TEXT NOT NULL, ticket_id TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY, position INTEGER NOT NULL, payload TEXT NOT NULL, batch_id TEXT
);
CREATE INDEX IF NOT EXISTS delivery_ready ON delivery (position, id) WHERE batch_id IS NULL;
CREATE INDEX IF NOT EXISTS delivery_batch ON delivery (batch_id) WHERE batch_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS batch (
    id TEXT PRIMARY KEY, lease_until TEXT NOT NULL, state TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS batch_leased ON batch (lease_until) WHERE state = 'leased';

CREATE TABLE IF NOT EXISTS journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, query TEXT NOT NULL, status INTEGER NOT NULL, effect TEXT, code TEXT,
    ticket_id TEXT, fault TEXT, violation TEXT
);
CREATE INDEX IF NOT EXISTS journal_ticket ON journal (ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS journal_violation ON journal (seq) WHERE violation IS NOT NULL;

CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY AUTOINCREMENT, spec TEXT NOT NULL, skip INTEGER NOT NULL,
    remaining INTEGER NOT NULL
);
"""
