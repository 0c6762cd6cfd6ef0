-- name: insert
-- $1 gallery, $2 id, $3 kind, $4 name, $5 state, $6 settings, $7 tag -> nothing
INSERT INTO webservice (gallery_id, id, kind, name, state, settings, tag) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: insert_lease
-- $1 gallery, $2 webservice -> nothing
INSERT INTO lease (gallery_id, webservice_id) VALUES ($1, $2);

-- name: find
-- $1 gallery, $2 webservice -> the row with its lease; no row when there is none
SELECT w.*, l.owner AS lease_owner, l.epoch AS lease_epoch, l.until > clock_timestamp() AND l.owner IS NOT NULL AS running,
       l.doing
FROM webservice w
JOIN lease l ON l.gallery_id = w.gallery_id AND l.webservice_id = w.id
WHERE w.gallery_id = $1 AND w.id = $2;

-- name: list
-- $1 gallery -> rows as `find`, oldest first
SELECT w.*, l.owner AS lease_owner, l.epoch AS lease_epoch, l.until > clock_timestamp() AND l.owner IS NOT NULL AS running,
       l.doing
FROM webservice w
JOIN lease l ON l.gallery_id = w.gallery_id AND l.webservice_id = w.id
WHERE w.gallery_id = $1
ORDER BY w.created_at, w.id;

-- name: by_id
-- $1 webservice -> gallery_id (ids are random and unique over galleries)
SELECT gallery_id FROM webservice WHERE id = $1;

-- name: list_of_organisations
-- $1 kind, $2 organisation ids -> gallery_id, id of the live webservices on them
SELECT gallery_id, id FROM webservice
WHERE kind = $1 AND organisation_id = any($2::text[]) AND state <> 'disconnected'
ORDER BY gallery_id, id;

-- name: any_connected
-- $1 gallery -> true when any webservice is connected
SELECT EXISTS (SELECT 1 FROM webservice
               WHERE gallery_id = $1 AND state IN ('choosing', 'ready', 'paused', 'reauthorize'));

-- name: update_form
-- $1 gallery, $2 webservice, $3 name, $4 settings -> nothing; contacts are imported again once the import was off
UPDATE webservice SET name = $3, settings = $4,
       confirmed_at = CASE WHEN organisation_id IS NULL THEN confirmed_at ELSE clock_timestamp() END,
       contacts_imported_at = CASE WHEN $4::jsonb -> 'import_contacts' = 'true'::jsonb THEN contacts_imported_at END
WHERE gallery_id = $1 AND id = $2;

-- name: set_state
-- $1 gallery, $2 webservice, $3 state -> nothing
UPDATE webservice SET state = $3,
       stopped_at = CASE WHEN $3 = 'ready' THEN NULL ELSE clock_timestamp() END
WHERE gallery_id = $1 AND id = $2;

-- name: set_state_from
-- $1 gallery, $2 webservice, $3 state, $4 only from these states -> the id when it was changed
UPDATE webservice SET state = $3, stopped_at = CASE WHEN $3 = 'ready' THEN NULL ELSE clock_timestamp() END
WHERE gallery_id = $1 AND id = $2 AND state = any($4::text[])
RETURNING id;

-- name: set_mappings
-- $1 gallery, $2 webservice, $3 mappings -> nothing
UPDATE webservice SET mappings = $3, confirmed_at = clock_timestamp() WHERE gallery_id = $1 AND id = $2;

-- name: set_exclusions
-- $1 gallery, $2 webservice, $3 exclusions -> nothing
UPDATE webservice SET exclusions = $3 WHERE gallery_id = $1 AND id = $2;

-- name: set_choices
-- $1 gallery, $2 webservice, $3 choices, $4 organisation -> nothing
UPDATE webservice SET choices = $3, choices_at = clock_timestamp(), organisation = coalesce($4, organisation)
WHERE gallery_id = $1 AND id = $2;

-- name: set_grant
-- $1 gallery, $2 webservice, $3 grant, $4 consent -> nothing
UPDATE webservice SET grant_id = $3, consent_id = $4 WHERE gallery_id = $1 AND id = $2;

-- name: set_organisation
-- $1 gallery, $2 webservice, $3 organisation (jsonb), $4 organisation id, $5 state -> nothing; unique over live webservices
UPDATE webservice SET organisation = $3, organisation_id = $4, state = $5,
       connected_at = CASE WHEN organisation_id IS NULL THEN clock_timestamp() ELSE connected_at END,
       stopped_at = NULL
WHERE gallery_id = $1 AND id = $2;

