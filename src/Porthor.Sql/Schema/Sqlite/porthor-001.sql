-- The tables of the reference's PostgreSQL schema and Porthor's own tables, with the types of SQLite: enumerations are texts, times
-- are microseconds since 1970, addresses are bytes (docs/decisions/0003-sqlite-columns.md). Each index adds a page to every change,
-- so there is no index whose columns are the first columns of another index.
CREATE TABLE token (
    token text PRIMARY KEY NOT NULL,
    username text NOT NULL,
    token_type text NOT NULL CHECK (token_type IN ('session', 'user', 'notebook', 'internal', 'service', 'oidc')),
    token_name text,
    scopes text NOT NULL,
    service text,
    created integer NOT NULL,
    last_used integer,
    expires integer,
    CONSTRAINT token_username_token_name_key UNIQUE (username, token_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE subtoken (
    child text PRIMARY KEY NOT NULL REFERENCES token (token) ON DELETE CASCADE,
    parent text REFERENCES token (token) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX subtoken_by_parent ON subtoken (parent);

CREATE TABLE token_change_history (
    id integer PRIMARY KEY,
    token text NOT NULL,
    username text NOT NULL,
    token_type text NOT NULL CHECK (token_type IN ('session', 'user', 'notebook', 'internal', 'service', 'oidc')),
    token_name text,
    parent text,
    scopes text NOT NULL,
    service text,
    expires integer,
    actor text,
    action text NOT NULL CHECK (action IN ('create', 'revoke', 'expire', 'edit')),
    old_token_name text,
    old_scopes text,
    old_expires integer,
    ip_address blob,
    event_time integer NOT NULL
) STRICT;

CREATE INDEX token_change_history_by_time ON token_change_history (event_time, id);
CREATE INDEX token_change_history_by_token ON token_change_history (token, event_time, id);
CREATE INDEX token_change_history_by_username ON token_change_history (username, event_time, id);
CREATE INDEX porthor_history_by_actor ON token_change_history (actor, event_time, id);
CREATE INDEX porthor_history_by_address ON token_change_history (ip_address, event_time, id);
CREATE INDEX porthor_history_by_parent ON token_change_history (parent, event_time, id) WHERE parent IS NOT NULL;

CREATE TABLE token_auth_history (
    id integer PRIMARY KEY,
    token text NOT NULL,
    username text NOT NULL,
    token_type text NOT NULL CHECK (token_type IN ('session', 'user', 'notebook', 'internal', 'service', 'oidc')),
    token_name text,
    parent text,
    scopes text,
    service text,
    ip_address blob,
    event_time integer NOT NULL
) STRICT;

CREATE INDEX token_auth_history_by_time ON token_auth_history (event_time, id);
CREATE INDEX token_auth_history_by_token ON token_auth_history (token, event_time, id);
CREATE INDEX token_auth_history_by_username ON token_auth_history (username, event_time, id);

CREATE TABLE oidc_client (
    client_id text PRIMARY KEY NOT NULL,
    client_secret_hash blob NOT NULL,
    return_uri text NOT NULL,
    description text NOT NULL,
    notes text,
    created integer NOT NULL,
    last_modified integer NOT NULL,
    last_modified_by text NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE porthor_setting (
    name text PRIMARY KEY NOT NULL,
    value text NOT NULL
) STRICT, WITHOUT ROWID;

-- The records, encrypted as in Redis.
CREATE TABLE porthor_record (
    token text PRIMARY KEY NOT NULL,
    record blob NOT NULL,
    expires integer
) STRICT, WITHOUT ROWID;

CREATE TABLE porthor_revocation (
    token text PRIMARY KEY NOT NULL,
    until integer NOT NULL
) STRICT, WITHOUT ROWID;
