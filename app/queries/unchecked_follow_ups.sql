-- Entries that an edition has not been asked about; those closed before it are left alone. edition: its number
SELECT
    ref,
    violation_id,
    subject_layer,
    subject_feature_id,
    object_layer,
    object_feature_id
FROM ops.follow_ups AS entry
WHERE
    entry.edition <= %(edition)s
    AND NOT EXISTS (
        SELECT 1
        FROM ops.follow_up_checks AS checks
        WHERE checks.ref = entry.ref AND checks.edition = %(edition)s
    )
    AND (entry.closed_on IS NULL OR entry.closed_on >= (SELECT published_at::date FROM ops.editions WHERE edition = %(edition)s))
ORDER BY entry.ref
