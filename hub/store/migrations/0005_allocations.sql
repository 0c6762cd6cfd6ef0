-- Credit notes are read on a line of their own, and only where there are any.
ALTER TABLE webservice ADD COLUMN credit_cursor text;

CREATE INDEX entry_credit_note ON entry (gallery_id, webservice_id, remote_id)
    WHERE type = 'invoice' AND remote_id IS NOT NULL AND remote->>'credit_note' = 'true'
      AND remote->>'status' NOT IN ('voided', 'deleted');

-- Allocations by their credit note: those that were made there have "<credit note>:<their id>" as record_id.
CREATE INDEX entry_allocation ON entry (gallery_id, webservice_id, split_part(record_id, ':', 1)) WHERE type = 'allocation';

-- What older versions held until credit notes and refunds could go is judged again.
UPDATE entry e SET asked = asked + 1
FROM record r
WHERE e.state = 'held' AND e.reason = 'refused' AND e.remote_id IS NULL AND e.asked = e.judged
  AND r.gallery_id = e.gallery_id AND r.type = e.type AND r.id = e.record_id
  AND ((r.type = 'invoice' AND r.kind = 'credit_note') OR (r.type = 'payment' AND r.body->>'kind' = 'refund'));

INSERT INTO entry (gallery_id, id, webservice_id, type, record_id, invoice_id, sort_on)
SELECT r.gallery_id, gen_random_uuid()::text, w.id, 'allocation', r.id, r.body->>'applies_to', r.dated_on
FROM webservice w
JOIN record r ON r.gallery_id = w.gallery_id AND r.type = 'invoice' AND r.kind = 'credit_note'
WHERE w.organisation_id IS NOT NULL AND w.state <> 'disconnected' AND r.body->>'applies_to' IS NOT NULL;
