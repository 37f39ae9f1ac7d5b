"""Job files for other schedulers: read by their rules, or run with stand-ins for the cluster."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from helpers.cli.main import app
from helpers.core import ROOT

JOBS = ROOT / "helpers" / "training" / "cluster" / "jobs"

SBATCH = {
    "job-name": r"[\w-]+",
    "nodes": r"\d+(-\d+)?",
    "ntasks-per-node": r"\d+",
    "cpus-per-task": r"\d+",
    "gpus-per-node": r"([a-z]\w*:)?\d+",
    "mem": r"\d+[KMGT]?",
    "time": r"(\d+-)?\d{1,2}:\d{2}:\d{2}",
    "signal": r"([BR]+:)?[A-Z]+(@\d+)?",
    "requeue": None,
    "open-mode": r"append|truncate",
    "output": r"\S+",
}
"""Options of sbatch and what they take, from its manual."""

STAND_IN = """#!/bin/bash
echo "$(basename "$0") $*" >> "$CALLS"
case "$(basename "$0")" in
  scontrol) test "$1" = show && echo node1 && sleep 0.2 && printf 'node2\\nnode3\\n' ;;
  srun) while [ "${1#--}" != "$1" ]; do shift; done; exec "$@" ;;
  hostname) echo "127.0.0.1 10.0.0.9" ;;
  ray) case "$*" in *--head*) exec python3 -c "$LISTEN" ;; *) exec sleep 60 ;; esac ;;
  dermbook) until grep -q "^ray start --address" "$CALLS"; do sleep 0.1; done; exit "$STATUS" ;;
