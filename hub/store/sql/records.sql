-- Records of all types. A "stored record" is: type, id, version, seq, body (JSON text), hash, created_at, updated_at,
-- origin, tax_versions, void. See hub/store/records.py.
--
-- Before the first ANALYZE the planner takes any two equal conditions for one row. So no two indexes of the table start
-- with the same two columns, and "LATERAL (... LIMIT 1)" asks for a look-up by key per element: otherwise it reads all
-- records of the gallery for each one (measured: 1 s instead of 5 ms for 500).

-- name: find_records
-- $1 gallery, $2 types, $3 ids (in pairs) -> stored records, those there are, in no order
SELECT r.type, r.id, r.version, r.seq, r.body::text AS body, r.hash, r.created_at, r.updated_at, r.origin,
    r.tax_versions, r.void
FROM unnest($2::text[], $3::text[]) AS wanted (type, id)
CROSS JOIN LATERAL (
    SELECT * FROM record WHERE gallery_id = $1 AND id = wanted.id AND type = wanted.type LIMIT 1
) AS r;

-- name: find_numbers
-- $1 gallery, $2 kinds, $3 numbers (in pairs) -> kind, number, id of the invoice that has it
SELECT r.kind, r.number, r.id
FROM unnest($2::text[], $3::text[]) AS wanted (kind, number)
CROSS JOIN LATERAL (
    SELECT kind, number, id
    FROM record
    WHERE gallery_id = $1 AND number = wanted.number AND kind = wanted.kind
    LIMIT 1
) AS r;

-- name: find_code_versions
-- $1 gallery, $2 ids of tax codes -> id, version in force now
SELECT id, version FROM record WHERE gallery_id = $1 AND type = 'tax_code' AND id = ANY ($2::text[]);

-- name: clear_numbers
-- $1 gallery, $2 ids of invoices about to be written with other numbers: two of them may exchange theirs
UPDATE record SET number = NULL WHERE gallery_id = $1 AND type = 'invoice' AND id = ANY ($2::text[]);

-- name: save_records
-- $1 gallery, $2 time of the change, then arrays, one element per record (no record twice): $3 type, $4 id, $5 version,
-- $6 seq, $7 body, $8 hash, $9 source_updated_at, $10 origin, $11 tax_versions, $12 kind, $13 status, $14 number,
-- $15 contact_id, $16 invoice_id, $17 dated_on, $18 amount, $19 currency, $20 search
INSERT INTO record (gallery_id, type, id, version, seq, body, hash, created_at, updated_at, source_updated_at, origin,
    tax_versions, kind, status, number, contact_id, invoice_id, dated_on, amount, currency, search)
SELECT $1, w.type, w.id, w.version, w.seq, w.body::jsonb, w.hash, $2, $2, w.source_updated_at, w.origin::jsonb,
    w.tax_versions::jsonb, w.kind, w.status, w.number, w.contact_id, w.invoice_id, w.dated_on, w.amount, w.currency,
    w.search
FROM unnest($3::text[], $4::text[], $5::integer[], $6::bigint[], $7::text[], $8::bytea[], $9::timestamptz[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::date[],
    $18::numeric[], $19::text[], $20::text[])
    AS w (type, id, version, seq, body, hash, source_updated_at, origin, tax_versions, kind, status, number, contact_id,
    invoice_id, dated_on, amount, currency, search)
ON CONFLICT ON CONSTRAINT record_pkey DO UPDATE SET
    version = EXCLUDED.version, seq = EXCLUDED.seq, body = EXCLUDED.body, hash = EXCLUDED.hash,
    updated_at = EXCLUDED.updated_at, source_updated_at = EXCLUDED.source_updated_at, origin = EXCLUDED.origin,
    kind = EXCLUDED.kind, status = EXCLUDED.status, number = EXCLUDED.number, contact_id = EXCLUDED.contact_id,
    invoice_id = EXCLUDED.invoice_id, dated_on = EXCLUDED.dated_on, amount = EXCLUDED.amount,
    currency = EXCLUDED.currency, search = EXCLUDED.search;

-- name: touch_records
-- $1 gallery, $2 types, $3 ids, $4 source_updated_at (in triples): equal records that the gallery stamped anew
UPDATE record AS r
SET source_updated_at = w.at, body = jsonb_set(r.body, '{source_updated_at}', to_jsonb(w.said))
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::text[]) AS w (type, id, at, said)
WHERE r.gallery_id = $1 AND r.type = w.type AND r.id = w.id;

