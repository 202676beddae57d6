-- Changes all character columns to text. The keys of subtoken have the same collation as those of token.
ALTER TABLE admin ALTER COLUMN username TYPE text;
ALTER TABLE admin_history ALTER COLUMN username TYPE text, ALTER COLUMN actor TYPE text;
ALTER TABLE oidc_client
    ALTER COLUMN client_id TYPE text,
    ALTER COLUMN return_uri TYPE text,
    ALTER COLUMN description TYPE text,
    ALTER COLUMN notes TYPE text,
    ALTER COLUMN last_modified_by TYPE text;
ALTER TABLE subtoken ALTER COLUMN child TYPE text COLLATE "C", ALTER COLUMN parent TYPE text COLLATE "C";
ALTER TABLE token
    ALTER COLUMN token TYPE text COLLATE "C",
    ALTER COLUMN username TYPE text,
    ALTER COLUMN token_name TYPE text,
    ALTER COLUMN scopes TYPE text,
    ALTER COLUMN service TYPE text;
ALTER TABLE token_auth_history
    ALTER COLUMN token TYPE text,
    ALTER COLUMN username TYPE text,
    ALTER COLUMN token_name TYPE text,
    ALTER COLUMN parent TYPE text,
    ALTER COLUMN scopes TYPE text,
    ALTER COLUMN service TYPE text;
ALTER TABLE token_change_history
    ALTER COLUMN token TYPE text,
    ALTER COLUMN username TYPE text,
    ALTER COLUMN token_name TYPE text,
    ALTER COLUMN parent TYPE text,
    ALTER COLUMN scopes TYPE text,
    ALTER COLUMN service TYPE text,
    ALTER COLUMN actor TYPE text,
    ALTER COLUMN old_token_name TYPE text,
    ALTER COLUMN old_scopes TYPE text;
