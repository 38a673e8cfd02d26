"""Triggers that keep counts and search texts: no writer of tickets can forget them (ADR 0014).

Inserts cost one statement a batch on PostgreSQL. What people write is searchable at once; what
programs send, and batches, a moment later, for making words of a text takes longer than writing
the ticket. Changes fire only where one of the columns that matter is set and differs.
"""

# ruff: noqa: S608  # all of it is constants

NOBODY = "00000000-0000-0000-0000-000000000000"
# Kinds of history entries that a search looks into.
SEARCHED = "('note', 'email', 'remote_note')"
# What a loop makes words of.
_LATER = "(SELECT count(*) > 1 OR bool_or(channel IN ('rmm', 'email')) FROM added)"
# Signs inside of which PostgreSQL's parser would see one word: addresses, paths, numbers.
JOINING = "-_./\\@:+&=?#~%|*,;<>()[]"

POSTGRES = (
    # The search goes by how frequent its words are, which a hundred samples would not tell.
    "ALTER TABLE ticket_text ALTER document SET STATISTICS 500",
    # Longer texts are searched by their beginning only.
    f"""CREATE FUNCTION ticket_words(given text) RETURNS tsvector IMMUTABLE LANGUAGE sql AS
$$ SELECT to_tsvector('simple',
    translate(left(given, 10000), '{JOINING}', '{" " * len(JOINING)}')) $$""",
    """CREATE FUNCTION ticket_heading(wanted ticket) RETURNS tsvector STABLE LANGUAGE sql AS
$$ SELECT ticket_words(concat_ws(' ', wanted.number, wanted.subject,
    (SELECT name FROM account WHERE id = wanted.account_id),
    (SELECT name FROM asset WHERE id = wanted.asset_id))) $$""",
    """CREATE FUNCTION ticket_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_count_delta (status, manager_id, n)
    SELECT status, coalesce(manager_id, '{nobody}'), count(*) FROM added
    WHERE merged_into_id IS NULL GROUP BY 1, 2;
    IF {_LATER} THEN
        INSERT INTO ticket_text_stale (ticket_id) SELECT id FROM added;
    ELSE
        INSERT INTO ticket_text (ticket_id, entry_id, public, document)
        SELECT t.id, NULL, true, setweight(ticket_words(concat_ws(' ', t.number, t.subject, a.name,
            s.name)), 'A') || ticket_words(t.description)
        FROM added t JOIN account a ON a.id = t.account_id LEFT JOIN asset s ON s.id = t.asset_id;
    END IF;
    RETURN NULL;
END $$""".replace("{nobody}", NOBODY).replace("{_LATER}", _LATER),
    """CREATE TRIGGER ticket_added AFTER INSERT ON ticket
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ticket_added()""",
    """CREATE FUNCTION ticket_recounted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.merged_into_id IS NULL THEN
        INSERT INTO ticket_count_delta (status, manager_id, n)
        VALUES (OLD.status, coalesce(OLD.manager_id, '{nobody}'), -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.merged_into_id IS NULL THEN
        INSERT INTO ticket_count_delta (status, manager_id, n)
        VALUES (NEW.status, coalesce(NEW.manager_id, '{nobody}'), 1);
    END IF;
    RETURN NULL;
END $$""".replace("{nobody}", NOBODY),
    """CREATE TRIGGER ticket_recounted AFTER UPDATE OF status, manager_id, merged_into_id ON ticket
FOR EACH ROW WHEN ((OLD.status, OLD.manager_id, OLD.merged_into_id)
    IS DISTINCT FROM (NEW.status, NEW.manager_id, NEW.merged_into_id))
EXECUTE FUNCTION ticket_recounted()""",
    """CREATE TRIGGER ticket_gone AFTER DELETE ON ticket
FOR EACH ROW EXECUTE FUNCTION ticket_recounted()""",
    f"""CREATE FUNCTION ticket_text_renew(wanted uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM ticket_text WHERE ticket_id = wanted;
    INSERT INTO ticket_text (ticket_id, entry_id, public, document)
    SELECT t.id, NULL, true, setweight(ticket_heading(t), 'A') || ticket_words(t.description)
    FROM ticket t WHERE t.id = wanted
    UNION ALL
    SELECT t.id, h.id, h.public, setweight(ticket_heading(t), 'B') || ticket_words(h.text)
    FROM ticket t JOIN history_entry h ON h.ticket_id = t.id
    WHERE t.id = wanted AND h.kind IN {SEARCHED} AND h.text <> '' $$""",
    """CREATE FUNCTION ticket_reworded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ticket_text_renew(OLD.id);
    RETURN NULL;
END $$""",
    """CREATE TRIGGER ticket_reworded
AFTER UPDATE OF number, subject, description, account_id, asset_id ON ticket
FOR EACH ROW WHEN ((OLD.number, OLD.subject, OLD.description, OLD.account_id, OLD.asset_id)
    IS DISTINCT FROM (NEW.number, NEW.subject, NEW.description, NEW.account_id, NEW.asset_id))
EXECUTE FUNCTION ticket_reworded()""",
    """CREATE TRIGGER ticket_unworded AFTER DELETE ON ticket
FOR EACH ROW EXECUTE FUNCTION ticket_reworded()""",
    f"""CREATE FUNCTION history_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {_LATER} THEN
        INSERT INTO ticket_text_stale (ticket_id)
        SELECT DISTINCT ticket_id FROM added WHERE kind IN {SEARCHED} AND text <> '';
    ELSE
        INSERT INTO ticket_text (ticket_id, entry_id, public, document)
        SELECT h.ticket_id, h.id, h.public,
            setweight(ticket_heading(t), 'B') || ticket_words(h.text)
        FROM added h JOIN ticket t ON t.id = h.ticket_id
        WHERE h.kind IN {SEARCHED} AND h.text <> '';
    END IF;
    RETURN NULL;
END $$""",
    """CREATE TRIGGER history_added AFTER INSERT ON history_entry
REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION history_added()""",
    # A merge of tickets moves all entries at once: each ticket's texts are made anew once.
    """CREATE FUNCTION history_reworded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ticket_text_renew(touched.ticket_id)
    FROM (SELECT ticket_id FROM was UNION SELECT ticket_id FROM now) AS touched;
    RETURN NULL;
END $$""",
    """CREATE TRIGGER history_reworded AFTER UPDATE ON history_entry
REFERENCING OLD TABLE AS was NEW TABLE AS now
FOR EACH STATEMENT EXECUTE FUNCTION history_reworded()""",
    """CREATE FUNCTION history_unworded() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ticket_text_renew(OLD.ticket_id);
    RETURN NULL;
END $$""",
    """CREATE TRIGGER history_unworded AFTER DELETE ON history_entry
FOR EACH ROW EXECUTE FUNCTION history_unworded()""",
    *(
        f"""CREATE FUNCTION {table}_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ticket_text_stale (ticket_id) SELECT id FROM ticket WHERE {table}_id = NEW.id;
    RETURN NULL;
END $$"""
        for table in ("account", "asset")
    ),
    *(
        f"""CREATE TRIGGER {table}_renamed AFTER UPDATE OF name ON {table}
FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION {table}_renamed()"""
        for table in ("account", "asset")
    ),
)