-- name: save_code_versions
-- $1 gallery, $2 since, $3 ids, $4 versions, $5 bodies (in triples)
INSERT INTO tax_code_version (gallery_id, id, version, body, since)
SELECT $1, w.id, w.version, w.body::jsonb, $2
FROM unnest($3::text[], $4::integer[], $5::text[]) AS w (id, version, body)
ON CONFLICT ON CONSTRAINT tax_code_version_pkey DO NOTHING;

-- name: list_code_versions
-- $1 gallery, $2 ids of tax codes -> id, version, since; oldest first
SELECT id, version, since FROM tax_code_version WHERE gallery_id = $1 AND id = ANY ($2::text[]) ORDER BY id, version;

-- name: find_tax_codes
-- $1 gallery, $2 ids, $3 versions (in pairs) -> id, version, body of those there are
SELECT c.id, c.version, c.body::text AS body
FROM unnest($2::text[], $3::integer[]) AS wanted (id, version)
CROSS JOIN LATERAL (
    SELECT id, version, body
    FROM tax_code_version
    WHERE gallery_id = $1 AND id = wanted.id AND version = wanted.version
    LIMIT 1
) AS c;

-- name: list_records
-- $1 gallery, $2 type, $3 after this seq, $4 part of the search text or null, $5 status or state of an entry or null,
-- $6 how many -> stored records in the order of their last change
SELECT r.type, r.id, r.version, r.seq, r.body::text AS body, r.hash, r.created_at, r.updated_at, r.origin,
    r.tax_versions, r.void
FROM record AS r
WHERE r.gallery_id = $1 AND r.type = $2 AND r.seq > $3
    AND ($4::text IS NULL OR strpos(r.search, $4) > 0)
    AND ($5::text IS NULL OR r.status = $5 OR EXISTS (
        SELECT FROM entry AS e
        WHERE e.gallery_id = r.gallery_id AND e.type = r.type AND e.record_id = r.id
            AND (e.state = $5 OR ($5 = 'pending' AND e.state IS NULL))
    ))
ORDER BY r.seq
LIMIT $6;

-- name: find_seq_before
-- $1 gallery, $2 type, $3 instant -> seq of the last record that changed before it; no row when none did.
-- Times and numbers rise together, so the walk back from the end stops at the first one.
SELECT seq FROM record WHERE gallery_id = $1 AND type = $2 AND updated_at < $3 ORDER BY seq DESC LIMIT 1;

-- name: list_galleries
-- $1 after this gallery, $2 part of the search text or null, $3 how many -> stored records of galleries by id
SELECT r.type, r.id, r.version, r.seq, r.body::text AS body, r.hash, r.created_at, r.updated_at, r.origin,
    r.tax_versions, r.void
FROM gallery_feed AS f
JOIN record AS r ON r.gallery_id = f.gallery_id AND r.type = 'gallery' AND r.id = f.gallery_id
WHERE f.gallery_id > $1 AND ($2::text IS NULL OR strpos(r.search, $2) > 0)
ORDER BY f.gallery_id
LIMIT $3;

-- name: payments_of
-- $1 gallery, $2 ids of invoices -> invoice_id and the stored records of their payments, by invoice and change
SELECT r.invoice_id, r.type, r.id, r.version, r.seq, r.body::text AS body, r.hash, r.created_at, r.updated_at, r.origin,
    r.tax_versions, r.void
FROM record AS r
WHERE r.gallery_id = $1 AND r.invoice_id = ANY ($2::text[]) AND r.type = 'payment'
ORDER BY r.invoice_id, r.seq;

-- name: find_recorded_payment
-- $1 gallery, $2 invoice -> id of a payment or refund that counts, kind of the webservice it came from (NULL: the gallery
-- made it); no row when there is none
SELECT id, origin ->> 'kind' AS origin_kind FROM record
WHERE gallery_id = $1 AND invoice_id = $2 AND type = 'payment' AND status = 'recorded'
ORDER BY seq
LIMIT 1;

-- name: record_void
-- $1 gallery, $2 invoice, $3 {on, reason}
UPDATE record SET void = $3 WHERE gallery_id = $1 AND type = 'invoice' AND id = $2;

-- name: delete_invoice
-- $1 gallery, $2 invoice -> its id; no row when there is none
DELETE FROM record WHERE gallery_id = $1 AND type = 'invoice' AND id = $2 RETURNING id;
