-- The load that a feature came with, from the ledger: for editions that do not hold their loads themselves.
-- load_id
SELECT load_id, source_id, title_zh, title_en, supplier, supplier_en, delivery_label, as_of, loaded_at, files, NULL AS conversions, NULL AS confirmed
FROM ops.loads
WHERE load_id = %(load_id)s
