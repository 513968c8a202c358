"""What a program with the official Python client does, told in sections: `story.py SECTION`. It must run against any
Kubernetes with Knative Serving that $KUBECONFIG names, and it fails with an exception."""

import sys
import threading
import time

from kubernetes import client, config, dynamic, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.stream import stream

NAMESPACE = "default"
PATIENCE = 60


def until(what, attempt):
    """Tries until the attempt returns something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = attempt()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited in vain until {what}")


def settings(name, data, **metadata):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, **metadata), data=data)


def objects():
    core = client.CoreV1Api()
    made = core.create_namespaced_config_map(NAMESPACE, settings("py", {"a": "1"}, labels={"app": "py"}))
    assert made.metadata.uid and made.metadata.creation_timestamp.tzinfo
    try:
        core.create_namespaced_config_map(NAMESPACE, settings("py", {}))
        raise AssertionError("created twice")
    except ApiException as refused:
        assert refused.status == 409, refused
    patched = core.patch_namespaced_config_map("py", NAMESPACE, {"data": {"b": "2"}})
    assert patched.data == {"a": "1", "b": "2"}, patched.data
    patched.data = {"c": "3"}
    replaced = core.replace_namespaced_config_map("py", NAMESPACE, patched)
    assert replaced.data == {"c": "3"}
    patched.metadata.resource_version = made.metadata.resource_version
    try:
        core.replace_namespaced_config_map("py", NAMESPACE, patched)
        raise AssertionError("an old version was taken")
    except ApiException as refused:
        assert refused.status == 409, refused
    for i in range(7):
        core.create_namespaced_config_map(NAMESPACE, settings(f"page-{i}", {}, labels={"pages": "yes"}))
    names, token = [], None
    while token is None or token:
        page = core.list_namespaced_config_map(NAMESPACE, label_selector="pages=yes", limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue or ""
    assert names == [f"page-{i}" for i in range(7)], names
    core.delete_collection_namespaced_config_map(NAMESPACE, label_selector="pages=yes")
    assert core.list_namespaced_config_map(NAMESPACE, label_selector="pages=yes").items == []
    assert core.delete_namespaced_config_map("py", NAMESPACE).status == "Success"
    try:
        core.read_namespaced_config_map("py", NAMESPACE)
        raise AssertionError("still there")
    except ApiException as refused:
        assert refused.status == 404, refused
    assert client.VersionApi().get_code().major == "1"
    assert any(group.name == "serving.knative.dev" for group in client.ApisApi().get_api_versions().groups)


def watches():
    core = client.CoreV1Api()
    start = core.list_namespaced_config_map(NAMESPACE).metadata.resource_version

    def write():
        core.create_namespaced_config_map(NAMESPACE, settings("seen", {"n": "0"}))
        for n in range(1, 4):
            core.patch_namespaced_config_map("seen", NAMESPACE, {"data": {"n": str(n)}})
        core.delete_namespaced_config_map("seen", NAMESPACE)

    writer = threading.Thread(target=write)
    writer.start()
    told = []
    watcher = watch.Watch()
    by_name = {"field_selector": "metadata.name=seen", "resource_version": start, "timeout_seconds": PATIENCE}
    for event in watcher.stream(core.list_namespaced_config_map, NAMESPACE, **by_name):
        told.append((event["type"], event["object"].data["n"]))
        if event["type"] == "DELETED":
            watcher.stop()
    writer.join()
    assert told == [("ADDED", "0"), ("MODIFIED", "1"), ("MODIFIED", "2"), ("MODIFIED", "3"), ("DELETED", "3")], told


def services(command):
    services = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="serving.knative.dev/v1", kind="Service")
    container = {"image": "dev.local/host", "command": [command]}
    body = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": "py"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    services.create(namespace=NAMESPACE, body=body)

    def ready(name):
        conditions = (services.get(name=name, namespace=NAMESPACE).to_dict().get("status") or {}).get("conditions") or []
        return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)

    until("the service is ready", lambda: ready("py"))
    merge = {"content_type": "application/merge-patch+json", "namespace": NAMESPACE}
    services.patch(name="py", body={"spec": {"template": {"spec": {"containerConcurrency": 2}}}}, **merge)
    latest = lambda: services.get(name="py", namespace=NAMESPACE).status.latestReadyRevisionName == "py-00002"
    until("the second revision is ready", latest)
    custom = client.CustomObjectsApi()
    listed = custom.list_namespaced_custom_object("serving.knative.dev", "v1", NAMESPACE, "revisions")
    assert sorted(item["metadata"]["name"] for item in listed["items"]) == ["py-00001", "py-00002"]
    services.delete(name="py", namespace=NAMESPACE)
    left = lambda: custom.list_namespaced_custom_object("serving.knative.dev", "v1", NAMESPACE, "revisions")["items"]
    until("its revisions are gone", lambda: not left())


def said_by(pod, **flags):
    """The log of a pod. The client's own way from bytes to text loses the line ends."""
    return client.CoreV1Api().read_namespaced_pod_log(pod, NAMESPACE, _preload_content=False, **flags).data.decode()


