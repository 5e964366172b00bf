"""Kinds of storage: volumes, claims, classes, drivers, configuration and secrets."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from .values import AGE, NAME, WHO, Column, annotated, at, count, flag, measure, several, text

__all__ = ["COLUMNS"]


def _keys(item: dict[str, Any]) -> list[Any]:
    """The names of what a ConfigMap or Secret holds, never the values."""
    return [*(item.get("data") or ()), *(item.get("binaryData") or ())]


def _bytes(*encoded: str) -> Column:
    """The size of all values in bytes; those of the `encoded` fields are base64 and are decoded first."""

    def read(item: dict[str, Any]) -> int:
        found = 0
        for field in ("data", "binaryData"):
            for value in (item.get(field) or {}).values():
                found += _decoded(value) if field in encoded else len(str(value).encode("utf-8", "surrogatepass"))
        return found

    return "Int64", read


def _decoded(value: str) -> int:
    try:
        return len(base64.b64decode(value))
    except (binascii.Error, ValueError, TypeError):
        return 0


def _source(item: dict[str, Any]) -> str:
    """The source of a volume: its CSI driver, or the name of its plugin."""
    known = ("capacity", "accessModes", "claimRef", "mountOptions", "nodeAffinity")
    found = [key for key, value in (item.get("spec") or {}).items() if isinstance(value, dict) and key not in known]
    return at(item, "spec.csi.driver") or (found[0] if found else "")


COLUMNS: dict[str, dict[str, Column]] = {
    "/ConfigMap": {
        **WHO,
        "keys": ("object", _keys),
        "size_bytes": _bytes("binaryData"),
        "immutable": flag("immutable", False),
        **AGE,
    },
    "/Secret": {
        **WHO,
        "type": text("type"),
        "keys": ("object", _keys),
        "size_bytes": _bytes("data"),
        "immutable": flag("immutable", False),
        **AGE,
    },
    "/PersistentVolumeClaim": {
        **WHO,
        "phase": text("status.phase"),
        "volume": text("spec.volumeName"),
        "capacity_bytes": measure("status.capacity.storage"),
        "request_bytes": measure("spec.resources.requests.storage"),
        "access_modes": several("spec.accessModes"),
        "storage_class": text("spec.storageClassName"),
        **AGE,
    },
    "/PersistentVolume": {
        **NAME,
        "phase": text("status.phase"),
        "capacity_bytes": measure("spec.capacity.storage"),
        "access_modes": several("spec.accessModes"),
        "reclaim_policy": text("spec.persistentVolumeReclaimPolicy"),
        "claim_namespace": text("spec.claimRef.namespace"),
        "claim": text("spec.claimRef.name"),
        "storage_class": text("spec.storageClassName"),
        "source": ("text", _source),
        **AGE,
    },
    "storage.k8s.io/StorageClass": {
        **NAME,
        "provisioner": text("provisioner"),
        "reclaim_policy": text("reclaimPolicy"),
        "binding_mode": text("volumeBindingMode"),
        "expansion": flag("allowVolumeExpansion", False),
        "default": annotated("storageclass.kubernetes.io/is-default-class"),
        **AGE,
    },
    "storage.k8s.io/VolumeAttachment": {
        **NAME,
        "attacher": text("spec.attacher"),
        "volume": text("spec.source.persistentVolumeName"),
        "node": text("spec.nodeName"),
        "attached": flag("status.attached"),
        **AGE,
    },
    "storage.k8s.io/VolumeAttributesClass": {**NAME, "driver": text("driverName"), **AGE},
    "storage.k8s.io/CSIDriver": {
        **NAME,
        "attach_required": flag("spec.attachRequired"),
        "pod_info_on_mount": flag("spec.podInfoOnMount"),
        "storage_capacity": flag("spec.storageCapacity"),
        "modes": several("spec.volumeLifecycleModes"),
        **AGE,
    },
    "storage.k8s.io/CSINode": {**NAME, "drivers": several("spec.drivers", "name"), **AGE},
    "storage.k8s.io/CSIStorageCapacity": {
        **WHO,
        "storage_class": text("storageClassName"),
        "capacity_bytes": measure("capacity"),
        "maximum_volume_bytes": measure("maximumVolumeSize"),
        **AGE,
    },
    "snapshot.storage.k8s.io/VolumeSnapshot": {
        **WHO,
        "ready": flag("status.readyToUse"),
        "claim": text("spec.source.persistentVolumeClaimName"),
        "restore_bytes": measure("status.restoreSize"),
        "class": text("spec.volumeSnapshotClassName"),
        **AGE,
    },
    "/ServiceAccount": {
        **WHO,
        "secrets": count("secrets"),
        "image_pull_secrets": several("imagePullSecrets", "name"),
        "token_mounted": flag("automountServiceAccountToken", True),
        **AGE,
    },
}