-- name: sharing_grant
-- $1 gallery, $2 grant, $3 not this webservice -> how many live webservices use the grant
SELECT count(*) FROM webservice WHERE gallery_id = $1 AND grant_id = $2 AND id <> $3 AND state <> 'disconnected';

-- name: predecessor
-- $1 gallery, $2 kind, $3 organisation, $4 not this one -> the disconnected webservice that used it last
SELECT id, pull_cursor, contact_cursor, connected_at, tag FROM webservice
WHERE gallery_id = $1 AND kind = $2 AND organisation_id = $3 AND id <> $4 AND state = 'disconnected'
ORDER BY created_at DESC LIMIT 1;

-- name: inherit
-- $1 gallery, $2 webservice, $3 pull cursor, $4 contact cursor, $5 tag -> nothing
UPDATE webservice SET pull_cursor = $3, contact_cursor = $4, tag = $5 WHERE gallery_id = $1 AND id = $2;

-- name: save_pull_cursor
-- $1 gallery, $2 webservice, $3 cursor -> nothing
UPDATE webservice SET pull_cursor = $3 WHERE gallery_id = $1 AND id = $2;

-- name: save_contact_cursor
-- $1 gallery, $2 webservice, $3 cursor -> nothing
UPDATE webservice SET contact_cursor = $3 WHERE gallery_id = $1 AND id = $2;

-- name: save_import
-- $1 gallery, $2 webservice, $3 how far the import of contacts has come (NULL: none is under way) -> nothing
UPDATE webservice SET contact_import = $3 WHERE gallery_id = $1 AND id = $2;

-- name: finish_import
-- $1 gallery, $2 webservice -> nothing; all contacts are imported
UPDATE webservice SET contact_import = NULL, contacts_imported_at = clock_timestamp() WHERE gallery_id = $1 AND id = $2;

-- name: wake
-- $1 gallery, $2 webservice -> nothing; it is due now
UPDATE webservice SET due_at = least(coalesce(due_at, 'infinity'), clock_timestamp()) WHERE gallery_id = $1 AND id = $2;

-- name: note_change
-- $1 gallery -> nothing; the gallery's live webservices that send changes by themselves look when things went quiet
UPDATE webservice
SET changed_at = coalesce(changed_at, clock_timestamp()),
    quiet_at = least(coalesce(changed_at, clock_timestamp()) + waiting(60), clock_timestamp() + waiting(8))
WHERE gallery_id = $1 AND state IN ('ready', 'paused', 'reauthorize')
  AND coalesce((settings->>'scheduled')::boolean, false) AND coalesce((settings->>'on_change')::boolean, false);

-- name: lock
-- $1 gallery, $2 webservice -> its id; a statement of its own, so that the next one sees what was committed meanwhile
SELECT id FROM webservice WHERE gallery_id = $1 AND id = $2 FOR NO KEY UPDATE;

-- name: schedule
-- $1 gallery, $2 webservice, $3 next slot (NULL: not scheduled), $4 next try of an entry or NULL -> nothing
UPDATE webservice
SET scheduled_at = $3,
    due_at = least($3, $4::timestamptz, (SELECT min(coalesce(r.resume_at, r.created_at)) FROM run r
                        WHERE r.gallery_id = $1 AND r.webservice_id = $2 AND r.state IN ('queued', 'running', 'waiting')))
WHERE gallery_id = $1 AND id = $2;

-- name: finish
-- $1 gallery, $2 webservice, $3 start of the finished run (NULL: it did not finish) -> nothing
UPDATE webservice SET finished_at = coalesce($3, finished_at) WHERE gallery_id = $1 AND id = $2;

-- name: counts
-- $1 gallery, $2 webservices -> webservice_id, type, state shown, n
SELECT webservice_id, type,
       CASE WHEN state IN ('sending', 'unknown') THEN state
            WHEN state IS NULL OR asked > judged THEN 'pending'
            ELSE state END AS shown,
       count(*) AS n
FROM entry
WHERE gallery_id = $1 AND webservice_id = any($2::text[])
GROUP BY 1, 2, 3;

-- name: stopped
-- $1 gallery, $2 webservice -> its state, for the look before each send
SELECT state FROM webservice WHERE gallery_id = $1 AND id = $2;

-- name: due_soonest
-- -> when the next webservice is due, for the scheduler's sleep
SELECT least((SELECT min(due_at) FROM webservice WHERE due_at IS NOT NULL AND state = 'ready'),
             (SELECT min(quiet_at) FROM webservice WHERE quiet_at IS NOT NULL AND state = 'ready'));
