-- The vault: keyed look-ups of identities and to whom they lead, identities sealed to their persons, and what is stated of
-- persons, sealed to its place in the order. Nothing of it can be read without the vault's key, which lies elsewhere.

CREATE TABLE vault_lookups (
    lookup bytea NOT NULL,
    person bytea NOT NULL,
    PRIMARY KEY (lookup)
);

CREATE TABLE vault_numbers (
    person bytea NOT NULL,
    place bigint NOT NULL,
    lookup bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (person, place)
);

CREATE TABLE vault_heads (
    vault text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    PRIMARY KEY (vault)
);

CREATE TABLE vault_events (
    vault text COLLATE "C" NOT NULL,
    place bigint NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (vault, place)
);
