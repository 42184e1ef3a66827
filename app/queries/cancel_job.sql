-- Take a job back; false where it has ended. job_id: its number
SELECT ops.cancel_job(%(job_id)s)
