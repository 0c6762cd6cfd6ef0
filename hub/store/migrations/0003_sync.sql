-- Webservices, their leases, and how every record stands in each of them.

-- Seconds of waiting, scaled by HUB_CLOCK_FACTOR (the connection says it as hub.clock_factor; 1 when unset).
CREATE FUNCTION waiting(seconds double precision) RETURNS interval
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN make_interval(secs => seconds * coalesce(nullif(current_setting('hub.clock_factor', true), '')::double precision, 1));

CREATE TABLE webservice (
    gallery_id       text NOT NULL,
    id               text NOT NULL,
    kind             text NOT NULL,
    name             text NOT NULL,
    state            text NOT NULL,
    settings         jsonb NOT NULL,
    mappings         jsonb NOT NULL DEFAULT '[]',
    exclusions       jsonb NOT NULL DEFAULT '[]',
    choices          jsonb,
    choices_at       timestamptz,
    organisation     jsonb,
    organisation_id  text,
    grant_id         text,
    consent_id       text,
    confirmed_at     timestamptz,            -- settings or mappings were saved after consent
    tag              text NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    connected_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    pull_cursor      text,
    contact_cursor   text,
    finished_at      timestamptz,            -- start of the last run that finished: the window counts from it
    due_at           timestamptz,            -- when a worker is to look; NULL costs nothing
    scheduled_at     timestamptz,            -- the next slot of the schedule
    changed_at       timestamptz,            -- the oldest change not yet looked at
    quiet_at         timestamptz,            -- when things will have gone quiet after it
    stopped_at       timestamptz,            -- set by pause: checked before each send
    PRIMARY KEY (gallery_id, id),
    CONSTRAINT webservice_state CHECK (state IN ('authorizing', 'choosing', 'ready', 'paused', 'reauthorize', 'disconnected'))
);
CREATE INDEX webservice_due ON webservice (due_at) WHERE due_at IS NOT NULL AND state = 'ready';
CREATE INDEX webservice_quiet ON webservice (quiet_at) WHERE quiet_at IS NOT NULL AND state = 'ready';
CREATE UNIQUE INDEX webservice_organisation ON webservice (kind, organisation_id)
    WHERE organisation_id IS NOT NULL AND state <> 'disconnected';

CREATE TABLE lease (
    gallery_id    text NOT NULL,
    webservice_id text NOT NULL,
    owner         text,
    epoch         bigint NOT NULL DEFAULT 0,
    until         timestamptz NOT NULL DEFAULT '-infinity',
    doing         text NOT NULL DEFAULT '',
    PRIMARY KEY (gallery_id, webservice_id)
);

CREATE TABLE run (
    gallery_id    text NOT NULL,
    id            text NOT NULL,
    webservice_id text NOT NULL,
    state         text NOT NULL,
    invoices      text[],                    -- NULL = a full run
    dry_run       boolean NOT NULL DEFAULT false,
    asked_by      text NOT NULL,             -- person, schedule, change
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at    timestamptz,
    finished_at   timestamptz,
    resume_at     timestamptz,
    counts        jsonb NOT NULL DEFAULT '{}',
    done          bigint NOT NULL DEFAULT 0,
    total         bigint NOT NULL DEFAULT 0,
    calls         bigint NOT NULL DEFAULT 0,
    bytes_up      bigint NOT NULL DEFAULT 0,
    bytes_down    bigint NOT NULL DEFAULT 0,
    seconds       double precision NOT NULL DEFAULT 0,
    error         text,
    writes        jsonb,
    PRIMARY KEY (gallery_id, id),
    CONSTRAINT run_state CHECK (state IN ('queued', 'running', 'waiting', 'done', 'paused', 'failed', 'cancelled'))
);
CREATE INDEX run_by_webservice ON run (gallery_id, webservice_id, created_at DESC);
-- A full run under way is joined, never doubled.
CREATE UNIQUE INDEX run_one_full ON run (gallery_id, webservice_id)
    WHERE invoices IS NULL AND NOT dry_run AND state IN ('queued', 'running', 'waiting');

