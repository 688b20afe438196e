-- The ledger, its tree, its blobs and its projections. The key of every table begins with what it is sharded by: the
-- stream, the digest, the projection or the name.

CREATE TABLE heads (
    stream text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    frontier bytea NOT NULL,
    PRIMARY KEY (stream)
);

CREATE TABLE ledger (
    stream text COLLATE "C" NOT NULL,
    position bigint NOT NULL,
    key bytea NOT NULL,
    leaf bytea NOT NULL,
    checksum integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (stream, position)
);

CREATE INDEX ledger_keys ON ledger (stream, key, position);

CREATE TABLE nodes (
    stream text COLLATE "C" NOT NULL,
    level smallint NOT NULL,
    place bigint NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (stream, level, place)
);

CREATE TABLE blobs (
    digest bytea NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (digest)
);

CREATE TABLE blob_parts (
    digest bytea NOT NULL,
    part integer NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (digest, part)
);

CREATE TABLE projections (
    projection text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    PRIMARY KEY (projection)
);

CREATE TABLE projection_rows (
    projection text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    key bytea NOT NULL,
    value bytea,
    PRIMARY KEY (projection, generation, key)
);

CREATE TABLE cursors (
    projection text COLLATE "C" NOT NULL,
    generation bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (projection, generation, stream)
);

CREATE TABLE leases (
    name text COLLATE "C" NOT NULL,
    holder text NOT NULL,
    fence bigint NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (name)
);
