-- Porthor's own tables. They have no foreign keys to the tables of the reference, because its delete-all-data empties those.

-- Persistent settings of the deployment.
CREATE TABLE porthor_setting (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- The record store of the database mode: the records, encrypted as in Redis.
CREATE TABLE porthor_record (
    token text COLLATE "C" PRIMARY KEY,
    record bytea NOT NULL,
    expires timestamp without time zone
);

-- Recently revoked keys, for a record store that may have lost their deletion.
CREATE TABLE porthor_revocation (
    token text COLLATE "C" PRIMARY KEY,
    until timestamp without time zone NOT NULL
);
