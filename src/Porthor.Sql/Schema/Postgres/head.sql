-- The schema of the reference at revision 613640641b2f, exactly (contract/storage.md 2). It must not be changed, because the
-- reference must be able to use the database again. Existing tables are not changed.
DO $$ BEGIN
    CREATE TYPE tokentype AS ENUM ('session', 'user', 'notebook', 'internal', 'service', 'oidc');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$ BEGIN
    CREATE TYPE tokenchange AS ENUM ('create', 'revoke', 'expire', 'edit');
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

CREATE TABLE IF NOT EXISTS token (
    token text COLLATE "C" NOT NULL,
    username text NOT NULL,
    token_type tokentype NOT NULL,
    token_name text,
    scopes text NOT NULL,
    service text,
    created timestamp without time zone NOT NULL,
    last_used timestamp without time zone,
    expires timestamp without time zone,
    CONSTRAINT token_pkey PRIMARY KEY (token),
    CONSTRAINT token_username_token_name_key UNIQUE (username, token_name)
);

CREATE INDEX IF NOT EXISTS token_by_username ON token (username, token_type);

CREATE TABLE IF NOT EXISTS subtoken (
    child text COLLATE "C" NOT NULL,
    parent text COLLATE "C",
    CONSTRAINT subtoken_pkey PRIMARY KEY (child),
    CONSTRAINT subtoken_child_fkey FOREIGN KEY (child) REFERENCES token (token) ON DELETE CASCADE,
    CONSTRAINT subtoken_parent_fkey FOREIGN KEY (parent) REFERENCES token (token) ON DELETE SET NULL
);

CREATE INDEX IF NOT EXISTS subtoken_by_parent ON subtoken (parent);

CREATE TABLE IF NOT EXISTS token_change_history (
    id serial NOT NULL,
    token text NOT NULL,
    username text NOT NULL,
    token_type tokentype NOT NULL,
    token_name text,
    parent text,
    scopes text NOT NULL,
    service text,
    expires timestamp without time zone,
    actor text,
    action tokenchange NOT NULL,
    old_token_name text,
    old_scopes text,
    old_expires timestamp without time zone,
    ip_address inet,
    event_time timestamp without time zone NOT NULL,
    CONSTRAINT token_change_history_pkey PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS token_change_history_by_time ON token_change_history (event_time, id);
CREATE INDEX IF NOT EXISTS token_change_history_by_token ON token_change_history (token, event_time, id);
CREATE INDEX IF NOT EXISTS token_change_history_by_username ON token_change_history (username, event_time, id);

CREATE TABLE IF NOT EXISTS token_auth_history (
    id serial NOT NULL,
    token text NOT NULL,
    username text NOT NULL,
    token_type tokentype NOT NULL,
    token_name text,
    parent text,
    scopes text,
    service text,
    ip_address inet,
    event_time timestamp without time zone NOT NULL,
    CONSTRAINT token_auth_history_pkey PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS token_auth_history_by_time ON token_auth_history (event_time, id);
CREATE INDEX IF NOT EXISTS token_auth_history_by_token ON token_auth_history (token, event_time, id);
CREATE INDEX IF NOT EXISTS token_auth_history_by_username ON token_auth_history (username, event_time, id);

CREATE TABLE IF NOT EXISTS oidc_client (
    client_id text NOT NULL,
    client_secret_hash bytea NOT NULL,
    return_uri text NOT NULL,
    description text NOT NULL,
    notes text,
    created timestamp without time zone NOT NULL,
    last_modified timestamp without time zone NOT NULL,
    last_modified_by text NOT NULL,
    CONSTRAINT oidc_client_pkey PRIMARY KEY (client_id)
);

CREATE INDEX IF NOT EXISTS oidc_client_by_client_id ON oidc_client (client_id);

CREATE TABLE IF NOT EXISTS alembic_version (
    version_num varchar(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

DELETE FROM alembic_version;
INSERT INTO alembic_version (version_num) VALUES ('613640641b2f');