esac
"""

LISTEN = """
import os, socket
server = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    server.accept()[0].close()
"""


def directives(script: str) -> dict[str, str | None]:
    """Options of a job file; only lines before the first command count, as for sbatch."""
    found: dict[str, str | None] = {}
    for line in script.splitlines()[1:]:
        if not line.startswith("#") and line.strip():
            break
        if line.startswith("#SBATCH"):
            for word in shlex.split(line.removeprefix("#SBATCH"), comments=True):
                name, mark, value = word.removeprefix("--").partition("=")
                found[name] = value if mark else None
    return found


def sbatch_problems(script: str) -> list[str]:
    """Options that sbatch would not take."""
    problems = [] if script.startswith("#!") else ["no interpreter in the first line"]
    for name, value in directives(script).items():
        if name not in SBATCH:
            problems.append(f"{name} is no option")
        elif (SBATCH[name] is None) != (value is None):
            problems.append(f"{name} takes {'no' if SBATCH[name] is None else 'a'} value")
        elif value is not None and not re.fullmatch(str(SBATCH[name]), value):
            problems.append(f"{name} does not take {value}")
    return problems


def options_of(command: str) -> set[str]:
    """Options that ``dermbook COMMAND`` has."""
    group = typer.main.get_command(app)
    return {name for parameter in group.commands[command].params for name in parameter.opts}  # type: ignore[attr-defined]


def assert_is_a_command(words: list[str]) -> None:
    """``dermbook`` has this subcommand with these options."""
    group: Any = typer.main.get_command(app)
    while words and words[0] in getattr(group, "commands", {}):
        group = group.commands[words.pop(0)]
    assert not hasattr(group, "commands") or words == []
    known = {name for parameter in group.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.fixture
def slurm() -> str:
    """The job file of SLURM."""
    return (JOBS / "slurm.sbatch").read_text(encoding="utf-8")


def test_sbatch_takes_the_options(slurm: str) -> None:
    """All are read, and a worse copy is found out."""
    assert sbatch_problems(slurm) == []
    assert directives(slurm)["nodes"] == "4"
    for old, new in (("--nodes=4", "--node=4"), ("24:00:00", "24h"), ("--requeue", "--requeue=1")):
        assert len(sbatch_problems(slurm.replace(old, new))) == 1
    late = slurm.replace("#SBATCH --mem=48G\n", "") + "#SBATCH --mem=48G\n"
    assert "mem" not in directives(late)


@pytest.mark.parametrize("status", [0, 1])
def test_the_slurm_job_runs(slurm: str, tmp_path: Path, status: int) -> None:
    """With stand-ins: a head, two machines, the report with the head's address, its exit status."""
    from socket import create_server

    with create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    for name in ("scontrol", "srun", "hostname", "ray", "dermbook"):
        (tmp_path / name).write_text(STAND_IN)
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"
    variables = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "LISTEN": LISTEN,
        "PORT": str(port),
        "BIN": str(tmp_path),
        "STORAGE": "/shared/kept",
        "STATUS": str(status),
        "SLURM_JOB_NODELIST": "node[1-3]",
        "SLURM_JOB_NUM_NODES": "3",
        "SLURM_CPUS_PER_TASK": "8",
        "SLURM_GPUS_ON_NODE": "1",
        "SLURM_JOB_ID": "7",
    }
    done = subprocess.run(
        ["bash", str(JOBS / "slurm.sbatch")],
        env=os.environ | variables,
        cwd=tmp_path,
        check=False,
        timeout=120,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert done.returncode == status
    lines = calls.read_text().splitlines()
    (head,) = [line for line in lines if line.startswith("ray ") and "--head" in line]
    (machine,) = [line for line in lines if line.startswith("ray ") and "--address" in line]
    assert f"--port={port}" in head and "--num-cpus=8 --num-gpus=1 --block" in head
    assert f"--address=127.0.0.1:{port}" in machine
    assert any(line.startswith("srun") and "--nodes=2 " in line for line in lines)
    (report,) = [line for line in lines if line.startswith("dermbook ")]
    words = shlex.split(report)[1:]
    assert words[words.index("--address") + 1] == f"127.0.0.1:{port}"
    assert words[words.index("--storage") + 1] == "/shared/kept"
    assert_is_a_command(words)


def test_the_ray_job_is_one(slurm: str) -> None:
    """Fields of KubeRay's RayJob, the locked version of Ray, mounts that exist, a real command."""
    job = yaml.safe_load((JOBS / "rayjob.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    spec = job["spec"]
    assert spec.keys() <= {
        "entrypoint",
        "shutdownAfterJobFinishes",
        "ttlSecondsAfterFinished",
        "backoffLimit",
        "rayClusterSpec",
    }
    cluster = spec["rayClusterSpec"]
    lock = (ROOT / "requirements-scale.lock").read_text(encoding="utf-8")
    assert f"\nray=={cluster['rayVersion']} " in lock
    groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    for group in groups:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        pod = group["template"]["spec"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
            resources = container["resources"]
            assert resources["requests"] == resources["limits"]
    (workers,) = cluster["workerGroupSpecs"]
    assert workers["minReplicas"] <= workers["replicas"] <= workers["maxReplicas"]
    words = shlex.split(spec["entrypoint"])
    assert words[0].endswith("/dermbook")
    assert words[words.index("--address") + 1] == "$RAY_ADDRESS"  # which Ray sets for a job
    assert_is_a_command(words[1:])


def test_the_workflow_calls_what_there_is() -> None:
    """Targets and variables of the Makefile, commands of dermbook, and files that a run writes."""
    text = (JOBS / "github-workflow.yml").read_text(encoding="utf-8")
    flow = yaml.safe_load(text)
    assert set(flow[True]) == {"push", "workflow_dispatch"}  # YAML reads "on" as a truth
    steps = flow["jobs"]["report"]["steps"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for command in [step["run"] for step in steps if "run" in step]:
        first, *words = shlex.split(command)
        if first == "make":
            target, *variables = words
            assert re.search(rf"^{target}:", makefile, re.M)
            for variable in variables:
                assert re.search(rf"^{variable.partition('=')[0]} \?=", makefile, re.M)
        else:
            assert first == ".venv/bin/dermbook"
            assert_is_a_command(words)
    published = next(step["with"]["path"] for step in steps if step.get("name") == "Publish")
    names = {Path(line).name for line in published.split()}
    assert names == {"report.pdf", "report.html", "manifest.json"}
    kept = [step["with"]["path"] for step in steps if "actions/cache" in step.get("uses", "")]
    assert flow["env"]["DERMBOOK_HOME"].endswith(kept[1])
    assert all(
        re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"]) for step in steps if "uses" in step
    )


def test_the_page_names_what_there_is() -> None:
    """Files beside it, and options of the command."""
    page = (JOBS / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w-]+\.(?:sbatch|ya?ml))`", page):
        assert (JOBS / name).is_file()
    for target in re.findall(r"\]\((\.\.[^)]+)\)", page):
        assert (JOBS / target).resolve().is_file()
    assert options_of("report") >= {"--executor", "--address", "--storage"}
    assert options_of("trial") >= {"--executor", "--address", "--storage"}