def _heading(ticket: str) -> str:
    return (
        f"{ticket}.number || ' ' || {ticket}.subject"
        f" || ' ' || coalesce((SELECT name FROM account WHERE id = {ticket}.account_id), '')"
        f" || ' ' || coalesce((SELECT name FROM asset WHERE id = {ticket}.asset_id), '')"
    )


def _count(row: str, n: int) -> str:
    return (
        "INSERT INTO ticket_count_delta (status, manager_id, n) "
        f"SELECT {row}.status, coalesce({row}.manager_id, '{NOBODY}'), {n} "
        f"WHERE {row}.merged_into_id IS NULL;"
    )


def renew(ticket_id: str) -> str:
    return (
        f"DELETE FROM ticket_text WHERE ticket_id = {ticket_id};"
        "INSERT INTO ticket_text (ticket_id, entry_id, public, document) "
        f"SELECT t.id, NULL, 1, {_heading('t')} || ' ' || substr(t.description, 1, 10000) "
        f"FROM ticket t WHERE t.id = {ticket_id};"
        "INSERT INTO ticket_text (ticket_id, entry_id, public, document) "
        f"SELECT t.id, h.id, h.public, {_heading('t')} || ' ' || substr(h.text, 1, 10000) "
        "FROM ticket t JOIN history_entry h ON h.ticket_id = t.id "
        f"WHERE t.id = {ticket_id} AND h.kind IN {SEARCHED} AND h.text <> '';"
    )


