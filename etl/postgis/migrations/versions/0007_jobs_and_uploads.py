"""Jobs of the worker (the tables of procrastinate, and what people see of a job), and what was uploaded on the page."""

from importlib import resources

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

JOBS_VIEW = """
CREATE VIEW ops.jobs AS
SELECT jobs.id AS job_id,
       jobs.task_name AS kind,
       CASE jobs.status::text
           WHEN 'todo' THEN 'waiting'
           WHEN 'doing' THEN CASE WHEN jobs.abort_requested THEN 'cancelling' ELSE 'running' END
           WHEN 'succeeded' THEN 'done'
           WHEN 'failed' THEN 'failed'
           ELSE 'cancelled'
       END AS state,
       notes.upload_id,
       jobs.args,
       jobs.attempts,
       notes.step_zh,
       notes.step_en,
       notes.n_done,
       notes.n_total,
       notes.requested_by,
       notes.requested_at,
       notes.started_at,
       notes.finished_at,
       notes.result,
       notes.error_zh,
       notes.error_en
FROM ops.procrastinate_jobs AS jobs
JOIN ops.job_notes AS notes ON notes.job_id = jobs.id
"""
START_JOB = """
CREATE FUNCTION ops.start_job(kind text, args jsonb, one_at_a_time text, upload_id text, requested_by text)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = ops, public
AS $$
DECLARE
    new_job bigint;
BEGIN
    new_job := (procrastinate_defer_jobs_v1(ARRAY[ROW(
        'default', kind, 0, one_at_a_time, NULL, args, NULL
    )::procrastinate_job_to_defer_v1]))[1];
    INSERT INTO job_notes (job_id, upload_id, requested_by) VALUES (new_job, start_job.upload_id, start_job.requested_by);
    RETURN new_job;
END;
$$
"""
CANCEL_JOB = """
CREATE FUNCTION ops.cancel_job(wanted bigint)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = ops, public
AS $$
BEGIN
    IF procrastinate_cancel_job_v1(wanted, true, false) IS NULL THEN
        RETURN false;
    END IF;
    UPDATE job_notes SET finished_at = now()
    FROM procrastinate_jobs AS jobs
    WHERE job_notes.job_id = wanted AND jobs.id = wanted AND jobs.status = 'cancelled';
    RETURN true;
END;
$$
"""


def _now(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    _make_queue()
    op.create_table(
        "uploads",
        sa.Column("upload_id", sa.Text(), primary_key=True, comment="folder below <home>/uploads"),
        sa.Column("title", sa.Text(), nullable=False, server_default=""),
        sa.Column("label", sa.Text(), nullable=False, server_default="", comment="delivery that the files belong to"),
        sa.Column("as_of", sa.Date(), comment="date up to which the data hold"),
        _now("created_at"),
        schema="ops",
    )
    op.create_table(
        "upload_files",
        sa.Column("upload_id", sa.Text(), sa.ForeignKey("ops.uploads.upload_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True, comment="name in the folder; made harmless"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        _now("uploaded_at"),
        schema="ops",
    )
    op.create_table(
        "upload_sources",
        sa.Column("upload_id", sa.Text(), sa.ForeignKey("ops.uploads.upload_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("source_id", sa.Text(), primary_key=True),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("decisions", JSONB(), nullable=False, comment="what a person confirmed: columns, units, codes, datum"),
        sa.Column("manifest", sa.Text(), nullable=False, comment="TOML made from the decisions"),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        _now("confirmed_at"),
        schema="ops",
    )
    op.create_table(
        "job_notes",
        sa.Column("job_id", sa.BigInteger(), sa.ForeignKey("ops.procrastinate_jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("upload_id", sa.Text(), sa.ForeignKey("ops.uploads.upload_id", ondelete="CASCADE")),
        sa.Column("step_zh", sa.Text()),
        sa.Column("step_en", sa.Text()),
        sa.Column("n_done", sa.BigInteger()),
        sa.Column("n_total", sa.BigInteger()),
        sa.Column("requested_by", sa.Text(), nullable=False, server_default=""),
        _now("requested_at"),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("result", JSONB()),
        sa.Column("error_zh", sa.Text()),
        sa.Column("error_en", sa.Text()),
        schema="ops",
    )
    op.create_index("job_notes_upload", "job_notes", ["upload_id"], schema="ops")
    for words in (JOBS_VIEW, START_JOB, CANCEL_JOB):
        op.execute(words)


def _make_queue() -> None:
    """The queue's own tables and functions, as its package brings them; they name each other without a schema."""
    words = resources.files("procrastinate.sql").joinpath("schema.sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    connection.exec_driver_sql("SET LOCAL search_path TO ops, public")
    connection.connection.cursor().execute(words)
    connection.exec_driver_sql("SET LOCAL search_path TO DEFAULT")
