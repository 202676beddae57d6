-- No change: only PostgreSQL has a table of request counters. With SQLite there is one process, which counts in memory.
SELECT 1;
