-- name: ask_documents
-- $1 gallery, $2 types, $3 ids (pairs) -> nothing; entries of every live webservice with an organisation are asked
INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, invoice_id, sort_on)
SELECT r.gallery_id, gen_random_uuid()::text, w.id, r.type, r.id, r.invoice_id, r.dated_on
FROM webservice w
CROSS JOIN unnest($2::text[], $3::text[]) AS asked_for (type, id)
CROSS JOIN LATERAL (SELECT * FROM record
                    WHERE gallery_id = $1 AND id = asked_for.id AND type = asked_for.type LIMIT 1) AS r
WHERE w.gallery_id = $1 AND w.organisation_id IS NOT NULL AND w.state <> 'disconnected'
ON CONFLICT ON CONSTRAINT entry_record
DO UPDATE SET asked = entry.asked + 1, sort_on = excluded.sort_on, invoice_id = excluded.invoice_id, attempts = 0,
              next_try_at = NULL;

-- name: ask_dependents
-- $1 gallery, $2 changed contacts, $3 changed invoices, $4 changed tax codes -> nothing
-- Contacts in the books, invoices that wait for a contact or tax code, payments that wait for an invoice.
UPDATE entry e SET asked = e.asked + 1, attempts = 0, next_try_at = NULL
WHERE e.gallery_id = $1 AND (
    (e.type = 'contact' AND e.record_id = any($2::text[]))
    OR (e.type = 'payment' AND e.invoice_id = any($3::text[]) AND e.state IN ('waiting', 'held', 'left_out'))
    OR (e.type = 'invoice' AND e.state IN ('held', 'waiting') AND e.record_id IN (
            SELECT r.id FROM record r
            WHERE r.gallery_id = $1 AND r.type = 'invoice' AND r.contact_id = any($2::text[])))
    OR (e.type = 'invoice' AND cardinality($4::text[]) > 0 AND e.state = 'held'
        AND e.reason IN ('tax_code_missing', 'tax_mapping')));

-- name: ask_allocations
-- $1 gallery, $2 changed invoices and credit notes, $3 changed payments -> nothing; a credit note that applies to an
-- invoice has an allocation in every live webservice with an organisation, asked when either changes or what pays them
-- does. One that stands keeps its invoice until it was taken off.
WITH changed AS (
    SELECT id FROM unnest($2::text[]) AS id
    UNION
    SELECT r.invoice_id FROM unnest($3::text[]) AS paying (id)
    CROSS JOIN LATERAL (SELECT invoice_id FROM record
                        WHERE gallery_id = $1 AND id = paying.id AND type = 'payment' LIMIT 1) AS r
), made AS (
    INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, invoice_id, sort_on)
    SELECT r.gallery_id, gen_random_uuid()::text, w.id, 'allocation', r.id, r.body->>'applies_to', r.dated_on
    FROM webservice w
    CROSS JOIN unnest($2::text[]) AS note (id)
    CROSS JOIN LATERAL (SELECT * FROM record
                        WHERE gallery_id = $1 AND id = note.id AND type = 'invoice' LIMIT 1) AS r
    WHERE w.gallery_id = $1 AND w.organisation_id IS NOT NULL AND w.state <> 'disconnected'
      AND r.kind = 'credit_note' AND r.body->>'applies_to' IS NOT NULL
    ON CONFLICT ON CONSTRAINT entry_record
    DO UPDATE SET asked = entry.asked + 1, sort_on = excluded.sort_on, attempts = 0, next_try_at = NULL,
                  invoice_id = CASE WHEN entry.remote_id IS NOT NULL
                                     AND entry.remote->>'status' NOT IN ('voided', 'deleted')
                                    THEN entry.invoice_id ELSE excluded.invoice_id END
    RETURNING id
)
UPDATE entry e SET asked = e.asked + 1, attempts = 0, next_try_at = NULL
WHERE e.gallery_id = $1 AND e.type = 'allocation' AND e.asked = e.judged AND strpos(e.record_id, ':') = 0
  AND (e.record_id IN (SELECT id FROM changed) OR e.invoice_id IN (SELECT id FROM changed))
  AND e.id NOT IN (SELECT id FROM made);

-- name: ask_payments_of
-- $1 gallery, $2 webservice, $3 invoices -> nothing; payments that wait for them are judged again
UPDATE entry SET asked = asked + 1
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'payment' AND invoice_id = any($3::text[])
  AND asked = judged AND (state IN ('waiting', 'left_out')
                          OR (state = 'held' AND reason IN ('exceeds_due', 'possible_duplicate_payment')));

