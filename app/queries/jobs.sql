-- Jobs, newest first. upload: only those of an upload, or NULL; most: jobs at most
SELECT *
FROM ops.jobs
WHERE %(upload)s::text IS NULL OR upload_id = %(upload)s
ORDER BY job_id DESC
LIMIT %(most)s
