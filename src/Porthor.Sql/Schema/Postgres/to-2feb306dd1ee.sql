-- OpenID Connect tokens.
ALTER TYPE tokentype ADD VALUE IF NOT EXISTS 'oidc';
