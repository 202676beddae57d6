-- What Porthor adds. No foreign keys to the reference's tables: its delete-all-data empties them.

-- What a deployment remembers about itself.
CREATE TABLE porthor_setting (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- The vault of database mode: the records, encrypted as in Redis.
CREATE TABLE porthor_record (
    token text COLLATE "C" PRIMARY KEY,
    record bytea NOT NULL,
    expires timestamp without time zone
);

-- The keys revoked lately, for a vault that may have lost their deletion.
CREATE TABLE porthor_revocation (
    token text COLLATE "C" PRIMARY KEY,
    until timestamp without time zone NOT NULL
);
