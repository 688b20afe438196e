//! Limits of a server, in one place. Each answers with a clear error when met.

use std::time::Duration;

/// Largest message that is read, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Largest message that is written, in bytes.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Calls under way at once on one connection.
pub const CALLS_PER_CONNECTION_MAX: usize = 256;

/// Records in one batch of a report.
pub const BATCH_RECORDS_MAX: usize = 5_000;

/// Records in one batch of a report whose answer carries what was derived, which takes much room.
pub const BATCH_DERIVED_RECORDS_MAX: usize = 500;

/// Cases in one message of a classification stream: its answer stays within what clients take by default (4 MiB).
pub const STREAM_CASES_MAX: usize = 1_000;

/// Bytes of a package (a release folder or the files of an edition).
pub const PACKAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Files of a package.
pub const PACKAGE_FILES_MAX: usize = 1_000;

/// How often a silent connection is asked whether anybody is there.
pub const ALIVE_EVERY: Duration = Duration::from_secs(20);

/// How long the answer to that may take.
pub const ALIVE_MAX: Duration = Duration::from_secs(20);

/// How long a drain may last before connections are cut.
pub const DRAIN_MAX: Duration = Duration::from_secs(10);
