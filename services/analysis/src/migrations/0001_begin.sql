-- Who keeps the tables, until when, and what is asked of them. One row.
CREATE TABLE analysis_own.follower (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    holder text NOT NULL DEFAULT '',
    fence bigint NOT NULL DEFAULT 0,
    until timestamptz NOT NULL DEFAULT '-infinity',
    looked timestamptz,
    rebuild timestamptz,
    secret bytea NOT NULL
);
