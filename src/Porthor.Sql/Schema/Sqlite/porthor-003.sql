-- Short-lived values that can be used once, such as completed logins.
CREATE TABLE porthor_once (
    name text PRIMARY KEY NOT NULL,
    value blob NOT NULL,
    expires integer NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX porthor_once_by_expires ON porthor_once (expires);
