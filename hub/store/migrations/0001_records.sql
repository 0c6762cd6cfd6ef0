-- Records of the galleries, what they were, who may touch them, and what happened.
-- gallery_id leads every key of gallery data; no transaction touches two galleries.

-- One row per gallery: whoever changes data of a gallery locks it first, so `seq` and `changed_at` come in the order of
-- commits and a reader by cursor never skips a late commit. `changed_at` never goes back, even when the clock does.
CREATE TABLE gallery_feed (
    gallery_id text CONSTRAINT gallery_feed_pkey PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 20); -- updated in place by every change of the gallery

-- Records of all types. `body` is the record with its defaults filled in, `hash` is of its content (numbers as numbers,
-- without source_updated_at); the columns from `kind` on repeat what queries look for.
CREATE TABLE record (
    gallery_id text NOT NULL,
    type text NOT NULL CONSTRAINT record_type CHECK (type IN ('gallery', 'tax_code', 'contact', 'invoice', 'payment')),
    id text NOT NULL,
    version integer NOT NULL CONSTRAINT record_version CHECK (version > 0),
    seq bigint NOT NULL,
    body jsonb NOT NULL,
    hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    source_updated_at timestamptz,
    source_changed_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(source_updated_at, updated_at)) STORED,
    origin jsonb, -- {kind, remote_id, webservice_id} of what came from a webservice
    tax_versions jsonb, -- of invoices: tax code -> its version when the invoice was first stored
    void jsonb, -- {on, reason} of an invoice voided by the void call
    kind text,
    status text,
    number text, -- of invoices only
    contact_id text,
    invoice_id text,
    dated_on date,
    amount numeric,
    currency text,
    search text NOT NULL DEFAULT '',
    CONSTRAINT record_pkey PRIMARY KEY (gallery_id, id, type)
);

-- No two of these start with the same two columns: before the first ANALYZE the planner would mix them up.
CREATE UNIQUE INDEX record_seq ON record (gallery_id, seq, type);
CREATE UNIQUE INDEX record_number ON record (gallery_id, number, kind) WHERE number IS NOT NULL;
CREATE UNIQUE INDEX record_origin ON record (gallery_id, (origin ->> 'remote_id'), (origin ->> 'kind'), type)
    WHERE origin IS NOT NULL;
CREATE INDEX record_contact ON record (gallery_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX record_invoice ON record (gallery_id, invoice_id) WHERE invoice_id IS NOT NULL;

-- Every version a tax code ever had; `since` is the updated_at of that version.
CREATE TABLE tax_code_version (
    gallery_id text NOT NULL,
    id text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT tax_code_version_pkey PRIMARY KEY (gallery_id, id, version)
);

-- What galleries learn from the hub, by the same cursor as records.
CREATE TABLE event (
    gallery_id text NOT NULL,
    seq bigint NOT NULL,
    id text NOT NULL, -- evt_<seq>_<chance>: unique everywhere, and a cursor
    type text NOT NULL,
    at timestamptz NOT NULL,
    data jsonb NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (gallery_id, seq)
);

-- Only hashes of keys are stored. gallery_id is null for an operator, who may touch every gallery.
CREATE TABLE api_key (
    id text CONSTRAINT api_key_pkey PRIMARY KEY,
    hash bytea NOT NULL CONSTRAINT api_key_hash UNIQUE,
    role text NOT NULL CONSTRAINT api_key_role CHECK (role IN ('operator', 'gallery-admin', 'gallery-reader')),
    gallery_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CONSTRAINT api_key_scope CHECK ((role = 'operator') = (gallery_id IS NULL))
);

CREATE INDEX api_key_gallery ON api_key (gallery_id);
