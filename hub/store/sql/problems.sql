-- name: open
-- $1 gallery, $2 webservice, $3 reasons, $4 causes, $5 messages, $6 remedies, in order -> reason, cause, id, fresh
INSERT INTO problem (gallery_id, id, webservice_id, reason, cause, message, remedy)
SELECT $1, gen_random_uuid()::text, $2, x.reason, x.cause, x.message, x.remedy
FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS x (reason, cause, message, remedy)
ON CONFLICT (gallery_id, webservice_id, reason, cause) WHERE closed_at IS NULL
DO UPDATE SET message = excluded.message, remedy = excluded.remedy
RETURNING reason, cause, id, xmax = 0 AS fresh;

-- name: close_empty
-- $1 gallery, $2 webservice -> id, reason, cause, message, remedy of the open problems that block nothing any more
-- A payment there without a record here blocks no entry: that problem ends with the payment (`close_orphans`).
UPDATE problem p SET closed_at = clock_timestamp()
WHERE p.gallery_id = $1 AND p.webservice_id = $2 AND p.closed_at IS NULL AND p.cause <> 'webservice'
  AND p.reason <> 'marker_without_record'
  AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.gallery_id = p.gallery_id AND e.webservice_id = p.webservice_id
                  AND e.problem_id = p.id AND e.state IN ('held', 'conflict'))
RETURNING p.id, p.reason, p.cause, p.message, p.remedy;

-- name: list_orphans
-- $1 gallery, $2 webservice -> causes ("marker remote-id") of the open problems about payments there without a record here
SELECT cause FROM problem
WHERE gallery_id = $1 AND webservice_id = $2 AND closed_at IS NULL AND reason = 'marker_without_record'
ORDER BY cause;

-- name: close_orphans
-- $1 gallery, $2 webservice, $3 remote ids of payments -> as `close_empty`; they are gone there, or have their record now
UPDATE problem SET closed_at = clock_timestamp()
WHERE gallery_id = $1 AND webservice_id = $2 AND closed_at IS NULL AND reason = 'marker_without_record'
  AND split_part(cause, ' ', 2) = any($3::text[])
RETURNING id, reason, cause, message, remedy;

-- name: close_webservice
-- $1 gallery, $2 webservice -> as `close_empty`; the problems of the webservice itself (its grant, its pause) are over
UPDATE problem SET closed_at = clock_timestamp()
WHERE gallery_id = $1 AND webservice_id = $2 AND closed_at IS NULL AND cause = 'webservice'
RETURNING id, reason, cause, message, remedy;

-- name: list
-- $1 gallery, $2 webservice, $3 the closed ones, $4 after (opened_at), $5 after (id), $6 limit, $7 the open ones -> rows
-- with count, newest first
SELECT p.id, p.reason, p.cause, p.message, p.remedy, p.opened_at, p.closed_at,
       (SELECT count(*) FROM entry e WHERE e.gallery_id = p.gallery_id AND e.webservice_id = p.webservice_id
        AND e.problem_id = p.id AND e.state IN ('held', 'conflict')) AS count
FROM problem p
WHERE p.gallery_id = $1 AND p.webservice_id = $2 AND (($3 AND p.closed_at IS NOT NULL) OR ($7 AND p.closed_at IS NULL))
  AND ($4::timestamptz IS NULL OR (p.opened_at, p.id) < ($4, $5))
ORDER BY p.opened_at DESC, p.id DESC
LIMIT $6;

-- name: get
-- $1 gallery, $2 webservice, $3 problem -> row as `list`
SELECT p.id, p.reason, p.cause, p.message, p.remedy, p.opened_at, p.closed_at,
       (SELECT count(*) FROM entry e WHERE e.gallery_id = p.gallery_id AND e.webservice_id = p.webservice_id
        AND e.problem_id = p.id AND e.state IN ('held', 'conflict')) AS count
FROM problem p WHERE p.gallery_id = $1 AND p.webservice_id = $2 AND p.id = $3;

-- name: retry
-- $1 gallery, $2 webservice, $3 problem -> ids of its entries, asked again by a person
UPDATE entry SET asked = asked + 1, forced = true, attempts = 0, next_try_at = NULL
WHERE gallery_id = $1 AND webservice_id = $2 AND problem_id = $3 AND state IN ('held', 'conflict')
RETURNING id;
