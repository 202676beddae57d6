CREATE INDEX CONCURRENTLY IF NOT EXISTS porthor_history_by_actor ON token_change_history (actor, event_time, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS porthor_history_by_address ON token_change_history (ip_address, event_time, id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS porthor_history_by_parent ON token_change_history (parent, event_time, id);
