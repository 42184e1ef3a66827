"""Several processes for scoring, here or on a Dask cluster; Dask schedules, we only cut the work and wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from etl.stamps import installation_hash
from layers.errors import WorkersError
from layers.scoring.sharing import Share

if TYPE_CHECKING:
    from distributed import Client, Future

WAIT_S = 120
"""Seconds that a cluster without any worker is waited for."""
ATTEMPTS = 4
"""So often the parts that went down with a worker are given out again."""
CONNECT_S = 20


@contextmanager
def shared(workers: int = 1, scheduler: str = "") -> Iterator[Share | None]:
    """Processes that do work in parts, for a block: `workers` of this machine, or those of a scheduler's cluster.

    Parameters
    ----------
    workers : processes to start here; 1 means none, the work is done in this process
    scheduler : address such as ``tcp://10.0.0.5:8786``; its workers must run the same code

    Raises
    ------
    WorkersError
        No such scheduler, no worker, or workers of another version.
    """
    if not scheduler and workers < 2:
        yield None
        return
    # Imported here: what runs in one process starts without it.
    from distributed import Client, LocalCluster

    if scheduler:
        with _connected(scheduler) as client:
            yield DaskShare(client)
        return
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # without a dashboard too it listens, on a port that may be taken
        ) as cluster,
        Client(cluster) as client,
    ):
        yield DaskShare(client)


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_S)
    except (OSError, ValueError) as error:
        raise WorkersError(f"no Dask scheduler answers at {scheduler}: {error}") from error
    with client:
        _require_same_code(client, scheduler)
        versions = client.run(installation_hash)
        if not versions:
            raise WorkersError(f"the scheduler at {scheduler} has no worker; start `dask worker {scheduler}`")
        others = sorted(address for address, version in versions.items() if version != installation_hash())
        if others:
            raise WorkersError(f"workers of another version of the code, the rules or a library: {', '.join(others)}")
        yield client


def _require_same_code(client: Client, scheduler: str) -> None:
    """The scheduler itself reads what it hands on: it needs this code too."""
    try:
        version = client.run_on_scheduler(installation_hash)
    except ImportError as error:
        raise WorkersError(f"the scheduler at {scheduler} does not know this code: start it with this checkout as PYTHONPATH") from error
    if version != installation_hash():
        raise WorkersError(f"the scheduler at {scheduler} has another version of the code, the rules or a library")


class DaskShare:
    """Implements `Share` on a Dask client; parts whose worker was lost are done again by another one."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __call__(self, function: Callable[..., Any], items: Sequence[Any], *common: Any) -> list[Any]:
        """The function's results in the order of the items; an error of a part is raised here."""
        results: dict[int, Any] = {}
        for _ in range(ATTEMPTS):
            open_ = [number for number in range(len(items)) if number not in results]
            if not open_:
                return [results[number] for number in range(len(items))]
            self._wait_for_a_worker()
            results |= self._done({number: items[number] for number in open_}, function, common)
        if len(results) < len(items):
            raise WorkersError(f"{len(items) - len(results)} of {len(items)} parts were lost with their workers {ATTEMPTS} times")
        return [results[number] for number in range(len(items))]

    def _wait_for_a_worker(self) -> None:
        try:
            self._client.wait_for_workers(1, timeout=WAIT_S)
        except TimeoutError as error:
            raise WorkersError(f"no worker joined the cluster within {WAIT_S} s; start `dask worker` and run this again") from error

    def _done(self, items: dict[int, Any], function: Callable[..., Any], common: tuple[Any, ...]) -> dict[int, Any]:
        """Results of the parts whose worker and data lived long enough."""
        from distributed import as_completed
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError
        from distributed.scheduler import KilledWorker

        try:
            futures = self._given_out(items, function, common)
        except CommClosedError:
            return {}  # a worker went down while it was given its data; the caller gives all of it out again
        results = {}
        for future in as_completed(list(futures)):
            try:
                results[futures[future]] = future.result()
            except (FutureCancelledError, KilledWorker):
                continue  # its data went down with a worker; the caller gives the part out again
        return results

    def _given_out(self, items: dict[int, Any], function: Callable[..., Any], common: tuple[Any, ...]) -> dict[Future, int]:
        """Futures of the parts, each with its number."""
        spread = self._client.scatter(list(common), broadcast=True, hash=False) if common else []
        futures: dict[Future, int] = {}
        for number, item in items.items():
            part = self._client.scatter(item, hash=False)
            futures[self._client.submit(function, part, *spread, pure=False, retries=0)] = number
        return futures
