namespace Porthor.Server.Tests.Commands;

/// <summary>The database of the oldest release, revision 5c28ed7092c2, with a row in every table (contract/storage.md 2.4).</summary>
internal static class OldSchema
{
    public const string Script = """
        CREATE TYPE adminchange AS ENUM ('add', 'remove');
        CREATE TYPE tokenchange AS ENUM ('create', 'revoke', 'expire', 'edit');
        CREATE TYPE tokentype AS ENUM ('session', 'user', 'notebook', 'internal', 'service');
        CREATE TABLE admin (username varchar(64) NOT NULL, PRIMARY KEY (username));
        CREATE TABLE admin_history (
            id serial NOT NULL, username varchar(64) NOT NULL, action adminchange NOT NULL, actor varchar(64) NOT NULL,
            ip_address inet NOT NULL, event_time timestamp without time zone NOT NULL, PRIMARY KEY (id));
        CREATE INDEX admin_history_by_time ON admin_history (event_time, id);
        CREATE TABLE token (
            token varchar(64) COLLATE "C" NOT NULL, username varchar(64) NOT NULL, token_type tokentype NOT NULL, token_name varchar(64),
            scopes varchar(512) NOT NULL, service varchar(64), created timestamp without time zone NOT NULL,
            last_used timestamp without time zone, expires timestamp without time zone, PRIMARY KEY (token), UNIQUE (username, token_name));
        CREATE INDEX token_by_username ON token (username, token_type);
        CREATE TABLE token_auth_history (
            id serial NOT NULL, token varchar(64) NOT NULL, username varchar(64) NOT NULL, token_type tokentype NOT NULL,
            token_name varchar(64), parent varchar(64), scopes varchar(512), service varchar(64), ip_address inet,
            event_time timestamp without time zone NOT NULL, PRIMARY KEY (id));
        CREATE INDEX token_auth_history_by_time ON token_auth_history (event_time, id);
        CREATE INDEX token_auth_history_by_token ON token_auth_history (token, event_time, id);
        CREATE INDEX token_auth_history_by_username ON token_auth_history (username, event_time, id);
        CREATE TABLE token_change_history (
            id serial NOT NULL, token varchar(64) NOT NULL, username varchar(64) NOT NULL, token_type tokentype NOT NULL,
            token_name varchar(64), parent varchar(64), scopes varchar(512) NOT NULL, service varchar(64),
            expires timestamp without time zone, actor varchar(64),
            action tokenchange NOT NULL, old_token_name varchar(64), old_scopes varchar(512), old_expires timestamp without time zone,
            ip_address inet, event_time timestamp without time zone NOT NULL, PRIMARY KEY (id));
        CREATE INDEX token_change_history_by_time ON token_change_history (event_time, id);
        CREATE INDEX token_change_history_by_token ON token_change_history (token, event_time, id);
        CREATE INDEX token_change_history_by_username ON token_change_history (username, event_time, id);
        CREATE TABLE subtoken (
            child varchar(64) NOT NULL REFERENCES token (token) ON DELETE CASCADE,
            parent varchar(64) REFERENCES token (token) ON DELETE SET NULL,
            PRIMARY KEY (child));
        CREATE INDEX subtoken_by_parent ON subtoken (parent);
        CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
        INSERT INTO alembic_version VALUES ('5c28ed7092c2');

        INSERT INTO admin VALUES ('boss');
        INSERT INTO admin_history (username, action, actor, ip_address, event_time)
            VALUES ('boss', 'add', 'boss', '192.0.2.1', '2024-01-01');
        INSERT INTO token VALUES
            ('aaaaaaaaaaaaaaaaaaaaaa', 'ann', 'user', 'laptop', 'read:all,user:token', NULL, '2024-01-02 03:04:05', NULL, NULL),
            ('bbbbbbbbbbbbbbbbbbbbbb', 'ann', 'internal', NULL, 'read:all', 'tap', '2024-01-02 03:04:05', NULL, '2100-01-01');
        INSERT INTO subtoken VALUES ('bbbbbbbbbbbbbbbbbbbbbb', 'aaaaaaaaaaaaaaaaaaaaaa');
        INSERT INTO token_change_history (token, username, token_type, token_name, scopes, actor, action, ip_address, event_time)
            VALUES ('aaaaaaaaaaaaaaaaaaaaaa', 'ann', 'user', 'laptop', 'read:all,user:token', 'ann', 'create',
                '2001:db8::1', '2024-01-02 03:04:05');
        """;
}
