-- Entries of the follow-up ledger, open ones first by deadline, each with its newest check by an edition.
-- ref: of the only entry, or null; violation_ids: of the only violations, or null; most: rows at most
SELECT
    entry.ref,
    entry.kind,
    entry.violation_id,
    entry.rule_id,
    entry.subject_layer,
    entry.subject_feature_id,
    entry.subject_name,
    entry.object_layer,
    entry.object_feature_id,
    entry.object_name,
    entry.enterprise_id,
    entry.pipeline_id,
    entry.town_name,
    entry.edition,
    entry.evidence,
    entry.office,
    entry.person,
    entry.opened_on,
    entry.due_on,
    entry.closed_on,
    entry.closed_reason,
    entry.created_at,
    checked.edition AS checked_edition,
    checked.state AS checked_state,
    checked.figures AS checked_figures
FROM ops.follow_ups AS entry
LEFT JOIN LATERAL (
    SELECT checks.edition, checks.state, checks.figures
    FROM ops.follow_up_checks AS checks
    WHERE checks.ref = entry.ref
    ORDER BY checks.edition DESC
    LIMIT 1
) AS checked ON true
WHERE
    (%(ref)s::text IS NULL OR entry.ref = %(ref)s)
    AND (%(violation_ids)s::text[] IS NULL OR entry.violation_id = ANY(%(violation_ids)s))
ORDER BY entry.closed_on IS NOT NULL, entry.due_on, entry.ref
LIMIT %(most)s
