-- name: insert
-- $1 gallery, $2 id, $3 webservice, $4 run, $5 epoch, $6 type, $7 operation, $8 request, $9 body, $10 key -> nothing
INSERT INTO batch (gallery_id, id, webservice_id, run_id, epoch, type, operation, request, body, key, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'sending');

-- name: insert_writes
-- $1 gallery, $2 batch, $3 entry ids, $4 numbers, $5 data (json texts), all in order -> nothing
INSERT INTO write (gallery_id, batch_id, position, entry_id, number, data)
SELECT $1, $2, w.position, w.entry_id, w.number, w.data
FROM unnest($3::text[], $4::text[], $5::jsonb[]) WITH ORDINALITY AS w (entry_id, number, data, position);

-- name: mark_sending
-- $1 gallery, $2 entry ids, $3 judged, $4 numbers, $5 updated_at as judged, in order -> ids of those that nobody changed
-- meanwhile; intent is stored before the call; what is written passed its gates, so it is frozen no more
UPDATE entry e SET state = 'sending', judged = x.judged, number = x.number, next_try_at = NULL, frozen = false,
                   updated_at = clock_timestamp()
FROM unnest($2::text[], $3::bigint[], $4::text[], $5::timestamptz[]) AS x (id, judged, number, updated_at)
WHERE e.gallery_id = $1 AND e.id = x.id AND e.updated_at = x.updated_at AND (e.state IS NULL OR e.state <> 'sending')
RETURNING e.id;

-- name: crashed
-- $1 gallery, $2 webservice -> the type of each entry that a dead worker left in sending: it becomes unknown
WITH gone AS (
    UPDATE batch SET state = 'unknown' WHERE gallery_id = $1 AND webservice_id = $2 AND state = 'sending'
    RETURNING gallery_id, id
)
UPDATE entry e SET state = 'unknown'
FROM gone JOIN write w ON w.gallery_id = gone.gallery_id AND w.batch_id = gone.id
WHERE e.gallery_id = gone.gallery_id AND e.id = w.entry_id AND e.state = 'sending'
RETURNING e.type;

-- name: list_unknown
-- $1 gallery, $2 webservice, $3 seconds a batch may be sent again after its first sending -> batches, oldest first
SELECT id, type, operation, request, body, key, tries, first_sent_at, last_sent_at,
       NOT answered AND clock_timestamp() < first_sent_at + waiting($3) AS may_resend, answered
FROM batch
WHERE gallery_id = $1 AND webservice_id = $2 AND state = 'unknown'
ORDER BY first_sent_at, id;

-- name: writes_of
-- $1 gallery, $2 batches -> batch_id, position, entry_id, data, refusal; those without an outcome yet
SELECT batch_id, position, entry_id, data, refusal FROM write
WHERE gallery_id = $1 AND batch_id = any($2::text[]) AND outcome IS NULL
ORDER BY batch_id, position;

-- name: resend
-- $1 gallery, $2 batch, $3 epoch, $4 seconds its key is good for -> seconds left, when it may go again: it is on its way
UPDATE batch SET state = 'sending', epoch = $3, tries = tries + 1, last_sent_at = clock_timestamp()
WHERE gallery_id = $1 AND id = $2 AND NOT answered AND clock_timestamp() < first_sent_at + waiting($4)
RETURNING extract(epoch FROM first_sent_at + waiting($4) - clock_timestamp())::double precision AS seconds;

-- name: resend_entries
-- $1 gallery, $2 batch -> nothing
UPDATE entry e SET state = 'sending', updated_at = clock_timestamp()
FROM write w
WHERE w.gallery_id = $1 AND w.batch_id = $2 AND w.outcome IS NULL
  AND e.gallery_id = $1 AND e.id = w.entry_id AND e.state = 'unknown';

-- name: set_answered
-- $1 gallery, $2 batch, $3 whether any member is known now -> nothing; what is open is unknown
UPDATE batch SET state = 'unknown', answered = answered OR $3 WHERE gallery_id = $1 AND id = $2;

-- name: set_known
-- $1 gallery, $2 batch -> nothing
UPDATE batch SET state = 'known', ended_at = clock_timestamp()
WHERE gallery_id = $1 AND id = $2;

-- name: set_outcomes
-- $1 gallery, $2 batch, $3 positions, $4 outcomes, $5 details -> nothing
UPDATE write w SET outcome = x.outcome, detail = x.detail
FROM unnest($3::integer[], $4::text[], $5::text[]) AS x (position, outcome, detail)
WHERE w.gallery_id = $1 AND w.batch_id = $2 AND w.position = x.position;

