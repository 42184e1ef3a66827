-- Every edition that is still kept, newest first, with the newest scoring job that wrote it.
SELECT
    editions.edition,
    editions.label,
    editions.status,
    editions.data_as_of,
    editions.is_pinned,
    editions.created_at,
    editions.published_at,
    editions.published_by,
    editions.publication_note,
    scored.result -> 'effects' AS effects
FROM ops.editions AS editions
LEFT JOIN LATERAL (
    SELECT result
    FROM ops.jobs
    WHERE kind = 'score' AND (result ->> 'edition')::integer = editions.edition
    ORDER BY job_id DESC
    LIMIT 1
) AS scored ON true
WHERE editions.status <> 'retired'
ORDER BY editions.edition DESC
