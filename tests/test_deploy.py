"""The job that a cluster is given: as KubeRay reads it, and as our own command does."""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from cmrclip_lite.cli import _parser

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema = json.loads((ROOT / "tests" / "data" / "rayjob.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def job() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "deploy" / "rayjob.yaml").read_text(encoding="utf-8"))


def groups(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pods of each group by its name."""
    cluster = job["spec"]["rayClusterSpec"]
    workers = {group["groupName"]: group for group in cluster["workerGroupSpecs"]}
    return {"head": cluster["headGroupSpec"], **workers}


def container(group: dict[str, Any]) -> dict[str, Any]:
    (only,) = group["template"]["spec"]["containers"]
    return only


def pinned(package: str) -> str:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    return re.search(rf"^{package}==(\S+)", text, re.MULTILINE)[1]


def test_the_job_is_one_that_kuberay_takes(job, validator) -> None:
    assert [error.message for error in validator.iter_errors(job)] == []


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda job: job.update(kind="RayJobs"), "'RayJob' was expected"),
        (lambda job: job["spec"].pop("entrypoint"), "'entrypoint' is a required"),
        (lambda job: job["spec"].update(backOffLimit=3), "'backOffLimit' was unexpected"),
        (lambda job: groups(job)["readers"].update(replicas="4"), "'4' is not of type 'integer'"),
        (lambda job: groups(job)["head"]["rayStartParams"].update(x=0), "0 is not of type 'string"),
        (lambda job: container(groups(job)["models"]).pop("image"), "'image' is a required"),
        (lambda job: container(groups(job)["models"]).update(mounts=[]), "'mounts' was unexpect"),
    ],
)
def test_a_mistake_in_the_job_is_seen(
    job, validator, spoil: Callable[[dict[str, Any]], object], problem: str
) -> None:
    spoiled = copy.deepcopy(job)
    spoil(spoiled)
    assert any(problem in error.message for error in validator.iter_errors(spoiled))


def test_every_node_has_the_ray_that_is_tested_and_one_image(job) -> None:
    assert job["spec"]["rayClusterSpec"]["rayVersion"] == pinned("ray")
    assert f"FROM rayproject/ray:{pinned('ray')}-py311" in DOCKERFILE
    (image,) = {container(group)["image"] for group in groups(job).values()}
    assert image in DOCKERFILE


def test_the_head_does_no_work_and_each_model_has_a_gpu(job) -> None:
    head, readers, models = (groups(job)[name] for name in ("head", "readers", "models"))
    assert head["rayStartParams"] == {"num-cpus": "0", "num-gpus": "0"}
    limits = [container(group)["resources"]["limits"] for group in (head, readers, models)]
    assert [limit.get("nvidia.com/gpu") for limit in limits] == [None, None, "1"]


def test_what_is_asked_for_is_what_is_given(job) -> None:
    """Pods that use more than they ask for are the first to be put out."""
    for name, group in groups(job).items():
        resources = container(group)["resources"]
        assert resources["requests"] == resources["limits"], name
        if name != "head":
            assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"], name


def test_every_node_sees_the_same_exams_and_the_head_alone_writes(job) -> None:
    claims = set()
    for name, group in groups(job).items():
        (mount,) = container(group)["volumeMounts"]
        (volume,) = group["template"]["spec"]["volumes"]
        assert mount["name"] == volume["name"], name
        assert mount.get("readOnly", False) == (name != "head"), name
        claims.add((mount["mountPath"], volume["persistentVolumeClaim"]["claimName"]))
    assert len(claims) == 1


def test_the_command_of_the_job_is_one_of_ours(job) -> None:
    program, *words = shlex.split(job["spec"]["entrypoint"])
    arguments = _parser().parse_args(words)
    assert program == "cmrclip" and arguments.run.__name__ == "build" and arguments.ray == "auto"
    mounted = PurePosixPath(container(groups(job)["head"])["volumeMounts"][0]["mountPath"])
    paths = (arguments.folder, arguments.reports, arguments.out, arguments.model)
    assert all(PurePosixPath(path).is_relative_to(mounted) for path in paths)


def test_the_commands_of_the_page_are_ours() -> None:
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    commands = re.findall(r"(?:^|-- )cmrclip (.*)$", blocks.replace("\\\n", " "), re.MULTILINE)
    parsed = [_parser().parse_args(shlex.split(command)) for command in commands]
    assert [arguments.run.__name__ for arguments in parsed] == ["build", "build"]
    assert [arguments.ray for arguments in parsed] == ["local", "auto"]
