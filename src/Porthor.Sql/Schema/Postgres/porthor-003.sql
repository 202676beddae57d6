-- Short-lived values that can be used once, such as completed logins.
CREATE TABLE porthor_once (
    name text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL,
    expires timestamp without time zone NOT NULL
);
CREATE INDEX porthor_once_by_expires ON porthor_once (expires);
