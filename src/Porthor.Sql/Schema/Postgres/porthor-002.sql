-- The IDs of users and groups, and the next ID of each range. Rows are never removed, because files may belong to an ID that was
-- assigned once.
CREATE TABLE porthor_id (
    kind text NOT NULL CHECK (kind IN ('user', 'group', 'counter')),
    name text COLLATE "C" NOT NULL,
    id bigint NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE UNIQUE INDEX porthor_id_by_id ON porthor_id (kind, id) WHERE kind <> 'counter';
INSERT INTO porthor_id (kind, name, id) VALUES ('counter', 'uid', 3000000), ('counter', 'bot-uid', 100000), ('counter', 'gid', 2000000);
