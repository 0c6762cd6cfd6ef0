-- name: due_page
-- $1 gallery, $2 webservice, $3 type, $4 only these records (NULL: all), $5 after this date (NULL: the rows without one
-- come first), $6 after this record id (empty: from the start), $7 at most -> entries that are due, oldest date first
-- With $4, payments are chosen by their invoice.
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3
  AND asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown'))
  AND ($4::text[] IS NULL OR coalesce(invoice_id, record_id) = any($4::text[])
       OR (type = 'allocation' AND record_id = any($4::text[])))
  AND (coalesce(sort_on, '-infinity'), record_id) > (coalesce($5::date, '-infinity'), $6::text)
ORDER BY sort_on NULLS FIRST, record_id
LIMIT $7;

-- name: candidates
-- $1 gallery, $2 webservice, $3 after this record id, $4 at most -> the gallery's invoices by id, each with how its entry
-- stands (entry_id NULL: it has none yet)
SELECT r.id, r.body::text AS body, r.created_at, r.source_changed_at, e.id AS entry_id, e.state, e.reason, e.forced,
    e.remote_id, e.remote ->> 'status' AS remote_status
FROM (
    SELECT id, body, created_at, source_changed_at FROM record
    WHERE gallery_id = $1 AND id > $3 AND type = 'invoice'
    ORDER BY id LIMIT $4
) AS r
LEFT JOIN LATERAL (
    SELECT * FROM entry
    WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'invoice' AND record_id = r.id LIMIT 1
) AS e ON true
ORDER BY r.id;

-- name: line_uses
-- $1 gallery, $2 webservice, $3 attributes to tell apart besides the line's kind, $4 issued on or after (NULL: any),
-- $5 first stored at or after (NULL: any), $6 invoices looked at at most, $7 rows at most
-- -> by_tax, line_kind, category, artist, ownership, channel, salesperson, tax_code, n, example: how many invoices that
-- are not in the books, and no gate that SQL can see keeps out, have lines of this sort (by_tax: with this tax code,
-- NULL: without tax); example is the number and id of one of them
WITH going AS (
    SELECT r.id, r.number, r.body
    FROM entry AS e
    CROSS JOIN LATERAL (
        SELECT * FROM record WHERE gallery_id = $1 AND id = e.record_id AND type = 'invoice' LIMIT 1
    ) AS r
    WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'invoice' AND e.remote_id IS NULL
        AND (e.state IS NULL OR e.state <> 'left_out' OR e.asked > e.judged)
        AND r.status = 'issued' AND NOT coalesce((r.body ->> 'excluded')::boolean, false)
        AND ($4::date IS NULL OR r.dated_on >= $4) AND ($5::timestamptz IS NULL OR r.created_at >= $5)
    LIMIT $6
), lines AS (
    SELECT g.id, g.number, line ->> 'kind' AS line_kind,
        CASE WHEN 'category' = ANY ($3::text[]) THEN line ->> 'category' END AS category,
        CASE WHEN 'artist' = ANY ($3) THEN line ->> 'artist' END AS artist,
        CASE WHEN 'ownership' = ANY ($3) THEN line ->> 'ownership' END AS ownership,
        CASE WHEN 'channel' = ANY ($3) THEN g.body ->> 'channel' END AS channel,
        CASE WHEN 'salesperson' = ANY ($3) THEN g.body ->> 'salesperson' END AS salesperson,
        CASE WHEN g.body ->> 'price_mode' <> 'no_tax' THEN line ->> 'tax_code' END AS tax_code
    FROM going AS g
    CROSS JOIN LATERAL jsonb_array_elements(g.body -> 'lines') AS line
    WHERE line ->> 'kind' <> 'text' AND line ->> 'quantity' !~ '^-?0*[.]?0*$'
)
SELECT grouping(tax_code) = 0 AS by_tax, line_kind, category, artist, ownership, channel, salesperson, tax_code,
    count(DISTINCT id) AS n, min(ARRAY[number, id]) AS example
FROM lines
GROUP BY GROUPING SETS ((line_kind, category, artist, ownership, channel, salesperson), (tax_code))
ORDER BY n DESC, line_kind, tax_code
LIMIT $7;

