-- Whose the tables are: the leaf of the first row of the register's own stream.
ALTER TABLE analysis_own.follower ADD COLUMN register bytea;
