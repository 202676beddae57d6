-- Counters of requests per minute that all nodes share. They are not written to the WAL: after a crash all counters start again.
CREATE UNLOGGED TABLE porthor_counter (
    username text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL,
    quota bigint NOT NULL,
    requests bigint NOT NULL,
    ends timestamp with time zone NOT NULL,
    PRIMARY KEY (username, service, quota)
) WITH (fillfactor = 50);
CREATE INDEX porthor_counter_by_end ON porthor_counter (ends);
