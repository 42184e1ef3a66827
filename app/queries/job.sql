-- One job. job_id: its number
SELECT *
FROM ops.jobs
WHERE job_id = %(job_id)s
