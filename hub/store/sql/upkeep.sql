-- name: confirm
-- $1 gallery, $2 webservice -> nothing; a person said that the settings are right
UPDATE webservice SET confirmed_at = coalesce(confirmed_at, clock_timestamp()) WHERE gallery_id = $1 AND id = $2;

-- name: note_change
-- $1 gallery, $2 webservice -> nothing; if it sends changes by itself, it looks when things went quiet
UPDATE webservice
SET changed_at = coalesce(changed_at, clock_timestamp()),
    quiet_at = least(coalesce(changed_at, clock_timestamp()) + waiting(60), clock_timestamp() + waiting(8))
WHERE gallery_id = $1 AND id = $2 AND state IN ('ready', 'paused', 'reauthorize')
  AND coalesce((settings->>'scheduled')::boolean, false) AND coalesce((settings->>'on_change')::boolean, false);

-- name: note_remote_change
-- $1 gallery, $2 webservice -> nothing; if it runs by itself, it looks when things went quiet there
UPDATE webservice
SET changed_at = coalesce(changed_at, clock_timestamp()),
    quiet_at = least(coalesce(changed_at, clock_timestamp()) + waiting(60), clock_timestamp() + waiting(8))
WHERE gallery_id = $1 AND id = $2 AND state IN ('ready', 'paused', 'reauthorize')
  AND coalesce((settings->>'scheduled')::boolean, false);

-- name: close
-- $1 gallery, $2 webservice -> nothing; a disconnected webservice is never due and has no grant
UPDATE webservice SET grant_id = NULL, consent_id = NULL, due_at = NULL, scheduled_at = NULL, changed_at = NULL,
                      quiet_at = NULL
WHERE gallery_id = $1 AND id = $2;

-- name: renumber
-- $1 gallery, $2 webservice, $3 at most -> ids; held for their number and nothing of theirs may stand there: a new one
UPDATE entry SET number = NULL, asked = asked + 1, next_try_at = NULL, updated_at = clock_timestamp()
WHERE (gallery_id, id) IN (
    SELECT e.gallery_id, e.id FROM entry e
    WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'invoice' AND e.state = 'held'
      AND e.reason IN ('number_taken', 'number_void') AND e.number IS NOT NULL AND e.remote_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM write w
                      WHERE w.gallery_id = e.gallery_id AND w.entry_id = e.id
                        AND (w.outcome IS NULL OR w.outcome IN ('accepted', 'present')))
    LIMIT $3)
RETURNING id;

-- name: find_entry
-- $1 gallery, $2 webservice, $3 entry -> the row, locked until the transaction ends
SELECT * FROM entry WHERE gallery_id = $1 AND webservice_id = $2 AND id = $3 FOR UPDATE;

-- name: move_batches
-- $1 gallery, $2 from webservice, $3 to webservice -> nothing; what is open is settled by who took the entries over
UPDATE batch SET webservice_id = $3 WHERE gallery_id = $1 AND webservice_id = $2 AND state <> 'known';

-- name: invoices_of_contacts
-- $1 gallery, $2 webservice, $3 contacts, $4 at most -> record ids of their invoices that are held or wait
SELECT e.record_id FROM entry e
JOIN record r ON r.gallery_id = e.gallery_id AND r.type = 'invoice' AND r.id = e.record_id
WHERE e.gallery_id = $1 AND e.webservice_id = $2 AND e.type = 'invoice' AND e.state IN ('held', 'waiting')
  AND r.contact_id = any($3::text[])
ORDER BY e.record_id LIMIT $4;

-- name: problem_entries
-- $1 gallery, $2 webservice, $3 problem, $4 at most -> type, record_id, invoice_id of the entries it blocks
SELECT type, record_id, invoice_id FROM entry
WHERE gallery_id = $1 AND webservice_id = $2 AND problem_id = $3 AND state IN ('held', 'conflict')
LIMIT $4;