def _differs(*names: str) -> str:
    return " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in names)


_COUNTED = ("status", "manager_id", "merged_into_id")
_WORDED = ("number", "subject", "description", "account_id", "asset_id")
_NOTED = ("ticket_id", "text", "public", "kind")

SQLITE = (
    # The rows of ticket_text hold the words; this is the index over them.
    """CREATE VIRTUAL TABLE ticket_fts USING fts5(document, content='ticket_text',
content_rowid='seq', tokenize='unicode61 remove_diacritics 0')""",
    """CREATE TRIGGER ticket_text_added AFTER INSERT ON ticket_text BEGIN
INSERT INTO ticket_fts (rowid, document) VALUES (NEW.seq, NEW.document); END""",
    """CREATE TRIGGER ticket_text_gone AFTER DELETE ON ticket_text BEGIN
INSERT INTO ticket_fts (ticket_fts, rowid, document) VALUES ('delete', OLD.seq, OLD.document);
END""",
    f"""CREATE TRIGGER ticket_added AFTER INSERT ON ticket BEGIN {_count("NEW", 1)}
INSERT INTO ticket_text (ticket_id, entry_id, public, document)
VALUES (NEW.id, NULL, 1, {_heading("NEW")} || ' ' || substr(NEW.description, 1, 10000)); END""",
    f"""CREATE TRIGGER ticket_recounted AFTER UPDATE OF {", ".join(_COUNTED)} ON ticket
WHEN {_differs(*_COUNTED)} BEGIN {_count("OLD", -1)} {_count("NEW", 1)} END""",
    f"""CREATE TRIGGER ticket_gone AFTER DELETE ON ticket BEGIN {_count("OLD", -1)}
DELETE FROM ticket_text WHERE ticket_id = OLD.id; END""",
    f"""CREATE TRIGGER ticket_reworded AFTER UPDATE OF {", ".join(_WORDED)} ON ticket
WHEN {_differs(*_WORDED)} BEGIN {renew("NEW.id")} END""",
    f"""CREATE TRIGGER history_added AFTER INSERT ON history_entry
WHEN NEW.kind IN {SEARCHED} AND NEW.text <> '' BEGIN
INSERT INTO ticket_text (ticket_id, entry_id, public, document)
SELECT t.id, NEW.id, NEW.public, {_heading("t")} || ' ' || substr(NEW.text, 1, 10000)
FROM ticket t WHERE t.id = NEW.ticket_id; END""",
    f"""CREATE TRIGGER history_reworded AFTER UPDATE OF {", ".join(_NOTED)} ON history_entry
WHEN {_differs(*_NOTED)} BEGIN
DELETE FROM ticket_text WHERE ticket_id = OLD.ticket_id AND entry_id = OLD.id;
INSERT INTO ticket_text (ticket_id, entry_id, public, document)
SELECT t.id, NEW.id, NEW.public, {_heading("t")} || ' ' || substr(NEW.text, 1, 10000)
FROM ticket t WHERE t.id = NEW.ticket_id AND NEW.kind IN {SEARCHED} AND NEW.text <> ''; END""",
    f"""CREATE TRIGGER history_unworded AFTER DELETE ON history_entry BEGIN
{renew("OLD.ticket_id")} END""",
    *(
        f"""CREATE TRIGGER {table}_renamed AFTER UPDATE OF name ON {table}
WHEN {_differs("name")} BEGIN
INSERT INTO ticket_text_stale (ticket_id) SELECT id FROM ticket WHERE {table}_id = NEW.id; END"""
        for table in ("account", "asset")
    ),
)

# For what is there already when the triggers are made.
BACKFILL_COUNTS = f"""INSERT INTO ticket_count (status, manager_id, n)
SELECT status, coalesce(manager_id, '{NOBODY}'), count(*) FROM ticket
WHERE merged_into_id IS NULL GROUP BY 1, 2"""
BACKFILL_TEXTS = "INSERT INTO ticket_text_stale (ticket_id) SELECT id FROM ticket"
