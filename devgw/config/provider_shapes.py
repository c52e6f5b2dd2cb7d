"""What the wrappers' own options must look like, each mistake with the value to write instead."""

import re

from devgw.config.shapes import bare_host, origin, refusal, secure_url, uuid, written


def okta_domain(value: str) -> str:
    """Check the host of an Okta org, not of its admin console."""
    host = bare_host(value)
    if "-admin." in host:
        right = host.replace("-admin.", ".", 1)
        raise refusal("okta-admin-domain", "This is the host of Okta's admin console.", f'Write "{right}".')
    return host


def plain_id(value: str) -> str:
    """Check an id that is not a URL."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", value):
        return value
    last = value.rstrip("/").rsplit("/", 1)[-1]
    fix = f'Write "{last}".' if re.fullmatch(r"[A-Za-z0-9_-]+", last) else "Write the id alone."
    raise refusal("plain-id", f"An id belongs here, not {written(value)}", fix)


def tenant_id(value: str) -> str:
    """Check the UUID of one tenant."""
    if value.lower() in ("common", "organizations", "consumers"):
        message = f"`{value}` stands for many tenants, whose issuer no token can be checked against."
        raise refusal("entra-tenant", message, "Write the Directory (tenant) ID, a UUID.")
    return uuid(value)


def region(value: str) -> str:
    """Check the name of an AWS region."""
    if re.fullmatch(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}", value):
        return value
    raise refusal("aws-region", f"An AWS region belongs here, not {written(value)}", 'Write one such as "us-east-1".')


def user_pool_id(value: str) -> str:
    """Check the id of a user pool."""
    if re.fullmatch(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}_[A-Za-z0-9]+", value):
        return value
    inside = re.search(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}_[A-Za-z0-9]+", value)
    fix = f'Write "{inside[0]}".' if inside else 'Write the User pool ID, such as "us-east-1_AbCdEf123".'
    raise refusal("cognito-user-pool-id", f"A user pool id is region_characters, not {written(value)}", fix)


def user_pool_domain(value: str) -> str:
    """Check the whole domain of a pool's sign-in."""
    if re.fullmatch(r"[a-z0-9-]+", value):
        fix = f'Write "{value}.auth.<region>.amazoncognito.com", or your own domain.'
        raise refusal("bare-host", f"This is the prefix alone: {value}", fix)
    return bare_host(value)


def keycloak_base(value: str) -> str:
    """Check a base URL without a realm; returned without a trailing slash."""
    url = secure_url(value).rstrip("/")
    before, found, after = url.partition("/realms/")
    if found:
        realm = after.split("/")[0]
        raise refusal(
            "keycloak-base-url", "The realm stands in the base URL.", f'Write "{before}" and "realm": "{realm}".'
        )
    return url


def realm(value: str) -> str:
    """Check a realm's name, not its path."""
    if value and not re.search(r"[/?#\s]", value):
        return value
    last = value.rstrip("/").rsplit("/", 1)[-1].strip()
    raise refusal("keycloak-realm", f"A realm's name belongs here, not {written(value)}", f'Write "{last}".')


def logto_endpoint(value: str) -> str:
    """Check an origin without `/oidc`."""
    if value.rstrip("/").endswith("/oidc"):
        right = value.rstrip("/").removesuffix("/oidc")
        raise refusal("logto-endpoint", "`/oidc` is added by the policy.", f'Write "{written(right)}".')
    return origin(value)


def subdomain(value: str) -> str:
    """Check the first label of a onelogin.com host."""
    if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", value):
        return value
    first = value.rsplit("://", maxsplit=1)[-1].split(".", maxsplit=1)[0].split("/", maxsplit=1)[0]
    fix = f'Write "{first}".' if re.fullmatch(r"[A-Za-z0-9-]+", first) else 'Write "acme" for acme.onelogin.com.'
    raise refusal("onelogin-subdomain", f"The subdomain alone belongs here, not {written(value)}", fix)
