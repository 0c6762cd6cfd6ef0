-- Allocations: what of a credit note settles an invoice there. See hub/store/allocations.py.
-- The one that `applies_to` asks for has its credit note's id as record_id; one that a person made there has
-- "<credit note>:<its own id there>". invoice_id is the invoice it stands on, or is to stand on.

-- name: ask_of
-- $1 gallery, $2 webservice, $3 invoices and credit notes -> nothing; what waits for them, had nothing to apply, or was
-- kept as it is (its message says why), is judged again
UPDATE entry SET asked = asked + 1, next_try_at = NULL
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'allocation' AND asked = judged
  AND (record_id = any($3::text[]) OR invoice_id = any($3::text[]))
  AND (state IN ('waiting', 'left_out')
       OR (state = 'synced' AND (remote_id IS NULL OR message IS NOT NULL OR remote->>'status' IN ('voided', 'deleted')))
       OR (state = 'held' AND reason IN ('exceeds_due', 'not_approved', 'payment_currency')));

-- name: ask_waiting
-- $1 gallery, $2 webservice, $3 invoices -> nothing; what waits for what else goes on them is judged again
UPDATE entry SET asked = asked + 1, next_try_at = NULL
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'allocation' AND asked = judged
  AND invoice_id = any($3::text[]) AND state = 'waiting';

-- name: ask_freed
-- $1 gallery, $2 webservice, $3 credit notes whose allocations were taken off, $4 remote ids of the invoices they stood on
-- -> record ids of what that sets free: themselves, the documents, the invoices' other payments
UPDATE entry e SET asked = e.asked + 1, next_try_at = NULL
WHERE e.gallery_id = $1 AND e.webservice_id = $2
  AND ((e.type IN ('allocation', 'invoice') AND e.record_id = any($3::text[]))
       OR (e.type = 'invoice' AND e.remote_id = any($4::text[]))
       OR (e.type = 'payment' AND e.asked = e.judged AND e.state IN ('held', 'waiting') AND e.invoice_id IN (
               SELECT d.record_id FROM entry d WHERE d.gallery_id = $1 AND d.webservice_id = $2 AND d.type = 'invoice'
                 AND d.remote_id = any($4::text[]))))
RETURNING e.record_id;

-- name: of_notes
-- $1 gallery, $2 webservice, $3 credit notes -> rows of all their allocations
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'allocation' AND split_part(record_id, ':', 1) = any($3::text[])
ORDER BY id;

-- name: on_invoices
-- $1 gallery, $2 webservice, $3 invoices -> rows of the allocations that stand, or are to stand, on them
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'allocation' AND invoice_id = any($3::text[])
ORDER BY id;

-- name: observe
-- $1 gallery, $2 webservice, $3 record ids, $4 invoices (or null), $5 dates, in order -> nothing; makes what is missing
INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, invoice_id, sort_on)
SELECT $1, gen_random_uuid()::text, $2, 'allocation', x.record_id, x.invoice_id, x.sort_on
FROM unnest($3::text[], $4::text[], $5::date[]) AS x (record_id, invoice_id, sort_on)
ON CONFLICT ON CONSTRAINT entry_record DO NOTHING;

-- name: set_invoices
-- $1 gallery, $2 entries, $3 invoices, in order -> nothing; where they are to stand from now on
UPDATE entry e SET invoice_id = x.invoice_id
FROM unnest($2::text[], $3::text[]) AS x (id, invoice_id)
WHERE e.gallery_id = $1 AND e.id = x.id;

-- name: place
-- $1 gallery, $2 webservice, $3 remote ids of invoices, $4 their records, in order -> nothing; what was put on them there
-- before they were ours
UPDATE entry e SET invoice_id = x.invoice_id
FROM unnest($3::text[], $4::text[]) AS x (remote_id, invoice_id)
WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'allocation' AND e.record_id LIKE '%:%'
  AND e.remote->>'document_id' = x.remote_id AND e.invoice_id IS DISTINCT FROM x.invoice_id;

-- name: place_new
-- $1 gallery, $2 webservice -> nothing; the same for all that were made there and have no invoice yet
UPDATE entry e SET invoice_id = d.record_id
FROM entry d
WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'allocation' AND e.record_id LIKE '%:%'
  AND e.invoice_id IS NULL AND e.remote_id IS NOT NULL
  AND d.gallery_id = $1 AND d.webservice_id = $2 AND d.type = 'invoice' AND d.remote_id = e.remote->>'document_id';

-- name: received_credits
-- $1 gallery, $2 webservice, $3 first words of their ids there -> rows of the live payments that came from credits there
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'payment' AND split_part(remote_id, '-', 1) = any($3::text[])
  AND remote->>'status' NOT IN ('voided', 'deleted')
ORDER BY id;

-- name: allocated
-- $1 gallery, $2 invoices and credit notes -> id, amount that stands on it (or is taken of it); where several webservices
-- differ, the largest counts
WITH standing AS (
    SELECT webservice_id, split_part(record_id, ':', 1) AS note, invoice_id, sum((remote->>'total')::numeric) AS amount
    FROM entry
    WHERE gallery_id = $1 AND type = 'allocation' AND remote_id IS NOT NULL
      AND remote->>'status' NOT IN ('voided', 'deleted')
      AND (split_part(record_id, ':', 1) = any($2::text[]) OR invoice_id = any($2::text[]))
    GROUP BY 1, 2, 3
), largest AS (
    SELECT note, invoice_id, max(amount) AS amount FROM standing GROUP BY note, invoice_id
)
SELECT x.id, sum(x.amount) AS amount
FROM (SELECT note AS id, amount FROM largest UNION ALL SELECT invoice_id, amount FROM largest) AS x
WHERE x.id = any($2::text[])
GROUP BY x.id;
