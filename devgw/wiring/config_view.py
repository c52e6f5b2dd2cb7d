"""The configuration as the faces show it: what is loaded, from where, and what is wrong with it."""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from devgw.config.finding import Finding
from devgw.config.load import Loaded
from devgw.config.source import LINE_SHOWN, blank_secrets, content_of
from devgw.gateway.gateway import Gateway
from devgw.monitor.views import ConfigView, EnvRow, FileRow, FindingRow, RouteRow
from devgw.oauth.urls import Urls
from devgw.wiring.departures import WHERE, said
from devgw.wiring.runtime import Runtime

_REFRESH_TOKENS = {
    "rotate": "rotated at each use (the deployed gateway keeps them: oauth.refresh_tokens in devgw.toml)",
    "as-deployed": "kept, as deployed",
}
AROUND = 2
"""Lines shown before and after a finding."""
LinesOf = Callable[[Path], list[str] | None]


def config_view(
    runtime: Runtime,
    findings: list[FindingRow],
    rejected: Loaded | None = None,
    changes: list[str] | None = None,
) -> ConfigView:
    """Return the view.

    Args:
        runtime: what runs.
        findings: as `finding_rows` returned them.
        rejected: what was saved last where it has errors.
        changes: what the last save changed, in words.
    """
    shown = rejected or runtime.loaded
    gateway = runtime.gateway
    now = runtime.clock.now().timestamp()
    loaded_at = runtime.loaded.read_at.timestamp() if runtime.loaded.read_at else now
    return ConfigView(
        generation=gateway.generation,
        loaded=loaded_at,
        saved=now if rejected else loaded_at,
        is_rejected=rejected is not None,
        is_watching=True,
        is_sample=runtime.loaded.is_sample,
        provider=runtime.provider_name,
        notes=runtime.notes,
        policy=gateway.policy.name,
        files=_files(runtime.loaded, rejected, loaded_at),
        findings=findings,
        routes=_routes(gateway, runtime.urls),
        env=[
            EnvRow(
                name=each.name,
                came_from=str(each.origin),
                masked=each.masked,
                used_at=[f"{at.file}:{at.line}" for at in each.used_at],
            )
            for each in shown.environment
        ],
        changes=changes or [],
        effective=_effective(gateway, runtime.urls),
    )


def _files(loaded: Loaded, rejected: Loaded | None, loaded_at: float) -> list[FileRow]:
    """Return the files; of a rejected save, those with errors, and those that wait for them to be mended."""
    if rejected is None:
        return [FileRow(name, "loaded", digest, loaded_at) for name, digest in loaded.digests.items()]
    wrong = dict.fromkeys(each.file for each in rejected.findings if each.severity == "error")
    rows = [FileRow(name, "missing", "", loaded_at) for name in wrong if name not in rejected.digests]
    for name, digest in rejected.digests.items():
        state = "loaded" if loaded.digests.get(name) == digest else "waiting"
        rows.append(FileRow(name, "rejected" if name in wrong else state, digest, loaded_at))
    return rows


def finding_rows(own: Iterable[Finding], loaded: Loaded, root: Path) -> list[FindingRow]:
    """Return the findings in devgw's own settings and in the project, with the lines around them.

    It reads the files once more, each once, and may take long: it needs nothing of the loop's.

    Args:
        own: of `devgw.toml`, as it was read.
        loaded: the project.
        root: the folder of `devgw.toml`.
    """
    lines_of = cache(_lines)
    rows = [_finding(each, root, lines_of) for each in own if each not in loaded.findings]
    return [*rows, *(_finding(each, loaded.read_from, lines_of) for each in loaded.findings)]


def _finding(finding: Finding, root: Path, lines_of: LinesOf) -> FindingRow:
    excerpt, first = _excerpt(root / finding.file, finding, lines_of)
    return FindingRow(
        severity=str(finding.severity),
        file=finding.file,
        message=finding.message,
        line=finding.line,
        column=finding.column,
        pointer=finding.pointer,
        hint=finding.fix,
        excerpt=excerpt,
        excerpt_from=first,
    )


def _excerpt(path: Path, finding: Finding, lines_of: LinesOf) -> tuple[list[str], int]:
    """Return the lines around a finding; its own as the finding has it, with secrets blanked out."""
    lines = lines_of(path) if finding.line and path.name != ".env" else None
    if lines is None:
        return ([finding.source_line] if finding.source_line else []), finding.line
    first = max(1, finding.line - AROUND)
    around = [blank_secrets(line[:LINE_SHOWN]) for line in lines[first - 1 : finding.line + AROUND]]
    if finding.source_line and finding.line - first < len(around):
        around[finding.line - first] = finding.source_line
    return around, first


def _lines(path: Path) -> list[str] | None:
    """Return the lines of a file; None where it cannot be read, or is none that a project has."""
    try:
        return content_of(path).decode("utf-8", "replace").splitlines()
    except OSError:
        return None


def _routes(gateway: Gateway, urls: Urls) -> list[RouteRow]:
    served = [
        RouteRow(
            operation_id=route.operation_id,
            path=route.path,
            url=urls.resource(route),
            upstream_url=route.upstream_url,
            summary=route.summary,
            is_protected=route.protected,
            policies=[policy.name for policy in route.policies],
            not_run_here=[policy.name for policy in route.policies if not policy.runs_here],
            file=route.file,
            line=route.line,
        )
        for route in gateway.project.routes
    ]
    others = [
        RouteRow(operation_id="", path=other.path, summary=f"not served here: {other.handler}", line=other.line)
        for other in gateway.project.other_routes
    ]
    return served + others


def _effective(gateway: Gateway, urls: Urls) -> dict[str, str]:
    """Return the resolved policy, secrets as fingerprints."""
    policy = gateway.policy
    found = {
        "policy": f"{policy.name} ({policy.policy_type})",
        "authorize": policy.login.url,
        "token": policy.login.token_url,
        "clientId": policy.login.client_id,
        "clientSecret": repr(policy.login.client_secret),
        "scope": policy.login.scope,
        "callback": urls.callback,
        "accessTokenTtlSeconds": f"{policy.tokens.access_token_ttl.total_seconds():.0f}",
        "refreshTokenTtlSeconds": f"{policy.tokens.refresh_token_ttl.total_seconds():.0f}",
        "refreshTokens": _REFRESH_TOKENS[gateway.ground.settings.oauth.refresh_tokens],
        "cimdEnabled": str(policy.tokens.cimd_enabled).lower(),
        "deployed": f"{said(gateway.ground.settings)}; {WHERE}",
    }
    if policy.oidc:
        found |= {"issuer": policy.oidc.issuer, "jwksUrl": policy.oidc.jwks_url}
    return found
