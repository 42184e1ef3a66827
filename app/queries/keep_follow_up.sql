-- Keep a new entry of the follow-up ledger under the next number of this year; the caller holds the lock of the cases.
-- kind, violation_id, rule_id, subject_..., object_..., enterprise_id, pipeline_id, town_name, edition: as the violation
-- has them; evidence: JSON text; office, person; opened_on, due_on: dates
WITH last AS (
    SELECT
        to_char(now(), 'YYYY') AS year,
        coalesce(max(split_part(ref, '-', 2)::integer), 0) + 1 AS number
    FROM ops.follow_ups
    WHERE ref ~ ('^Z' || to_char(now(), 'YYYY') || '-[0-9]+$')
)
INSERT INTO ops.follow_ups (
    ref,
    kind,
    violation_id,
    rule_id,
    subject_layer,
    subject_feature_id,
    subject_name,
    object_layer,
    object_feature_id,
    object_name,
    enterprise_id,
    pipeline_id,
    town_name,
    edition,
    evidence,
    office,
    person,
    opened_on,
    due_on
)
SELECT
    'Z' || year || '-' || lpad(number::text, greatest(4, length(number::text)), '0'),
    %(kind)s,
    %(violation_id)s,
    %(rule_id)s,
    %(subject_layer)s,
    %(subject_feature_id)s,
    %(subject_name)s,
    %(object_layer)s,
    %(object_feature_id)s,
    %(object_name)s,
    %(enterprise_id)s,
    %(pipeline_id)s,
    %(town_name)s,
    %(edition)s,
    %(evidence)s::jsonb,
    %(office)s,
    %(person)s,
    %(opened_on)s,
    %(due_on)s
FROM last
RETURNING ref
