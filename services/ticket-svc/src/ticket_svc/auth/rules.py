"""How long tokens and the keys that sign them live."""

from datetime import timedelta

ROTATE_EVERY = timedelta(days=90)
# Longer than verifiers keep a key set (five minutes) and replicas keep theirs.
PUBLISHED_BEFORE = timedelta(minutes=10)
# Signing in again is asked for after this long, however often a token was refreshed.
SESSION = timedelta(hours=12)
# Longer than any token lives, with the leeway that verifiers grant.
KEPT_AFTER = SESSION + timedelta(hours=1)