-- name: payment_uses
-- $1 gallery, $2 webservice, $3 invoice issued on or after (NULL: any), $4 invoice first stored at or after (NULL: any),
-- $5 payments looked at at most, $6 rows at most
-- -> method, currency, processor_account, n, example: how many recorded payments of the gallery's own that are not in the
-- books arrived so; example is the number of the invoice and the id of one of them
WITH going AS (
    SELECT r.id, i.number, r.body ->> 'method' AS method, coalesce(r.currency, i.currency) AS currency,
        r.body ->> 'processor_account' AS processor_account
    FROM entry AS e
    CROSS JOIN LATERAL (
        SELECT * FROM record WHERE gallery_id = $1 AND id = e.record_id AND type = 'payment' LIMIT 1
    ) AS r
    CROSS JOIN LATERAL (
        SELECT * FROM record WHERE gallery_id = $1 AND id = r.invoice_id AND type = 'invoice' LIMIT 1
    ) AS i
    WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'payment' AND e.remote_id IS NULL
        AND (e.state IS NULL OR e.state <> 'left_out' OR e.asked > e.judged)
        AND r.status = 'recorded' AND (r.origin IS NULL OR r.origin ->> 'webservice_id' IS DISTINCT FROM $2)
        AND i.status = 'issued' AND NOT coalesce((i.body ->> 'excluded')::boolean, false)
        AND ($3::date IS NULL OR i.dated_on >= $3) AND ($4::timestamptz IS NULL OR i.created_at >= $4)
    LIMIT $5
)
SELECT method, currency, processor_account, count(*) AS n, min(ARRAY[number, id]) AS example
FROM going
GROUP BY method, currency, processor_account
ORDER BY n DESC, method, currency
LIMIT $6;

-- name: standing_page
-- $1 gallery, $2 webservice, $3 after this record id, $4 at most -> entries of invoices that stand in the books, by record
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'invoice' AND record_id > $3 AND remote_id IS NOT NULL
    AND coalesce(remote ->> 'status', '') NOT IN ('voided', 'deleted')
ORDER BY record_id
LIMIT $4;

-- name: telling_invoice
-- $1 gallery, $2 how many of the issued invoices that changed last are compared -> id of the one with the most sorts of
-- lines, tax codes and ways of payment, the latest of equals; no row without any
SELECT r.id
FROM (
    SELECT id, body, seq FROM record
    WHERE gallery_id = $1 AND type = 'invoice' AND kind = 'invoice' AND status = 'issued'
    ORDER BY seq DESC LIMIT $2
) AS r
CROSS JOIN LATERAL (
    SELECT count(DISTINCT line ->> 'kind') + count(DISTINCT coalesce(line ->> 'tax_code', ''))
        + count(DISTINCT line ->> 'artist') + count(DISTINCT line ->> 'ownership') AS n
    FROM jsonb_array_elements(r.body -> 'lines') AS line WHERE line ->> 'kind' <> 'text'
) AS l
CROSS JOIN LATERAL (
    SELECT count(DISTINCT body ->> 'method') AS n FROM record
    WHERE gallery_id = $1 AND invoice_id = r.id AND type = 'payment' AND status = 'recorded'
) AS p
ORDER BY l.n + p.n DESC, r.seq DESC
LIMIT 1;

-- name: invoice_by_number
-- $1 gallery, $2 numbers, the best first -> id of the first invoice, else credit note, that has one of them; or no row
SELECT r.id FROM record AS r
WHERE r.gallery_id = $1 AND r.number = ANY ($2::text[]) AND r.type = 'invoice'
ORDER BY array_position($2, r.number), r.kind DESC
LIMIT 1;

-- name: line_values
-- $1 gallery, $2 invoices and payments read at most (those that changed last), $3 values of each name at most
-- -> name, value: what occurs in them as category, artist, salesperson and processor_account, by name and value
WITH invoices AS (
    SELECT body FROM record WHERE gallery_id = $1 AND type = 'invoice' ORDER BY seq DESC LIMIT $2
), payments AS (
    SELECT body FROM record WHERE gallery_id = $1 AND type = 'payment' ORDER BY seq DESC LIMIT $2
), found AS (
    SELECT one.name, one.value
    FROM invoices CROSS JOIN LATERAL jsonb_array_elements(body -> 'lines') AS line
    CROSS JOIN LATERAL (VALUES ('category', line ->> 'category'), ('artist', line ->> 'artist')) AS one (name, value)
    UNION
    SELECT 'salesperson', body ->> 'salesperson' FROM invoices
    UNION
    SELECT 'processor_account', body ->> 'processor_account' FROM payments
), numbered AS (
    SELECT name, value, row_number() OVER (PARTITION BY name ORDER BY value) AS n
    FROM found WHERE value IS NOT NULL AND value <> '' AND length(value) <= 100
)
SELECT name, value FROM numbered WHERE n <= $3 ORDER BY name, value;
