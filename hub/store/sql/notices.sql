-- What people are told about webservices. See hub/store/notices.py.

-- name: ask
-- $1 gallery, $2 webservice -> nothing; there is news: soon, together with what else this run brings
INSERT INTO notice (gallery_id, webservice_id, asked, since, due_at)
VALUES ($1, $2, 1, clock_timestamp(), clock_timestamp() + waiting(60))
ON CONFLICT (gallery_id, webservice_id) DO UPDATE
SET asked = notice.asked + 1, since = coalesce(notice.since, excluded.since),
    due_at = least(notice.due_at, excluded.due_at);

-- name: claim
-- $1 seconds, $2 at most -> what is due now, of all galleries, ours to tell until the seconds are over
WITH due AS (
    SELECT gallery_id, webservice_id FROM notice
    WHERE due_at <= clock_timestamp() AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
    ORDER BY due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE notice n SET claimed_until = clock_timestamp() + make_interval(secs => $1), claim = n.claim + 1
FROM due WHERE n.gallery_id = due.gallery_id AND n.webservice_id = due.webservice_id
RETURNING n.gallery_id, n.webservice_id, n.claim, n.asked, n.since, n.attempts, n.error, clock_timestamp() AS at;

-- name: settle
-- $1 gallery, $2 webservice, $3 claim, $4 asked as read, $5 unscaled seconds until somebody looks again (NULL: all is
-- told), $6 attempts, $7 error -> nothing; what was asked meanwhile is due soon
UPDATE notice
SET claimed_until = NULL, attempts = $6, error = $7,
    since = CASE WHEN $5::double precision IS NOT NULL THEN since WHEN asked > $4 THEN clock_timestamp() END,
    due_at = CASE WHEN asked > $4 THEN clock_timestamp() + waiting(least($5::double precision, 60))
                  ELSE clock_timestamp() + waiting($5::double precision) END
WHERE gallery_id = $1 AND webservice_id = $2 AND claim = $3;

-- name: list_opened
-- $1 gallery, $2 webservice, $3 notifier -> open problems it has not told of: the webservice's own first, then by entries
SELECT p.id, p.reason, p.cause, p.message, p.remedy, p.opened_at, p.closed_at, p.cause = 'webservice' AS own,
       (SELECT count(*) FROM entry e WHERE e.gallery_id = p.gallery_id AND e.webservice_id = p.webservice_id
        AND e.problem_id = p.id AND e.state IN ('held', 'conflict')) AS count
FROM problem p
WHERE p.gallery_id = $1 AND p.webservice_id = $2 AND p.closed_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM problem_told t
                  WHERE t.gallery_id = p.gallery_id AND t.problem_id = p.id AND t.notifier = $3)
ORDER BY own DESC, count DESC, p.opened_at, p.id;

-- name: list_closed
-- $1 gallery, $2 webservice, $3 notifier -> closed problems that it told of as open
SELECT p.id, p.reason, p.cause, p.message, p.remedy, p.opened_at, p.closed_at, p.cause = 'webservice' AS own,
       0::bigint AS count
FROM problem_told t
JOIN problem p ON p.gallery_id = t.gallery_id AND p.id = t.problem_id
WHERE t.gallery_id = $1 AND t.webservice_id = $2 AND t.notifier = $3 AND t.closed_at IS NULL
  AND p.closed_at IS NOT NULL
ORDER BY own DESC, p.closed_at, p.id;

-- name: list_blocked
-- $1 gallery, $2 problems, $3 of each at most -> problem_id and what names the records that it blocks
SELECT p.id AS problem_id, b.*
FROM unnest($2::text[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT e.type, e.record_id, r.kind, r.number, r.body->>'name' AS name, r.amount::text AS amount, r.currency
    FROM entry e
    LEFT JOIN record r ON r.gallery_id = e.gallery_id AND r.id = e.record_id
                      AND r.type = CASE e.type WHEN 'allocation' THEN 'invoice' ELSE e.type END
    WHERE e.gallery_id = $1 AND e.problem_id = p.id AND e.state IN ('held', 'conflict')
    ORDER BY e.sort_on NULLS LAST, e.record_id
    LIMIT $3) AS b;

-- name: count_open
-- $1 gallery, $2 webservice -> how many problems are open
SELECT count(*) FROM problem WHERE gallery_id = $1 AND webservice_id = $2 AND closed_at IS NULL;

-- name: last_told
-- $1 gallery, $2 webservice, $3 notifier -> when it last told of anything; NULL when never
SELECT max(greatest(opened_at, closed_at)) FROM problem_told
WHERE gallery_id = $1 AND webservice_id = $2 AND notifier = $3;

-- name: record_opened
-- $1 gallery, $2 webservice, $3 notifier, $4 problems -> nothing; people know that they are open
WITH told AS (
    INSERT INTO problem_told (gallery_id, webservice_id, notifier, problem_id)
    SELECT $1, $2, $3, unnest($4::text[])
    ON CONFLICT (gallery_id, problem_id, notifier) DO NOTHING
)
UPDATE problem SET told_at = coalesce(told_at, clock_timestamp()) WHERE gallery_id = $1 AND id = any($4::text[]);

-- name: record_closed
-- $1 gallery, $2 notifier, $3 problems -> nothing; people know that they are closed
UPDATE problem_told SET closed_at = clock_timestamp()
WHERE gallery_id = $1 AND notifier = $2 AND problem_id = any($3::text[]) AND closed_at IS NULL;

-- name: record_renewed
-- $1 gallery, $2 notifier, $3 closed problems, $4 open problems of the same causes (in parallel) -> nothing; the cause
-- went and came back before anybody was told that it went: nothing is said, and the new one counts as told
WITH old AS (
    UPDATE problem_told t SET closed_at = t.opened_at
    FROM unnest($3::text[], $4::text[]) AS x (closed, opened)
    WHERE t.gallery_id = $1 AND t.notifier = $2 AND t.problem_id = x.closed
    RETURNING x.opened, t.webservice_id, t.opened_at
)
INSERT INTO problem_told (gallery_id, webservice_id, notifier, problem_id, opened_at)
SELECT $1, webservice_id, $2, opened, opened_at FROM old
ON CONFLICT (gallery_id, problem_id, notifier) DO NOTHING;
