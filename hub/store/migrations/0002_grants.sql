-- Grants (OAuth tokens of remote users, sealed), consents under way, the keys that sealed them, and call limits.

-- Every key that ever sealed something in this database: the hub refuses to start without one of them.
CREATE TABLE secret_key (
    id            text PRIMARY KEY,
    first_used_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- "grant" is a word of SQL. One row for each remote user of a kind: all webservices of the gallery that this user
-- authorised share it, so a refresh never leaves one of them behind with dead tokens.
CREATE TABLE grant_ (
    gallery_id      text NOT NULL,
    id              text NOT NULL,
    kind            text NOT NULL,
    remote_user     text NOT NULL,
    consent_id      text NOT NULL,
    access_token    text NOT NULL,           -- sealed, bound to this row and version
    refresh_token   text,                    -- sealed; NULL when none was issued
    previous_token  text,                    -- sealed: the refresh token before this one
    previous_until  timestamptz,             -- when it is of no more use
    version         bigint NOT NULL DEFAULT 1,
    state           text NOT NULL DEFAULT 'ok',
    expires_at      timestamptz NOT NULL,    -- of the access token
    refresh_owner   text,                    -- who exchanges at this moment ...
    refresh_until   timestamptz,             -- ... and until when at most
    failures        integer NOT NULL DEFAULT 0,
    retry_at        timestamptz,             -- no exchange before it, after a failure that may pass
    refreshed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (gallery_id, id),
    CONSTRAINT grant_user UNIQUE (gallery_id, kind, remote_user),
    CONSTRAINT grant_state CHECK (state IN ('ok', 'reauthorize')),
    CONSTRAINT grant_claim CHECK ((refresh_owner IS NULL) = (refresh_until IS NULL)),
    CONSTRAINT grant_previous CHECK ((previous_token IS NULL) = (previous_until IS NULL))
);
CREATE INDEX grant_idle ON grant_ (refreshed_at) WHERE state = 'ok';
CREATE INDEX grant_previous_until ON grant_ (previous_until) WHERE previous_until IS NOT NULL;

-- A one-use /connect/<one-time> link; only the hash is kept. Not gallery data: it is how a browser finds its gallery.
CREATE TABLE connect_link (
    hash          bytea PRIMARY KEY,
    gallery_id    text NOT NULL,
    webservice_id text NOT NULL,
    kind          text NOT NULL,
    expires_at    timestamptz NOT NULL,
    used_at       timestamptz
);
CREATE INDEX connect_link_expires ON connect_link (expires_at);

-- A consent under way: between the redirect to the remote side and the answer that comes back.
CREATE TABLE oauth_state (
    hash          bytea PRIMARY KEY,
    gallery_id    text NOT NULL,
    webservice_id text NOT NULL,
    kind          text NOT NULL,
    cookie_hash   bytea NOT NULL,            -- binds it to the browser that began
    verifier      text NOT NULL,             -- sealed: the PKCE verifier
    redirect_uri  text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at       timestamptz
);
CREATE INDEX oauth_state_created ON oauth_state (created_at);

-- Calls in flight, in the last minute and in the last day; organisation '' is the whole app of a kind.
-- The text is JSON that hub/domain/limits.py reads and writes; every change locks the row.
CREATE TABLE call_limit (
    kind            text NOT NULL,
    organisation_id text NOT NULL,
    state           text NOT NULL DEFAULT '{}',
    PRIMARY KEY (kind, organisation_id)
) WITH (fillfactor = 50);