-- name: set_refusals
-- $1 gallery, $2 batch, $3 positions, $4 refusals -> nothing
UPDATE write w SET refusal = x.refusal
FROM unnest($3::integer[], $4::jsonb[]) AS x (position, refusal)
WHERE w.gallery_id = $1 AND w.batch_id = $2 AND w.position = x.position;

-- name: close_finished
-- $1 gallery, $2 batches -> nothing; a batch none of whose writes is open is known
UPDATE batch b SET state = 'known', ended_at = clock_timestamp()
WHERE b.gallery_id = $1 AND b.id = any($2::text[])
  AND NOT EXISTS (SELECT 1 FROM write w WHERE w.gallery_id = b.gallery_id AND w.batch_id = b.id AND w.outcome IS NULL);

-- name: looks
-- $1 gallery, $2 entry ids -> id, looks
SELECT id, looks FROM entry WHERE gallery_id = $1 AND id = any($2::text[]);

-- name: set_looks
-- $1 gallery, $2 entry ids, $3 looks, $4 next try -> nothing
UPDATE entry e SET looks = x.looks, next_try_at = $4
FROM unnest($2::text[], $3::jsonb[]) AS x (id, looks)
WHERE e.gallery_id = $1 AND e.id = x.id;

-- name: clear_looks
-- $1 gallery, $2 entry ids -> nothing
UPDATE entry SET looks = NULL WHERE gallery_id = $1 AND id = any($2::text[]);

-- name: last_writes
-- $1 gallery, $2 entry -> outcome, detail, operation, at; newest first
SELECT b.operation, w.outcome, w.detail, b.first_sent_at
FROM write w JOIN batch b ON b.gallery_id = w.gallery_id AND b.id = w.batch_id
WHERE w.gallery_id = $1 AND w.entry_id = $2 ORDER BY b.first_sent_at DESC LIMIT 20;

-- name: count_of_run
-- $1 gallery, $2 webservice, $3 run -> type, operation, outcome (NULL: still open), n
SELECT b.type, b.operation, w.outcome, count(*) AS n
FROM batch b JOIN write w ON w.gallery_id = b.gallery_id AND w.batch_id = b.id
WHERE b.gallery_id = $1 AND b.webservice_id = $2 AND b.run_id = $3
GROUP BY b.type, b.operation, w.outcome;

-- name: list_of_run
-- $1 gallery, $2 webservice, $3 run, $4 type (NULL: all), $5 sort: done, refused, open (NULL: all), $6 to $8 before
-- (first_sent_at, batch, position), $9 limit -> writes, newest first, with how their entries stand now
SELECT k.id AS batch_id, k.position, k.first_sent_at, k.type, k.operation, w.number, w.outcome, w.detail,
       coalesce(e.record_id, w.data->'reference'->>'id') AS record_id, e.id AS entry_id, e.invoice_id,
       w.data->'draft'->>'currency' AS currency, w.data->'draft'->>'total' AS total,
       w.data->'draft'->'shown' AS shown, e.state, e.message, e.remedy, i.number AS invoice_number
FROM (
    SELECT b.gallery_id, b.id, w.position, b.first_sent_at, b.type, b.operation
    FROM batch b JOIN write w ON w.gallery_id = b.gallery_id AND w.batch_id = b.id
    WHERE b.gallery_id = $1 AND b.webservice_id = $2 AND b.run_id = $3
      AND ($4::text IS NULL OR b.type = $4)
      AND ($5::text IS NULL
           OR CASE WHEN w.outcome IN ('accepted', 'present') THEN 'done' WHEN w.outcome = 'refused' THEN 'refused'
                   ELSE 'open' END = $5)
      AND ($6::timestamptz IS NULL OR (b.first_sent_at, b.id, w.position) < ($6, $7, $8))
    ORDER BY b.first_sent_at DESC, b.id DESC, w.position DESC
    LIMIT $9
) k
JOIN write w ON w.gallery_id = k.gallery_id AND w.batch_id = k.id AND w.position = k.position
LEFT JOIN entry e ON e.gallery_id = w.gallery_id AND e.id = w.entry_id
LEFT JOIN entry i ON i.gallery_id = e.gallery_id AND i.webservice_id = e.webservice_id AND i.type = 'invoice'
                 AND i.record_id = e.invoice_id
ORDER BY k.first_sent_at DESC, k.id DESC, k.position DESC;

-- name: now
-- -> the database's clock
SELECT clock_timestamp();

-- name: purge
-- $1 gallery, $2 webservice -> nothing; bodies are kept for 30 days
WITH old AS (
    DELETE FROM batch WHERE gallery_id = $1 AND webservice_id = $2 AND state = 'known'
      AND ended_at < clock_timestamp() - interval '30 days'
    RETURNING gallery_id, id
)
DELETE FROM write w USING old WHERE w.gallery_id = old.gallery_id AND w.batch_id = old.id;
