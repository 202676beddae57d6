-- Removes the table of administrators. Administrators are identified only by their scopes.
DROP INDEX admin_history_by_time;
DROP TABLE admin_history;
DROP TABLE admin;
DROP TYPE IF EXISTS adminchange;
