"""What can be done with a study, each as the lines that it says while it is done."""

from collections.abc import Collection, Iterator
from pathlib import Path

from mtlhelpers.study.handing_out import HandOut, in_processes, on_cluster
from mtlhelpers.study.progress import run_lines, status_lines
from mtlhelpers.study.running import Study
from mtlhelpers.study.templates import fill_template, template_of
from mtlhelpers.study.tuning import write_grid


def study_lines(
    action: str,
    folder: Path,
    *,
    corpora: Collection[str] = (),
    jobs: int = 1,
    cluster: str | None = None,
    bar: bool = False,
) -> Iterator[str]:
    """Do one of "run", "status", "pack" and "choose" with the study in a folder.

    Args:
        action: which one.
        folder: of the study.
        corpora: only the runs on these, where any are named.
        jobs: how many runs at once, on this machine.
        cluster: the address of a Dask scheduler whose workers do the runs.
        bar: whether to show a progress bar.

    Raises:
        StudyError: where the study cannot go on; the message says why.
    """
    study = Study(folder, corpora)
    if action == "run":
        yield from run_lines(study, _way(jobs, cluster), bar)
    elif action == "status":
        yield from status_lines(study)
    elif action == "pack":
        yield f"packed {study.pack()}"
    elif (template := template_of(folder)) is not None:
        path, left_out = fill_template(template)
        yield f"wrote {path}"
        if left_out:
            yield f"left out, not tuned yet: {', '.join(left_out)}"
    else:
        yield f"wrote {write_grid(folder)}"


def _way(jobs: int, cluster: str | None) -> HandOut | None:
    """Who does the runs; None: this process, one after another."""
    if cluster:
        return on_cluster(cluster)
    return in_processes(jobs) if jobs > 1 else None
