-- Documents that a person linked are read by their ids, apart from the list of what our app created.
ALTER TABLE webservice ADD COLUMN linked_cursor text;

CREATE INDEX entry_linked ON entry (gallery_id, webservice_id, remote_id)
    WHERE type = 'invoice' AND remote_id IS NOT NULL AND (remote->>'ours') IS DISTINCT FROM 'true'
      AND remote->>'status' NOT IN ('voided', 'deleted');
