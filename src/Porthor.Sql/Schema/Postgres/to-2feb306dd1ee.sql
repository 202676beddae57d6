-- Adds the token type of OpenID Connect.
ALTER TYPE tokentype ADD VALUE IF NOT EXISTS 'oidc';
