-- Ask for a job. kind: a kind of job; arguments: JSON text; one_at_a_time: jobs that share it run in their order, or NULL;
-- upload: number of the upload, or NULL; requested_by: who asked
SELECT ops.start_job(%(kind)s, %(arguments)s::jsonb, %(one_at_a_time)s, %(upload)s, %(requested_by)s)
