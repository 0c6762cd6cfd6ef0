-- What people and gallery systems are told of.

-- One row for each webservice that ever had something to tell people. `asked` grows with each problem that opens or
-- closes; whoever tells them clears due_at only when nothing was asked since it read.
CREATE TABLE notice (
    gallery_id    text NOT NULL,
    webservice_id text NOT NULL,
    asked         bigint NOT NULL DEFAULT 0,
    since         timestamptz,               -- the oldest news not told yet
    due_at        timestamptz,               -- when somebody is to look; NULL costs nothing
    claimed_until timestamptz,               -- somebody tells it at this moment
    claim         bigint NOT NULL DEFAULT 0, -- grows with each claim
    attempts      integer NOT NULL DEFAULT 0,
    error         text,                      -- why the last try failed: logged once for as long as it stays the same
    PRIMARY KEY (gallery_id, webservice_id)
);
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;

-- Which problems each notifier has told people of.
CREATE TABLE problem_told (
    gallery_id    text NOT NULL,
    problem_id    text NOT NULL,
    notifier      text NOT NULL,
    webservice_id text NOT NULL,
    opened_at     timestamptz NOT NULL DEFAULT clock_timestamp(), -- when it was told that it opened ...
    closed_at     timestamptz,                                    -- ... and that it closed
    PRIMARY KEY (gallery_id, problem_id, notifier)
);
CREATE INDEX problem_told_webservice ON problem_told (gallery_id, webservice_id, notifier);

-- Where a gallery's events go. Everything up to after_seq was acknowledged, or was too old.
CREATE TABLE callback (
    gallery_id      text PRIMARY KEY,
    url             text NOT NULL,
    state           text NOT NULL DEFAULT 'on',
    secret          text NOT NULL,           -- sealed, bound to this row and version
    previous_secret text,                    -- sealed alike: signs too until previous_until
    previous_until  timestamptz,
    version         bigint NOT NULL DEFAULT 1,
    made_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    after_seq       bigint NOT NULL,
    due_at          timestamptz,             -- when somebody is to look; NULL costs nothing
    claimed_until   timestamptz,
    claim           bigint NOT NULL DEFAULT 0,
    attempts        integer NOT NULL DEFAULT 0,
    delivered_at    timestamptz,
    delivered_id    text,
    error           text,
    failed_at       timestamptz,
    skipped         bigint NOT NULL DEFAULT 0,
    CONSTRAINT callback_state CHECK (state IN ('on', 'gone'))
) WITH (fillfactor = 50);
CREATE INDEX callback_due ON callback (due_at) WHERE due_at IS NOT NULL;

-- Entries of which the gallery system knows that they need a person: it is told when they need nobody any more.
CREATE TABLE entry_need (
    gallery_id text NOT NULL,
    entry_id   text NOT NULL,
    PRIMARY KEY (gallery_id, entry_id)
);

-- What stood before there was anybody to tell it.
INSERT INTO entry_need (gallery_id, entry_id) SELECT gallery_id, id FROM entry WHERE state IN ('held', 'conflict');
INSERT INTO notice (gallery_id, webservice_id, asked, since, due_at)
SELECT gallery_id, webservice_id, 1, clock_timestamp(), clock_timestamp() FROM problem WHERE closed_at IS NULL GROUP BY 1, 2;
