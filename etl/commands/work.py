"""Commands of the worker: worker, jobs, jobs cancel."""

from __future__ import annotations

import click

from etl.commands.output import AS_JSON, emit, say
from etl.postgis.migrate import migrate
from etl.work.queue import cancel_job, jobs
from layers.store import Place

STATES = {"waiting": "等待", "running": "进行中", "cancelling": "正在取消", "done": "完成", "failed": "失败", "cancelled": "已取消"}


@click.command("worker")
@click.option("--ends-with", type=int, hidden=True, help="Number of the process that started it and without which it ends.")
@click.pass_obj
def worker_command(place: Place, ends_with: int | None) -> None:
    """Run the jobs that the pages ask for until Ctrl+C; `serve` starts one beside itself."""
    # Imported here: the worker brings everything that loads and scores.
    from etl.work.worker import log_to_stderr, run_worker

    log_to_stderr()
    run_worker(place, ends_with=ends_with)


@click.group("jobs", invoke_without_command=True)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Newest jobs to show.")
@AS_JSON
@click.pass_context
def jobs_group(context: click.Context, limit: int, as_json: bool) -> None:
    """The jobs that the pages asked for, newest first."""
    if context.invoked_subcommand is not None:
        return
    place: Place = context.obj
    migrate(place.engine)
    with place.engine.connect() as connection:
        found = jobs(connection, limit=limit)
    if as_json:
        emit({"jobs": found})
        return
    for job in found:
        counted = f"{job['n_done']}/{job['n_total']}" if job["n_total"] else ""
        told = " ".join(filter(None, (job["error_zh"], job["error_en"]) if job["error_zh"] else (job["step_zh"], job["step_en"])))
        click.echo(f"  {job['job_id']:>5} {job['kind']:<12} {STATES[job['state']]} {job['state']:<10} "
                   f"{job['requested_at']:%Y-%m-%d %H:%M} {told} {counted}")


@jobs_group.command("cancel")
@click.argument("job_id", type=int)
@click.pass_obj
def cancel_command(place: Place, job_id: int) -> None:
    """Take job JOB_ID back: a waiting one at once, a running one at its next step."""
    migrate(place.engine)
    with place.engine.begin() as connection:
        cancel_job(connection, job_id)
    say(f"取消 cancel: 任务 job {job_id}")