-- name: ask_invoices_of_contacts
-- $1 gallery, $2 webservice, $3 contacts -> record ids; invoices that were held for their contact are judged again
UPDATE entry e SET asked = e.asked + 1
FROM record r
WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'invoice' AND e.state IN ('held', 'waiting')
  AND e.asked = e.judged
  AND r.gallery_id = e.gallery_id AND r.type = 'invoice' AND r.id = e.record_id AND r.contact_id = any($3::text[])
RETURNING e.record_id;

-- name: ask_settled_by
-- $1 gallery, $2 webservice, $3 cancelled payments -> record ids of invoices; what a payment taken back frees is judged
-- again: the payment itself, its invoice, the invoice's other payments
UPDATE entry e SET asked = e.asked + 1
FROM entry p
WHERE p.gallery_id = $1 AND p.webservice_id = $2 AND p.type = 'payment' AND p.record_id = any($3::text[])
  AND e.gallery_id = $1 AND e.webservice_id = $2
  AND ((e.type = 'payment' AND e.record_id = p.record_id)
       OR (e.type = 'invoice' AND e.record_id = p.invoice_id)
       OR (e.type = 'payment' AND e.invoice_id = p.invoice_id AND e.asked = e.judged AND e.state IN ('held', 'waiting')))
RETURNING e.record_id;

-- name: ask_again
-- $1 gallery, $2 webservice, $3 states, $4 reasons (NULL: all), $5 at most -> ids; a changed book re-asks in chunks
UPDATE entry SET asked = asked + 1, next_try_at = NULL
WHERE (gallery_id, id) IN (
    SELECT gallery_id, id FROM entry
    WHERE gallery_id = $1 AND webservice_id = $2 AND state = any($3::text[]) AND asked = judged
      AND ($4::text[] IS NULL OR reason = any($4::text[]))
    LIMIT $5)
RETURNING id;

-- name: ask_entries
-- $1 gallery, $2 webservice, $3 ids, $4 forced, $5 distinct -> ids
UPDATE entry SET asked = asked + 1, forced = forced OR $4, is_distinct = is_distinct OR $5, attempts = 0,
                 next_try_at = NULL
WHERE gallery_id = $1 AND webservice_id = $2 AND id = any($3::text[])
RETURNING id;

-- name: resync
-- $1 gallery, $2 invoice -> ids; compared and sent again whatever its age, with its payments
UPDATE entry SET asked = asked + 1, forced = forced OR type = 'invoice', attempts = 0, next_try_at = NULL
WHERE gallery_id = $1 AND ((type = 'invoice' AND record_id = $2) OR (type = 'payment' AND invoice_id = $2)
                           OR (type = 'allocation' AND (record_id = $2 OR invoice_id = $2)))
RETURNING id;

-- name: ask_due_tries
-- $1 gallery, $2 webservice, $3 only these invoices and their payments (NULL: all) -> nothing
-- What waited for its next try is due now, as are invoices that wait for a contact.
UPDATE entry SET asked = asked + 1, next_try_at = NULL
WHERE gallery_id = $1 AND webservice_id = $2 AND state = 'waiting' AND asked = judged
  AND ($3::text[] IS NULL OR type = 'contact' OR coalesce(invoice_id, record_id) = any($3::text[])
       OR (type = 'allocation' AND record_id = any($3::text[])))
  AND (next_try_at <= clock_timestamp() OR (next_try_at IS NULL AND type IN ('invoice', 'allocation')));

-- name: enrol
-- $1 gallery, $2 webservice, $3 after (id of the record), $4 type, $5 at most -> record ids, in order
WITH page AS (
    SELECT gallery_id, type, id, invoice_id, dated_on FROM record
    WHERE gallery_id = $1 AND type = $4 AND id > $3
    ORDER BY id LIMIT $5
), made AS (
    INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, invoice_id, sort_on)
    SELECT gallery_id, gen_random_uuid()::text, $2, type, id, invoice_id, dated_on FROM page
    ON CONFLICT ON CONSTRAINT entry_record DO UPDATE SET asked = entry.asked + 1
), allocations AS (
    INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, invoice_id, sort_on)
    SELECT r.gallery_id, gen_random_uuid()::text, $2, 'allocation', r.id, r.body->>'applies_to', r.dated_on
    FROM page JOIN record r ON r.gallery_id = page.gallery_id AND r.type = page.type AND r.id = page.id
    WHERE r.type = 'invoice' AND r.kind = 'credit_note' AND r.body->>'applies_to' IS NOT NULL
    ON CONFLICT ON CONSTRAINT entry_record DO UPDATE SET asked = entry.asked + 1
)
SELECT id FROM page ORDER BY id;

