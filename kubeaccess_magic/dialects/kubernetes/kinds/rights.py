"""Kinds of access control: roles, bindings, certificates, admission webhooks and policies."""

from __future__ import annotations

from typing import Any

from .values import AGE, NAME, WHO, Column, at, count, each, moment, reference, several, text, whole

__all__ = ["COLUMNS"]


def _rules(item: dict[str, Any]) -> list[str]:
    """``get,list pods,services``; the group follows the resource, as in kubectl: ``deployments.apps``."""
    found = []
    for rule in each(item, "rules"):
        groups = rule.get("apiGroups") or [""]
        resources = [
            f"{resource}.{group}" if group not in ("", "*") else str(resource)
            for resource in rule.get("resources") or ()
            for group in groups
        ]
        names = [f"({','.join(rule['resourceNames'])})"] if rule.get("resourceNames") else []
        what = [",".join(dict.fromkeys([*resources, *(rule.get("nonResourceURLs") or ())])), *names]
        found.append(" ".join([",".join(rule.get("verbs") or ()), *what]))
    return found


def _subjects(item: dict[str, Any]) -> list[str]:
    """``User/alice``, ``Group/team``, ``ServiceAccount/shop/web``."""
    return [
        "/".join(str(subject[key]) for key in ("kind", "namespace", "name") if subject.get(key))
        for subject in each(item, "subjects")
    ]


def _decision(item: dict[str, Any]) -> str:
    """The state of a signing request as kubectl shows it: Pending, Approved or Denied, then other conditions."""
    types = [str(one.get("type", "")) for one in each(item, "status.conditions")]
    decided = next((kind for kind in types if kind in ("Approved", "Denied")), "Pending")
    others = [kind for kind in types if kind not in ("Approved", "Denied")]
    return ",".join([decided, *others, *(["Issued"] if at(item, "status.certificate") else [])])


_ROLE: dict[str, Column] = {"rules": ("object", _rules), **AGE}
_BINDING: dict[str, Column] = {"role": reference("roleRef"), "subjects": ("object", _subjects), **AGE}
_WEBHOOKS: dict[str, Column] = {
    **NAME,
    "webhooks": several("webhooks", "name"),
    "failure_policies": several("webhooks", "failurePolicy"),
    "services": (
        "object",
        lambda item: [
            f"{service.get('namespace')}/{service.get('name')}" if service else at(one, "clientConfig.url")
            for one in each(item, "webhooks")
            for service in [at(one, "clientConfig.service")]
        ],
    ),
    **AGE,
}
_POLICY: dict[str, Column] = {
    **NAME,
    "failure_policy": text("spec.failurePolicy"),
    "parameters": text("spec.paramKind.kind"),
    "validations": count("spec.validations"),
    "mutations": count("spec.mutations"),
    **AGE,
}
_POLICY_BINDING: dict[str, Column] = {
    **NAME,
    "policy": text("spec.policyName"),
    "parameters": text("spec.paramRef.name"),
    "actions": several("spec.validationActions"),
    **AGE,
}

COLUMNS: dict[str, dict[str, Column]] = {
    "rbac.authorization.k8s.io/Role": {**WHO, **_ROLE},
    "rbac.authorization.k8s.io/ClusterRole": {**NAME, **_ROLE},
    "rbac.authorization.k8s.io/RoleBinding": {**WHO, **_BINDING},
    "rbac.authorization.k8s.io/ClusterRoleBinding": {**NAME, **_BINDING},
    "certificates.k8s.io/CertificateSigningRequest": {
        **NAME,
        "signer": text("spec.signerName"),
        "requestor": text("spec.username"),
        "usages": several("spec.usages"),
        "lasts_s": whole("spec.expirationSeconds"),
        "condition": ("text", _decision),
        **AGE,
    },
    "certificates.k8s.io/ClusterTrustBundle": {**NAME, "signer": text("spec.signerName"), **AGE},
    "certificates.k8s.io/PodCertificateRequest": {
        **WHO,
        "signer": text("spec.signerName"),
        "pod": text("spec.podName"),
        "valid_from": moment("status.notBefore"),
        "valid_until": moment("status.notAfter"),
        **AGE,
    },
    "admissionregistration.k8s.io/ValidatingWebhookConfiguration": _WEBHOOKS,
    "admissionregistration.k8s.io/MutatingWebhookConfiguration": _WEBHOOKS,
    "admissionregistration.k8s.io/ValidatingAdmissionPolicy": _POLICY,
    "admissionregistration.k8s.io/MutatingAdmissionPolicy": _POLICY,
    "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": _POLICY_BINDING,
    "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": _POLICY_BINDING,
}