def talkative():
    """A pod that has said something, by its name."""
    container = {"name": "talk", "image": "dev.local/host", "command": ["sh", "-c", "echo one; echo two; exec sleep 600"]}
    spec = {
        "selector": {"matchLabels": {"app": "talk"}},
        "template": {"metadata": {"labels": {"app": "talk"}}, "spec": {"containers": [container]}},
    }
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "talk"}, "spec": spec}
    client.AppsV1Api().create_namespaced_deployment(NAMESPACE, body)
    core = client.CoreV1Api()

    def spoken():
        for pod in core.list_namespaced_pod(NAMESPACE, label_selector="app=talk").items:
            try:
                if said_by(pod.metadata.name) == "one\ntwo\n":
                    return pod.metadata.name
            except ApiException as too_early:
                assert too_early.status == 400, too_early
        return None

    return until("the pod has spoken", spoken)


def logs():
    core, pod = client.CoreV1Api(), talkative()
    assert said_by(pod, tail_lines=1) == "two\n"
    followed = core.read_namespaced_pod_log(pod, NAMESPACE, follow=True, _preload_content=False)
    assert next(followed.stream()).startswith(b"one\n")
    followed.close()


def execute():
    core, pod = client.CoreV1Api(), talkative()
    flags = {"stderr": True, "stdin": False, "stdout": True, "tty": False}
    said = stream(core.connect_get_namespaced_pod_exec, pod, NAMESPACE, command=["echo", "hello"], **flags)
    assert said == "hello\n", said
    flags.update(stdin=True, _preload_content=False)
    running = stream(core.connect_get_namespaced_pod_exec, pod, NAMESPACE, command=["sh", "-c", "read x; echo $x; exit 3"], **flags)
    running.write_stdin("through\n")
    running.run_forever(timeout=PATIENCE)
    assert running.read_stdout() == "through\n"
    assert running.returncode == 3, running.returncode


def apply():
    maps = dynamic.DynamicClient(client.ApiClient()).resources.get(api_version="v1", kind="ConfigMap")
    wanted = lambda value: {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"a": value}}
    maps.server_side_apply(namespace=NAMESPACE, body=wanted("1"), field_manager="one")
    try:
        maps.server_side_apply(namespace=NAMESPACE, body=wanted("2"), field_manager="two")
        raise AssertionError("no conflict")
    except ApiException as refused:
        assert refused.status == 409, refused
    forced = maps.server_side_apply(namespace=NAMESPACE, body=wanted("2"), field_manager="two", force_conflicts=True)
    assert forced.data["a"] == "2"


SECTIONS = {section.__name__: section for section in (objects, watches, services, logs, execute, apply)}

if __name__ == "__main__":
    config.load_kube_config()
    SECTIONS[sys.argv[1]](*sys.argv[2:])
    print("told")
