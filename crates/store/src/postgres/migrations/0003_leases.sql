-- The number of a taking is a key: whoever works under it keeps others from taking the lease, and not its holder from
-- renewing it.

CREATE UNIQUE INDEX leases_takings ON leases (name, fence);
