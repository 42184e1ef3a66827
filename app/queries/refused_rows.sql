-- Refused rows of loads in force, newest load first.
-- load_id, source, rule: only those, or NULL; newest: only of the newest load of each source; text: part of value or
-- reason, or NULL; most: rows at most; skip: rows left out at the start
SELECT
    refused.load_id,
    refused.source_id,
    loads.title_zh,
    loads.title_en,
    loads.supplier,
    loads.supplier_en,
    refused.layer,
    refused.file,
    refused.source_row,
    refused.field,
    refused.value,
    refused.rule_id,
    refused.reason_zh,
    refused.reason_en,
    refused.advice_zh,
    refused.advice_en,
    loads.loaded_at
FROM ops.refused AS refused
INNER JOIN ops.loads_in_force AS loads USING (load_id)
WHERE
    (%(load_id)s::integer IS NULL OR refused.load_id = %(load_id)s)
    AND (%(source)s::text IS NULL OR refused.source_id = %(source)s)
    AND (%(rule)s::text IS NULL OR refused.rule_id = %(rule)s)
    AND (
        NOT %(newest)s
        OR refused.load_id = (SELECT max(other.load_id) FROM ops.loads_in_force AS other WHERE other.source_id = refused.source_id)
    )
    AND (
        %(text)s::text IS NULL
        OR strpos(lower(concat_ws(' ', refused.value, refused.reason_zh, refused.reason_en, refused.file)), lower(%(text)s)) > 0
    )
ORDER BY refused.load_id DESC, refused.file, refused.source_row, refused.rule_id
LIMIT %(most)s
OFFSET %(skip)s
