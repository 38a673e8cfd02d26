"""The trigger that copies what the outbox tells about tickets to the live feed (ADR 0016).

One statement a batch on PostgreSQL. A message that is sent again to one queue tells nothing new.
"""

# ruff: noqa: S608  # all of it is constants

_MEMBERS = ("changed", "public", "kind", "previous_manager_id")

POSTGRES = (
    f"""CREATE FUNCTION live_change_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO live_change (xid, type, ticket_id, version, data, recorded_at)
    SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint), told.type,
        CAST(told.aggregateid AS uuid), CAST(told.body->>'aggregateversion' AS integer),
        jsonb_strip_nulls(jsonb_build_object(
            {", ".join(f"'{name}', told.body->'data'->'{name}'" for name in _MEMBERS)})),
        told.created_at
    FROM (SELECT type, aggregateid, created_at, CAST(payload AS jsonb) AS body FROM added
          WHERE type LIKE 'ticket.%' AND queue IS NULL) AS told;
    RETURN NULL;
END $$""",
    """CREATE TRIGGER live_change_added AFTER INSERT ON outbox
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION live_change_added()""",
)
SQLITE = (
    f"""CREATE TRIGGER live_change_added AFTER INSERT ON outbox
WHEN NEW.type LIKE 'ticket.%' AND NEW.queue IS NULL
BEGIN
    INSERT INTO live_change (xid, type, ticket_id, version, data, recorded_at)
    SELECT 0, NEW.type, NEW.aggregateid, json_extract(NEW.payload, '$.aggregateversion'),
        (SELECT json_group_object(key, json(CASE type WHEN 'true' THEN 'true'
            WHEN 'false' THEN 'false' WHEN 'text' THEN json_quote(value) ELSE value END))
         FROM json_each(NEW.payload, '$.data')
         WHERE key IN ({", ".join(f"'{name}'" for name in _MEMBERS)}) AND type <> 'null'),
        NEW.created_at;
END""",
)
