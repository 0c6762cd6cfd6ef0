-- Browsers that the gallery system, or the operator, signed in. Only hashes of links and cookies are stored.

-- A link that signs one browser in, once. gallery_id is null for an operator, who may see every gallery.
CREATE TABLE login_link (
    hash       bytea CONSTRAINT login_link_pkey PRIMARY KEY,
    gallery_id text,
    role       text NOT NULL CONSTRAINT login_link_role CHECK (role IN ('reader', 'bookkeeper', 'owner', 'operator')),
    user_name  text NOT NULL,
    user_email text NOT NULL,
    return_url text,
    theme      text,
    ends_at    timestamptz NOT NULL,
    used_at    timestamptz,
    CONSTRAINT login_link_gallery CHECK ((role = 'operator') = (gallery_id IS NULL))
);
CREATE INDEX login_link_ends ON login_link (ends_at);

-- A signed-in browser. It ends at ends_at, or when it was not used for a while.
CREATE TABLE session (
    hash       bytea CONSTRAINT session_pkey PRIMARY KEY,
    gallery_id text,
    role       text NOT NULL CONSTRAINT session_role CHECK (role IN ('reader', 'bookkeeper', 'owner', 'operator')),
    user_name  text NOT NULL,
    user_email text NOT NULL,
    return_url text,
    theme      text,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ends_at    timestamptz NOT NULL,
    flashes    jsonb NOT NULL DEFAULT '[]', -- sentences for the next page, shown once
    CONSTRAINT session_gallery CHECK ((role = 'operator') = (gallery_id IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX session_ends ON session (ends_at);