CREATE TABLE entry (
    gallery_id    text NOT NULL,
    id            text NOT NULL,
    webservice_id text NOT NULL,
    type          text NOT NULL,
    record_id     text NOT NULL,
    invoice_id    text,                      -- of a payment
    sort_on       date,                      -- oldest first
    asked         bigint NOT NULL DEFAULT 1,
    judged        bigint NOT NULL DEFAULT 0,
    state         text,
    reason        text,
    message       text,
    remedy        text,
    problem_id    text,
    number        text,
    remote_id     text,
    remote        jsonb,
    sent          jsonb,
    frozen        boolean NOT NULL DEFAULT false,
    forced        boolean NOT NULL DEFAULT false,
    is_distinct   boolean NOT NULL DEFAULT false,
    attempts      integer NOT NULL DEFAULT 0,
    next_try_at   timestamptz,
    resolution    jsonb,
    looks         jsonb,
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (gallery_id, id),
    CONSTRAINT entry_record UNIQUE (gallery_id, webservice_id, type, record_id),
    CONSTRAINT entry_state CHECK (state IN ('left_out', 'sending', 'unknown', 'waiting', 'synced', 'held', 'conflict',
                                            'resolved', 'voided'))
);
CREATE INDEX entry_due ON entry (gallery_id, webservice_id, type, sort_on NULLS FIRST, record_id)
    WHERE asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown'));
CREATE UNIQUE INDEX entry_remote ON entry (gallery_id, webservice_id, type, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX entry_by_record ON entry (gallery_id, type, record_id);
CREATE INDEX entry_by_invoice ON entry (gallery_id, webservice_id, invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX entry_open ON entry (gallery_id, webservice_id, state, reason) WHERE state IN ('held', 'conflict', 'unknown', 'sending', 'waiting');
CREATE INDEX entry_problem ON entry (gallery_id, problem_id) WHERE problem_id IS NOT NULL;
CREATE INDEX entry_number ON entry (gallery_id, webservice_id, type, number) WHERE number IS NOT NULL;

CREATE TABLE entry_history (
    gallery_id text NOT NULL,
    entry_id   text NOT NULL,
    n          bigint GENERATED ALWAYS AS IDENTITY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    text       text NOT NULL,
    PRIMARY KEY (gallery_id, entry_id, n)
);

CREATE TABLE batch (
    gallery_id    text NOT NULL,
    id            text NOT NULL,
    webservice_id text NOT NULL,
    run_id        text,
    epoch         bigint NOT NULL,
    type          text NOT NULL,
    operation     text NOT NULL,
    request       jsonb NOT NULL,            -- method, path, query, headers
    body          bytea NOT NULL,
    key           text NOT NULL,
    state         text NOT NULL,
    tries         integer NOT NULL DEFAULT 1,
    answered      boolean NOT NULL DEFAULT false, -- some members are known: the rest is looked up, never sent again as a whole
    first_sent_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_sent_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at      timestamptz,
    PRIMARY KEY (gallery_id, id),
    CONSTRAINT batch_state CHECK (state IN ('sending', 'unknown', 'known'))
);
CREATE INDEX batch_open ON batch (gallery_id, webservice_id, first_sent_at) WHERE state <> 'known';
CREATE INDEX batch_ended ON batch (gallery_id, ended_at) WHERE state = 'known';

CREATE TABLE write (
    gallery_id text NOT NULL,
    batch_id   text NOT NULL,
    position   integer NOT NULL,
    entry_id   text NOT NULL,
    number     text NOT NULL,
    data       jsonb NOT NULL,               -- the Write, whole
    outcome    text,
    detail     text,
    refusal    jsonb,                        -- refused because its name is taken: looked up before it counts
    PRIMARY KEY (gallery_id, batch_id, position)
);
CREATE INDEX write_by_entry ON write (gallery_id, entry_id);

CREATE TABLE problem (
    gallery_id    text NOT NULL,
    id            text NOT NULL,
    webservice_id text NOT NULL,
    reason        text NOT NULL,
    cause         text NOT NULL,
    message       text NOT NULL,
    remedy        text NOT NULL,
    opened_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at     timestamptz,
    told_at       timestamptz,
    PRIMARY KEY (gallery_id, id)
);
CREATE UNIQUE INDEX problem_open ON problem (gallery_id, webservice_id, reason, cause) WHERE closed_at IS NULL;

-- The contacts of the organisation, as last read: what a new contact is matched with.
CREATE TABLE remote_contact (
    gallery_id    text NOT NULL,
    webservice_id text NOT NULL,
    remote_id     text NOT NULL,
    number        text,
    folded_name   text NOT NULL,
    email         text,
    status        text NOT NULL,
    merged_into   text,
    name          text NOT NULL,
    version       text NOT NULL DEFAULT '',
    PRIMARY KEY (gallery_id, webservice_id, remote_id)
);
CREATE INDEX remote_contact_name ON remote_contact (gallery_id, webservice_id, folded_name);
CREATE INDEX remote_contact_number ON remote_contact (gallery_id, webservice_id, number) WHERE number IS NOT NULL;
