-- Invoices as people look for them: by text, group, reason and date, newest first. See hub/store/invoice_lists.py.
--
-- "(x IN (SELECT ...)) IS TRUE" and "$n IS NULL OR x IN (SELECT ...)" stay sub-plans that are hashed once. As plain
-- conditions the planner makes joins of them, which it takes for tiny before the first ANALYZE: nested loops, seconds.

-- name: search
-- $1 gallery, $2 webservices that count, $3 only invoices with an entry there, $4 part of a text or NULL, $5 group or
-- NULL, $6 reason or NULL, $7 from date, $8 to date, $9 how many, $10 after so many
-- -> what, id, n, dated_on: a row ('group', group, invoices) for each group, ('all', '', invoices), and the page
-- ('invoice', id) in its order. Payments and allocations that need a person make their invoice need one.
WITH standing AS MATERIALIZED (
    SELECT CASE WHEN e.type = 'invoice' THEN e.record_id ELSE e.invoice_id END AS id, e.webservice_id, e.type,
           CASE WHEN e.asked = e.judged AND e.state IN ('left_out', 'held', 'conflict') THEN e.reason END AS reason,
           CASE WHEN e.state IS NULL OR e.asked > e.judged OR e.state IN ('sending', 'unknown', 'waiting')
                    THEN 'on_its_way'
                WHEN e.state IN ('held', 'conflict') THEN 'needs_you'
                WHEN e.state <> 'voided' AND e.remote_id IS NOT NULL
                     AND e.remote ->> 'status' NOT IN ('voided', 'deleted') THEN 'in_the_books'
                ELSE 'left_out' END AS grp
    FROM entry e
    WHERE e.gallery_id = $1 AND e.webservice_id = any($2::text[]) AND e.type IN ('invoice', 'payment', 'allocation')
), grouped AS MATERIALIZED (
    SELECT id, webservice_id,
           CASE WHEN bool_or(grp = 'needs_you') THEN 'needs_you'
                ELSE max(grp) FILTER (WHERE type = 'invoice') END AS grp
    FROM standing WHERE id IS NOT NULL GROUP BY id, webservice_id
), matching AS MATERIALIZED (
    SELECT r.id, coalesce(r.dated_on, DATE '9999-12-31') AS dated_on
    FROM record r
    WHERE r.gallery_id = $1 AND r.type = 'invoice'
      AND (NOT $3 OR r.id IN (SELECT id FROM grouped))
      AND ($4::text IS NULL OR strpos(r.search, $4) > 0
           OR r.contact_id IN (SELECT id FROM record
                               WHERE gallery_id = $1 AND type = 'contact' AND strpos(search, $4) > 0)
           OR r.id IN (SELECT record_id FROM entry
                       WHERE gallery_id = $1 AND type = 'invoice' AND strpos(lower(number), $4) > 0))
      AND ($6::text IS NULL OR r.id IN (SELECT id FROM standing WHERE reason = $6))
      AND ($7::date IS NULL OR r.dated_on >= $7) AND ($8::date IS NULL OR r.dated_on <= $8)
), page AS (
    SELECT id, dated_on FROM matching
    WHERE ($5::text IS NULL OR id IN (SELECT id FROM grouped WHERE grp = $5))
    ORDER BY dated_on DESC, id DESC LIMIT $9 OFFSET $10
)
SELECT 'group' AS what, grp AS id, count(DISTINCT id) AS n, NULL::date AS dated_on FROM grouped
WHERE grp IS NOT NULL AND (id IN (SELECT id FROM matching)) IS TRUE GROUP BY grp
UNION ALL SELECT 'all', '', count(*), NULL FROM matching
UNION ALL SELECT 'invoice', id, NULL, dated_on FROM page
ORDER BY dated_on DESC NULLS FIRST, id DESC;

-- name: heads
-- $1 gallery, $2 invoices -> id, number, kind, status, dated_on, amount, currency, contact_id, contact (its name)
SELECT r.id, r.number, r.kind, r.status, r.dated_on, r.amount, r.currency, r.contact_id, c.name AS contact
FROM unnest($2::text[]) AS wanted (id)
CROSS JOIN LATERAL (SELECT * FROM record WHERE gallery_id = $1 AND id = wanted.id AND type = 'invoice' LIMIT 1) AS r
LEFT JOIN LATERAL (SELECT body ->> 'name' AS name FROM record
                   WHERE gallery_id = $1 AND id = r.contact_id AND type = 'contact' LIMIT 1) AS c ON true;

-- name: needing
-- $1 gallery, $2 webservices, $3 invoices -> invoice_id, type, n: their payments and allocations that need a person
SELECT invoice_id, type, count(*) AS n FROM entry
WHERE gallery_id = $1 AND webservice_id = any($2::text[]) AND invoice_id = any($3::text[])
  AND type IN ('payment', 'allocation') AND state IN ('held', 'conflict') AND asked = judged
GROUP BY invoice_id, type;

-- name: reasons
-- $1 gallery, $2 webservices -> the reasons for which invoices, payments or allocations do not go or differ
SELECT DISTINCT reason FROM entry
WHERE gallery_id = $1 AND webservice_id = any($2::text[]) AND type IN ('invoice', 'payment', 'allocation')
  AND state IN ('left_out', 'held', 'conflict') AND asked = judged AND reason IS NOT NULL
ORDER BY reason;

-- name: named
-- $1 gallery, $2 texts without case, $3 ids -> id, number, by_name of the invoices that have one of the texts as number
-- here or there (by_name: it is the first of the texts), or one of the ids
WITH there AS MATERIALIZED (
    SELECT record_id FROM entry
    WHERE gallery_id = $1 AND type = 'invoice' AND lower(number) = ($2::text[])[1]
)
SELECT r.id, r.number,
       r.id = any($3::text[]) OR lower(r.number) = ($2::text[])[1] OR r.id IN (SELECT record_id FROM there) AS by_name
FROM record r
WHERE r.gallery_id = $1 AND r.type = 'invoice'
  AND (lower(r.number) = any($2::text[]) OR r.id = any($3::text[]) OR r.id IN (SELECT record_id FROM there))
LIMIT 20;
