"""The schema, as the list of steps that made it. Never change a step that was released: add one."""

from devgw.store.assertions import ASSERTIONS
from devgw.store.connections import CONNECTIONS

RECORDS = """
CREATE TABLE client (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, registered_by TEXT NOT NULL, redirect_uris TEXT NOT NULL,
  token_endpoint_auth_method TEXT NOT NULL, grant_types TEXT NOT NULL, metadata TEXT NOT NULL, secret_digest TEXT,
  issued_at REAL NOT NULL, expires_at REAL, user_agent TEXT NOT NULL, last_seen_at REAL);
CREATE TABLE pending_authorization (
  id TEXT PRIMARY KEY, client_id TEXT NOT NULL, client_name TEXT NOT NULL, redirect_uri TEXT NOT NULL,
  operation_id TEXT NOT NULL, resource TEXT NOT NULL, scope TEXT NOT NULL, issuer TEXT NOT NULL,
  parameters TEXT NOT NULL, created_at REAL NOT NULL, expires_at REAL NOT NULL, state TEXT, prompt TEXT,
  login_state_digest TEXT UNIQUE, login_nonce TEXT, login_verifier TEXT, browser_digest TEXT,
  login_finished_at REAL, session_id TEXT, decided_at REAL);
CREATE TABLE session (
  id TEXT PRIMARY KEY, cookie_digest TEXT NOT NULL UNIQUE, subject_id TEXT NOT NULL, email TEXT, display_name TEXT,
  started_at REAL NOT NULL, expires_at REAL NOT NULL, issuer TEXT NOT NULL, provider_session_id TEXT,
  user_agent TEXT NOT NULL, claims TEXT, ended_at REAL);
CREATE TABLE consent (
  subject_id TEXT NOT NULL, client_id TEXT NOT NULL, redirect_host TEXT NOT NULL, operation_id TEXT NOT NULL,
  scope TEXT NOT NULL, given_at REAL NOT NULL,
  PRIMARY KEY (subject_id, client_id, redirect_host, operation_id));
CREATE TABLE authorization_grant (
  id TEXT PRIMARY KEY, client_id TEXT NOT NULL, client_name TEXT NOT NULL, subject_id TEXT NOT NULL, session_id TEXT,
  email TEXT, operation_id TEXT NOT NULL, resource TEXT NOT NULL, scope TEXT NOT NULL, issuer TEXT NOT NULL,
  created_at REAL NOT NULL, expires_at REAL NOT NULL, roles TEXT NOT NULL, groups TEXT NOT NULL,
  revoked_at REAL, revoked_because TEXT);
CREATE TABLE authorization_code (
  id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, grant_id TEXT NOT NULL, client_id TEXT NOT NULL,
  redirect_uri TEXT, code_challenge TEXT NOT NULL, resource TEXT NOT NULL, resource_implied INTEGER NOT NULL,
  issued_at REAL NOT NULL, expires_at REAL NOT NULL, redeemed_at REAL);
CREATE TABLE access_token (
  id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, grant_id TEXT NOT NULL, issued_at REAL NOT NULL,
  expires_at REAL NOT NULL, refresh_token_id TEXT, revoked_at REAL, uses INTEGER NOT NULL, last_used_at REAL);
CREATE TABLE refresh_token (
  id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, grant_id TEXT NOT NULL, issued_at REAL NOT NULL,
  expires_at REAL NOT NULL, parent_id TEXT, spent_at REAL, successor_id TEXT, revoked_at REAL);
CREATE INDEX access_token_grant ON access_token (grant_id);
CREATE INDEX refresh_token_grant ON refresh_token (grant_id);
CREATE INDEX authorization_code_grant ON authorization_code (grant_id);
"""

FAMILIES = """
ALTER TABLE refresh_token ADD COLUMN used_at REAL;
UPDATE refresh_token SET used_at=spent_at;
CREATE INDEX refresh_token_parent ON refresh_token (parent_id);
CREATE INDEX access_token_refresh_token ON access_token (refresh_token_id);
"""
"""Refresh tokens that were presented know when; whose successors and access tokens are found by index."""

REACHES = """
ALTER TABLE authorization_grant ADD COLUMN contested_at REAL;
DROP TABLE consent;
CREATE TABLE consent (
  subject_id TEXT NOT NULL, client_id TEXT NOT NULL, reach TEXT NOT NULL, operation_id TEXT NOT NULL,
  scope TEXT NOT NULL, given_at REAL NOT NULL,
  PRIMARY KEY (subject_id, client_id, reach, operation_id));
"""
"""Grants know of a second holder. Consents know their port and scheme; those of before did not."""

PAGE_PROOFS = """
ALTER TABLE pending_authorization ADD COLUMN page_digest TEXT;
ALTER TABLE session ADD COLUMN key_digest TEXT;
"""
"""Pages and browsers prove more than the cookie; who signed in before signs in once more."""

UNANSWERED = """
ALTER TABLE upstream_connection ADD COLUMN unanswered_since REAL;
ALTER TABLE upstream_connection ADD COLUMN unanswered_because TEXT;
"""
"""Connections know of a refresh whose answer is not there."""

KEPT_COPIES = "ALTER TABLE client ADD COLUMN kept_copy TEXT;"
"""Clients know of the copy that stood for their document."""

CODES = "ALTER TABLE authorization_code DROP COLUMN resource_implied;"
"""A code is redeemed for its resource, whether the authorization request named that or not."""

CONNECT_LINKS = "ALTER TABLE pending_authorization ADD COLUMN connect_link TEXT;"
"""Sign-ins go on at a connect link, too."""

ENDED_CONNECTS = "ALTER TABLE pending_connection ADD COLUMN ended_at REAL;"
"""A browser may come back from an upstream that is another one meanwhile."""

GRANT_OWNERS = """
CREATE INDEX authorization_grant_client ON authorization_grant (client_id);
CREATE INDEX authorization_grant_subject ON authorization_grant (subject_id);
CREATE INDEX authorization_grant_session ON authorization_grant (session_id);
CREATE INDEX authorization_grant_operation ON authorization_grant (operation_id);
CREATE INDEX pending_authorization_operation ON pending_authorization (operation_id);
CREATE INDEX upstream_connection_server ON upstream_connection (upstream_server_id);
CREATE INDEX pending_connection_server ON pending_connection (upstream_server_id);
"""
"""What belongs to a client, subject, session, route or upstream is found without reading all of its kind."""

MIGRATIONS: list[str] = [
    RECORDS,
    CONNECTIONS,
    ASSERTIONS,
    FAMILIES,
    REACHES,
    PAGE_PROOFS,
    UNANSWERED,
    KEPT_COPIES,
    CODES,
    CONNECT_LINKS,
    ENDED_CONNECTS,
    GRANT_OWNERS,
]
"""Applied in order, each once; `PRAGMA user_version` counts them."""
