-- Stores OpenID Connect clients in the database.
CREATE TABLE oidc_client (
    client_id varchar NOT NULL,
    client_secret_hash bytea NOT NULL,
    return_uri varchar NOT NULL,
    description varchar NOT NULL,
    notes varchar,
    created timestamp without time zone NOT NULL,
    last_modified timestamp without time zone NOT NULL,
    last_modified_by varchar NOT NULL,
    CONSTRAINT oidc_client_pkey PRIMARY KEY (client_id)
);

CREATE INDEX oidc_client_by_client_id ON oidc_client (client_id);
