"""The Kubernetes example against the schemas of Kubernetes, and what Headrace takes.

It is not run: that needs a cluster. Where `kubectl` is there, it puts it together.
"""

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
import yaml

from cli.checks import check_exposure
from cli.commands import COMMANDS
from contracts.settings import Settings, SettingsError
from tests.cli.running import ROOT

FOLDER = ROOT / "deploy/kubernetes"
VERSION = "1.33"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
NOT_OURS = {"kafka", "valkey"}


def objects() -> list[dict[str, Any]]:
    return [
        one
        for name in KUSTOMIZATION["resources"]
        for one in yaml.safe_load_all((FOLDER / name).read_text())
    ]


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    for one in objects():
        if one["kind"] in {"Deployment", "StatefulSet", "Job"}:
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


@pytest.mark.parametrize("one", objects(), ids=lambda o: f"{o['kind']}/{o['metadata']['name']}")
def test_it_is_an_object_of_kubernetes(one: dict[str, Any]) -> None:
    kubernetes_validate.validate(one, VERSION, strict=True)


def test_the_schemas_would_notice_a_mistake() -> None:
    [api] = [o for o in objects() if o["kind"] == "Deployment"]
    api["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError, match="livenesProbe"):
        kubernetes_validate.validate(api, VERSION, strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_kubectl_puts_it_together() -> None:
    done = subprocess.run(
        ["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = list(yaml.safe_load_all(done.stdout))
    # The objects of the files, the settings and the keys.
    assert len(made) == len(objects()) + 2
    assert "image: headrace:0.1.0" in done.stdout


def test_every_pod_is_without_root_with_limits_and_with_probes() -> None:
    found = dict(pods())
    assert found.keys() == {"api", "flow", "topics", *NOT_OURS}
    for name, pod in found.items():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        for container in pod["containers"]:
            assert container["resources"]["limits"].keys() == {"cpu", "memory"}
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            if name != "topics":
                assert "readinessProbe" in container


def test_our_pods_have_settings_that_headrace_takes() -> None:
    lines = (FOLDER / "config.env").read_text().split()
    [secret] = KUSTOMIZATION["secretGenerator"]
    given = dict(line.split("=", 1) for line in [*lines, *secret["literals"]])
    with pytest.raises(SettingsError, match="too short"):  # nobody starts with the one of the file
        Settings.load(environ=given)
    given |= {"HEADRACE_API__PSEUDONYM_KEYS__1": "s" * 32}
    for name, pod in pods():
        if name in NOT_OURS:
            continue
        [container] = pod["containers"]
        assert container["args"][0] in COMMANDS
        own = {one["name"]: one["value"] for one in container.get("env", ())}
        settings = Settings.load(environ=given | own)
        if name == "api":
            assert settings.api.operations_port == 9464
            host = container["args"][container["args"].index("--host") + 1]
            check_exposure(settings.api.model_copy(update={"host": host}))


def test_services_and_policies_select_pods_that_exist() -> None:
    labels = {
        one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/name"]
        for one in objects()
        if "template" in one["spec" if "spec" in one else "metadata"]
    }
    for one in objects():
        if one["kind"] == "Service":
            assert one["spec"]["selector"]["app.kubernetes.io/name"] in labels
