-- Nothing: the counters of requests are a table of PostgreSQL alone. With SQLite there is one process, which counts in memory.
SELECT 1;