-- name: take_over
-- $1 gallery, $2 from webservice, $3 to webservice -> nothing; entries belong to (gallery, kind, organisation)
UPDATE entry SET webservice_id = $3, asked = asked + 1 WHERE gallery_id = $1 AND webservice_id = $2;

-- name: take_over_contacts
-- $1 gallery, $2 from webservice, $3 to webservice -> nothing
UPDATE remote_contact SET webservice_id = $3, staged = NULL, claims = 0, claimed_by = NULL
WHERE gallery_id = $1 AND webservice_id = $2;

-- name: take_over_origins
-- $1 gallery, $2 from webservice, $3 to webservice -> nothing; what came from there goes on coming from there
UPDATE record SET origin = jsonb_set(origin, '{webservice_id}', to_jsonb($3::text))
WHERE gallery_id = $1 AND origin ->> 'webservice_id' = $2;

-- name: due
-- $1 gallery, $2 webservice, $3 type, $4 only these records (NULL: all), $5 at most -> rows, oldest date first
-- With $4, payments are chosen by their invoice, allocations by that or their credit note.
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3
  AND asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown'))
  AND ($4::text[] IS NULL OR coalesce(invoice_id, record_id) = any($4::text[])
       OR (type = 'allocation' AND record_id = any($4::text[])))
ORDER BY sort_on NULLS FIRST, record_id
LIMIT $5;

-- name: due_contacts
-- $1 gallery, $2 webservice, $3 at most -> contacts that stand there and are to be judged
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'contact' AND remote_id IS NOT NULL
  AND asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown'))
ORDER BY record_id
LIMIT $3;

-- name: count_due
-- $1 gallery, $2 webservice, $3 only these invoices (NULL: all) -> n
SELECT count(*) FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type IN ('invoice', 'payment', 'allocation')
  AND asked > judged AND (state IS NULL OR state NOT IN ('sending', 'unknown'))
  AND ($3::text[] IS NULL OR coalesce(invoice_id, record_id) = any($3::text[])
       OR (type = 'allocation' AND record_id = any($3::text[])));

-- name: by_records
-- $1 gallery, $2 webservice, $3 type, $4 record ids -> rows
SELECT * FROM entry WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3 AND record_id = any($4::text[]);

-- name: by_ids
-- $1 gallery, $2 ids -> rows, locked in one order until the transaction ends
SELECT * FROM entry WHERE gallery_id = $1 AND id = any($2::text[]) ORDER BY id FOR UPDATE;

-- name: by_remote_ids
-- $1 gallery, $2 webservice, $3 type, $4 remote ids -> rows
SELECT * FROM entry WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3 AND remote_id = any($4::text[])
ORDER BY id FOR UPDATE;

-- name: by_numbers
-- $1 gallery, $2 webservice, $3 type, $4 numbers -> rows
SELECT * FROM entry WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3 AND number = any($4::text[])
ORDER BY id FOR UPDATE;

-- name: payments_of
-- $1 gallery, $2 webservice, $3 invoices -> rows of payment entries
SELECT * FROM entry WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'payment' AND invoice_id = any($3::text[]);

-- name: ensure
-- $1 gallery, $2 webservice, $3 type, $4 record ids -> nothing; makes the entries that are missing
INSERT INTO entry (gallery_id, id, webservice_id, type, record_id)
SELECT $1, gen_random_uuid()::text, $2, $3, wanted FROM unnest($4::text[]) AS wanted
ON CONFLICT ON CONSTRAINT entry_record DO NOTHING;

-- name: save
-- $1 gallery, $2 entries as an array of objects -> ids of those nobody changed since they were read; all but asked is
-- replaced
UPDATE entry e
SET judged = x.judged, state = x.state, reason = x.reason, message = x.message, remedy = x.remedy,
    problem_id = x.problem_id, number = x.number, remote_id = x.remote->>'id', remote = x.remote, sent = x.sent,
    frozen = x.frozen, forced = x.forced OR (e.forced AND e.asked > x.judged),
    is_distinct = x.is_distinct OR (e.is_distinct AND e.asked > x.judged), attempts = x.attempts,
    next_try_at = x.next_try_at, resolution = x.resolution, updated_at = clock_timestamp()
FROM jsonb_to_recordset($2::jsonb) AS x (
    id text, judged bigint, state text, reason text, message text, remedy text, problem_id text, number text,
    remote jsonb, sent jsonb, frozen boolean, forced boolean, is_distinct boolean, attempts integer,
    next_try_at timestamptz, resolution jsonb, updated_at timestamptz)
WHERE e.gallery_id = $1 AND e.id = x.id AND e.updated_at = x.updated_at
RETURNING e.id;

