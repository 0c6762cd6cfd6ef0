-- What a pull asks the entries and keeps of itself. See hub/store/pulled.py.

-- name: has_open_creates
-- $1 gallery, $2 webservice -> true while nobody can say whether some invoice, payment or allocation was made there
SELECT EXISTS (SELECT 1 FROM batch
               WHERE gallery_id = $1 AND webservice_id = $2 AND state <> 'known'
                 AND type IN ('invoice', 'payment', 'allocation') AND operation = 'create');

-- name: has_credit_notes
-- $1 gallery, $2 webservice -> true when a credit note of the gallery stands there
SELECT EXISTS (SELECT 1 FROM entry
               WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'invoice' AND remote_id IS NOT NULL
                 AND remote->>'credit_note' = 'true' AND remote->>'status' NOT IN ('voided', 'deleted'));

-- name: own_notes
-- $1 gallery, $2 webservice, $3 remote ids -> those of them that are credit notes of the gallery
SELECT remote_id FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'invoice' AND remote_id = any($3::text[]);

-- name: get_credit_cursor
-- $1 gallery, $2 webservice -> how far the credit notes were read, or NULL
SELECT credit_cursor FROM webservice WHERE gallery_id = $1 AND id = $2;

-- name: save_credit_cursor
-- $1 gallery, $2 webservice, $3 cursor -> nothing
UPDATE webservice SET credit_cursor = $3 WHERE gallery_id = $1 AND id = $2;

-- name: list_linked
-- $1 gallery, $2 webservice -> remote ids of the invoices (no credit notes) that our app did not create and that can still
-- change, in order
SELECT remote_id FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'invoice' AND remote_id IS NOT NULL
  AND (remote->>'ours') IS DISTINCT FROM 'true' AND remote->>'status' NOT IN ('voided', 'deleted')
  AND (remote->>'credit_note') IS DISTINCT FROM 'true'
ORDER BY remote_id;

-- name: get_linked_cursor
-- $1 gallery, $2 webservice -> how far the linked documents were read, or NULL
SELECT linked_cursor FROM webservice WHERE gallery_id = $1 AND id = $2;

-- name: save_linked_cursor
-- $1 gallery, $2 webservice, $3 cursor -> nothing
UPDATE webservice SET linked_cursor = $3 WHERE gallery_id = $1 AND id = $2;

-- name: credits_of
-- $1 gallery, $2 webservice, $3 invoices, $4 sorts of credit -> rows of the payment entries that are such credits
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'payment' AND invoice_id = any($3::text[])
  AND split_part(remote_id, '-', 1) = any($4::text[]);

-- name: not_there_page
-- $1 gallery, $2 webservice, $3 after id, $4 at most -> rows of the payment entries that stand nowhere, by id
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'payment' AND remote_id IS NULL AND id > $3
  AND (state IS NULL OR state NOT IN ('sending', 'unknown'))
ORDER BY id LIMIT $4;
