-- People. A person is a row of its own behind one or more identities.
CREATE TABLE persons (
    id TEXT PRIMARY KEY,
    created_at BIGINT NOT NULL,
    banned_at BIGINT
);

CREATE TABLE identities (
    namespace TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES persons (id),
    name TEXT NOT NULL,
    username TEXT,
    profile_url TEXT,
    avatar_url TEXT,
    email TEXT,
    email_verified BOOLEAN NOT NULL,
    picture TEXT,
    picture_url TEXT,
    picture_at BIGINT,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (namespace, provider_id)
);
CREATE INDEX identities_by_person ON identities (person);

-- Our name for a person at a site; site '' is the one shared by sites with public subjects.
-- After erasure the row stays without its person, so that the subject is never given again.
CREATE TABLE subjects (
    subject TEXT PRIMARY KEY,
    person TEXT REFERENCES persons (id),
    site TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    erased_at BIGINT,
    banned_at BIGINT,
    UNIQUE (person, site)
);

CREATE INDEX identities_by_picture ON identities (picture);

-- Pictures by their content, redrawn by us in two sizes (WebP, base64).
CREATE TABLE pictures (
    hash TEXT PRIMARY KEY,
    small TEXT NOT NULL,
    large TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What a site's readers ask for: a random id for a person there. It outlives the person.
CREATE TABLE avatars (
    id TEXT PRIMARY KEY,
    person TEXT,
    site TEXT NOT NULL,
    namespace TEXT,
    provider_id TEXT,
    UNIQUE (person, site)
);

-- A site that knows a person; approved_at is empty where the operator trusts the site.
CREATE TABLE acquaintances (
    person TEXT NOT NULL REFERENCES persons (id),
    site TEXT NOT NULL,
    shared TEXT NOT NULL,
    met_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    approved_at BIGINT,
    PRIMARY KEY (person, site)
);

-- The gateway's own session with a browser. Without a cookie it was followed by another person's
-- in the same browser: nobody can come back to it, and a grant made before may still be redeemed.
CREATE TABLE gateway_sessions (
    id TEXT PRIMARY KEY,
    cookie_hash TEXT UNIQUE,
    person TEXT NOT NULL REFERENCES persons (id),
    namespace TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX gateway_sessions_by_person ON gateway_sessions (person);

-- One sign-in under way in one browser. With an outcome it is a tombstone that leads back.
CREATE TABLE attempts (
    id TEXT PRIMARY KEY,
    cookie_hash TEXT NOT NULL,
    state_hash TEXT,
    sealed TEXT,
    site TEXT NOT NULL,
    provider TEXT NOT NULL,
    mode TEXT NOT NULL,
    return_to TEXT NOT NULL,
    challenge TEXT NOT NULL,
    widget_state TEXT NOT NULL,
    proven BOOLEAN NOT NULL,
    choose_account BOOLEAN NOT NULL,
    lang TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    taken_at BIGINT,
    gateway_session TEXT,
    outcome TEXT,
    ended_at BIGINT
);
CREATE INDEX attempts_pending ON attempts (address, expires_at) WHERE address <> '';
CREATE INDEX attempts_by_age ON attempts (created_at);
CREATE UNIQUE INDEX attempts_by_state ON attempts (state_hash) WHERE state_hash IS NOT NULL;

-- The one-use code of a finished attempt. There are never many: an index by age would cost more
-- at every sign-in than it saves once a minute.
CREATE TABLE grants (
    code_hash TEXT PRIMARY KEY,
    door TEXT NOT NULL,
    site TEXT NOT NULL,
    origin TEXT NOT NULL,
    challenge TEXT NOT NULL,
    provider TEXT NOT NULL,
    namespace TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    gateway_session TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- A session with one site.
CREATE TABLE sessions (
    sid TEXT PRIMARY KEY,
    door TEXT NOT NULL,
    site TEXT NOT NULL,
    subject TEXT NOT NULL REFERENCES subjects (subject),
    avatar TEXT NOT NULL,
    person TEXT NOT NULL REFERENCES persons (id),
    namespace TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    gateway_session TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    browser TEXT NOT NULL,
    generation BIGINT NOT NULL,
    advanced_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    renewed_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person, site);

-- The signing keys; the private half is wrapped under a key derived from secret_keys.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    public TEXT NOT NULL,
    wrapped TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    use_from BIGINT,
    replaced_at BIGINT
);

-- What the deletion page of a confirmation code says.
CREATE TABLE deletions (
    code_hash TEXT PRIMARY KEY,
    asked_at BIGINT NOT NULL,
    erased TEXT NOT NULL
);

-- Rate limits: the theoretical arrival time of GCRA, in milliseconds. Without an index by age, as
-- with grants: every request writes here.
CREATE TABLE limits (
    name TEXT PRIMARY KEY,
    arrival BIGINT NOT NULL
);