-- name: add_history
-- $1 gallery, $2 entry ids, $3 texts -> nothing
INSERT INTO entry_history (gallery_id, entry_id, text) SELECT $1, * FROM unnest($2::text[], $3::text[]);

-- name: history
-- $1 gallery, $2 entry ids -> entry_id, at, text; oldest first, the last 200 of each
SELECT entry_id, at, text FROM (
    SELECT entry_id, at, text, n, row_number() OVER (PARTITION BY entry_id ORDER BY n DESC) AS back
    FROM entry_history WHERE gallery_id = $1 AND entry_id = any($2::text[])) AS recent
WHERE back <= 200
ORDER BY entry_id, n;

-- name: of_records
-- $1 gallery, $2 type, $3 record ids -> rows with the webservice's kind and organisation, live webservices first
SELECT e.*, w.kind, w.organisation FROM entry e
JOIN webservice w ON w.gallery_id = e.gallery_id AND w.id = e.webservice_id
WHERE e.gallery_id = $1 AND e.type = $2 AND e.record_id = any($3::text[])
ORDER BY e.record_id, w.created_at;

-- name: any_in_books
-- $1 gallery, $2 type, $3 record -> true when it stands in any books, or its fate there is not known
SELECT EXISTS (SELECT 1 FROM entry WHERE gallery_id = $1 AND type = $2 AND record_id = $3
               AND (remote_id IS NOT NULL OR state IN ('sending', 'unknown')));

-- name: page
-- $1 gallery, $2 webservice, $3 state shown, $4 type, $5 problem, $6 record, $7 after id, $8 limit -> rows by id
SELECT * FROM (
    SELECT *, CASE WHEN state IN ('sending', 'unknown') THEN state
                   WHEN state IS NULL OR asked > judged THEN 'pending'
                   ELSE state END AS shown
    FROM entry WHERE gallery_id = $1 AND webservice_id = $2) AS e
WHERE ($3::text IS NULL OR shown = $3) AND ($4::text IS NULL OR type = $4) AND ($5::text IS NULL OR problem_id = $5)
  AND ($6::text IS NULL OR record_id = $6) AND ($7::text IS NULL OR id > $7)
ORDER BY id LIMIT $8;

-- name: in_books_page
-- $1 gallery, $2 webservice, $3 type, $4 after id, $5 limit, $6 from date, $7 to date -> rows with a remote id, by id
SELECT * FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND type = $3 AND remote_id IS NOT NULL AND id > $4
  AND ($6::date IS NULL OR sort_on >= $6) AND ($7::date IS NULL OR sort_on <= $7)
ORDER BY id LIMIT $5;

-- name: not_in_books_page
-- $1 gallery, $2 webservice, $3 after id, $4 limit, $5 from date, $6 to date -> entries without remote, with the record's
-- total; allocations only as long as something is to be applied
SELECT e.id, e.type, e.record_id, e.reason, r.amount, r.currency,
       CASE WHEN e.state IN ('sending', 'unknown') THEN e.state
            WHEN e.state IS NULL OR e.asked > e.judged THEN 'pending'
            ELSE e.state END AS shown
FROM entry e
LEFT JOIN record r ON r.gallery_id = e.gallery_id AND r.type = e.type AND r.id = e.record_id
WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.remote_id IS NULL AND e.id > $3
  AND ((e.type IN ('invoice', 'payment') AND r.id IS NOT NULL)
       OR (e.type = 'allocation' AND (e.asked > e.judged OR e.state NOT IN ('synced', 'voided', 'resolved', 'left_out'))))
  AND ($5::date IS NULL OR e.sort_on >= $5) AND ($6::date IS NULL OR e.sort_on <= $6)
ORDER BY e.id LIMIT $4;

-- name: next_try
-- $1 gallery, $2 webservice -> when the next waiting or unknown entry is to be looked at, or NULL
SELECT min(next_try_at) FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND state IN ('waiting', 'unknown') AND next_try_at IS NOT NULL;

-- name: held_reasons
-- $1 gallery, $2 webservice -> the reasons for which entries are held
SELECT DISTINCT reason FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND state = 'held';

-- name: problem_ids
-- $1 gallery, $2 entries -> id, problem_id as stored now
SELECT id, problem_id FROM entry WHERE gallery_id = $1 AND id = any($2::text[]);

-- name: count_new
-- $1 gallery, $2 webservice, $3 at most (counts up to one more) -> how many due invoices never stood there
SELECT count(*) FROM (
    SELECT 1 FROM entry
    WHERE gallery_id = $1 AND webservice_id = $2 AND type = 'invoice' AND remote_id IS NULL AND asked > judged
      AND (state IS NULL OR state NOT IN ('sending', 'unknown', 'left_out'))
    LIMIT $3 + 1) AS capped;
