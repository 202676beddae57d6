-- Administrators are known by their scopes alone.
DROP INDEX admin_history_by_time;
DROP TABLE admin_history;
DROP TABLE admin;
DROP TYPE IF EXISTS adminchange;
