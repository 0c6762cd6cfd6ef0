-- Problems as people look through them: of a whole gallery, with what is behind each. See hub/store/causes.py.

-- name: list_open
-- $1 gallery, $2 webservice (NULL: all that are not disconnected), $3 at most, $4 not these first ones -> open problems
-- with webservice_id and count: those of a webservice itself first, then the newest
SELECT p.webservice_id, p.id, p.reason, p.cause, p.message, p.remedy, p.opened_at, p.closed_at,
       (SELECT count(*) FROM entry e WHERE e.gallery_id = p.gallery_id AND e.webservice_id = p.webservice_id
        AND e.problem_id = p.id AND e.state IN ('held', 'conflict')) AS count
FROM problem p
JOIN webservice w ON w.gallery_id = p.gallery_id AND w.id = p.webservice_id
WHERE p.gallery_id = $1 AND p.closed_at IS NULL AND (p.webservice_id = $2 OR ($2 IS NULL AND w.state <> 'disconnected'))
ORDER BY p.cause = 'webservice' DESC, p.opened_at DESC, p.id DESC
LIMIT $3 OFFSET $4;

-- name: count_open
-- $1 gallery, $2 webservice (NULL: all that are not disconnected) -> how many problems are open
SELECT count(*) FROM problem p
JOIN webservice w ON w.gallery_id = p.gallery_id AND w.id = p.webservice_id
WHERE p.gallery_id = $1 AND p.closed_at IS NULL AND (p.webservice_id = $2 OR ($2 IS NULL AND w.state <> 'disconnected'));

-- name: list_solved
-- $1 gallery, $2 webservice (NULL: all), $3 days, $4 at most -> as `list_open`, those that closed since, the last first
SELECT p.webservice_id, p.id, p.reason, p.cause, p.message, p.remedy, p.opened_at, p.closed_at, 0 AS count
FROM problem p
WHERE p.gallery_id = $1 AND p.closed_at > clock_timestamp() - make_interval(days => $3)
  AND ($2::text IS NULL OR p.webservice_id = $2)
ORDER BY p.closed_at DESC, p.id DESC
LIMIT $4;

-- name: sums
-- $1 gallery, $2 problems -> problem_id, type, kind, currency, n, amount of what they block, by type, kind and currency
SELECT e.problem_id, e.type, r.kind, r.currency, count(*) AS n, sum(r.amount) AS amount
FROM entry e
LEFT JOIN record r ON r.gallery_id = e.gallery_id AND r.type = e.type AND r.id = e.record_id
WHERE e.gallery_id = $1 AND e.problem_id = any($2::text[]) AND e.state IN ('held', 'conflict')
GROUP BY 1, 2, 3, 4
ORDER BY 1, e.type = 'payment', 2, 3, 4;

-- name: list_blocked
-- $1 gallery, $2 webservice, $3 problem, $4 after this day and $5 id (NULL: from the start), $6 at most -> entries that it
-- blocks, the latest first, with what names their records; what has no day comes last
SELECT e.*, r.kind, r.amount, r.currency, r.dated_on, coalesce(r.number, i.number) AS document,
       c.body->>'name' AS contact
FROM (SELECT *, coalesce(sort_on, '0001-01-01') AS place FROM entry
      WHERE gallery_id = $1 AND webservice_id = $2 AND problem_id = $3 AND state IN ('held', 'conflict')
        AND ($4::date IS NULL OR (coalesce(sort_on, '0001-01-01'), id) < ($4, $5))
      ORDER BY place DESC, id DESC
      LIMIT $6) AS e
LEFT JOIN LATERAL (SELECT * FROM record WHERE gallery_id = $1 AND id = e.record_id
                   AND type = CASE e.type WHEN 'allocation' THEN 'invoice' ELSE e.type END LIMIT 1) AS r ON true
LEFT JOIN LATERAL (SELECT * FROM record WHERE gallery_id = $1 AND id = e.invoice_id AND type = 'invoice' LIMIT 1) AS i
    ON true
LEFT JOIN LATERAL (SELECT * FROM record WHERE gallery_id = $1 AND type = 'contact'
                   AND id = CASE e.type WHEN 'contact' THEN e.record_id ELSE coalesce(r.contact_id, i.contact_id) END
                   LIMIT 1) AS c ON true
ORDER BY e.place DESC, e.id DESC;
