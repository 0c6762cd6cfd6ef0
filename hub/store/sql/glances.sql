-- How a whole gallery stands. See hub/store/glances.py.

-- name: months
-- $1 gallery, $2 webservices, $3 from this day, $4 before this day -> month (its first day), group, n: invoices and credit
-- notes by the month of their date; one that stands differently in two webservices counts once, where it needs most
SELECT month, (ARRAY['in_the_books', 'on_its_way', 'needs_you'])[rank] AS "group", count(*) AS n
FROM (
    SELECT date_trunc('month', sort_on)::date AS month, record_id,
           max(CASE WHEN state IN ('sending', 'unknown') THEN 2
                    WHEN state IS NULL OR asked > judged THEN 2
                    WHEN state IN ('held', 'conflict') THEN 3
                    WHEN state = 'waiting' THEN 2
                    WHEN state <> 'voided' AND remote_id IS NOT NULL
                         AND remote->>'status' NOT IN ('voided', 'deleted') THEN 1
               END) AS rank
    FROM entry
    WHERE gallery_id = $1 AND webservice_id = any($2::text[]) AND type = 'invoice' AND sort_on >= $3 AND sort_on < $4
    GROUP BY 1, 2) AS each_one
WHERE rank IS NOT NULL
GROUP BY month, rank
ORDER BY month, rank;

-- name: waiting_since
-- $1 gallery, $2 webservices -> since when the oldest of what is on its way stands as it does now: its record changed, or
-- it was looked at last; NULL when nothing is on its way
SELECT min(greatest(e.updated_at, r.updated_at))
FROM (
    SELECT gallery_id, type, record_id, updated_at FROM entry WHERE gallery_id = $1 AND webservice_id = any($2::text[])
      AND state IN ('sending', 'unknown', 'waiting')
    UNION ALL
    SELECT gallery_id, type, record_id, updated_at FROM entry WHERE gallery_id = $1 AND webservice_id = any($2::text[])
      AND asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown', 'waiting'))) AS e
LEFT JOIN record r ON r.gallery_id = e.gallery_id AND r.id = e.record_id
                  AND r.type = CASE e.type WHEN 'allocation' THEN 'invoice' ELSE e.type END;
