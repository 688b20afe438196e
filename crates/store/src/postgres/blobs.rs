//! Blobs, in parts of a size that every engine takes. The parts come first and the blob's own row last: without that row
//! there is no blob, whatever parts there are. A blob that is put again heals what is damaged of it.

use tokio_postgres::types::ToSql;

use super::Core;
use crate::codec::{index, len64};
use crate::contract::{Digest, ROWS_LIMIT, StoreError};

/// Bytes of a part, but of the last.
const PART: usize = 1024 * 1024;

const KEPT: &str = "SELECT size FROM blobs WHERE digest = $1";
const PUT_PART: &str = "INSERT INTO blob_parts (digest, part, bytes) VALUES ($1, $2, $3) \
                        ON CONFLICT (digest, part) DO UPDATE SET bytes = excluded.bytes \
                        WHERE blob_parts.bytes <> excluded.bytes";
const PUT: &str = "INSERT INTO blobs (digest, size) VALUES ($1, $2) \
                   ON CONFLICT (digest) DO UPDATE SET size = excluded.size WHERE blobs.size <> excluded.size";
const GET_PART: &str = "SELECT bytes FROM blob_parts WHERE digest = $1 AND part = $2";
const LIST: &str = "SELECT digest FROM blobs WHERE digest > $1 ORDER BY digest LIMIT $2";

impl Core {
    pub(super) async fn blobs(&self, after: Option<Digest>, limit: u32) -> Result<Vec<Digest>, StoreError> {
        let limit = u64::from(limit).min(len64(ROWS_LIMIT)).cast_signed();
        // What is no digest stands before all of them.
        let after = after.map_or_else(Vec::new, |after| after.0.to_vec());
        let found = self.ask(LIST, &[&after, &limit]).await?;
        let read = |row: &tokio_postgres::Row| {
            let digest = row.try_get::<_, &[u8]>(0).ok()?;
            Some(Digest(digest.try_into().ok()?))
        };
        let digests: Option<Vec<Digest>> = found.iter().map(read).collect();
        digests.ok_or_else(|| StoreError::Corrupt("the name of a blob".to_owned()))
    }

    pub(super) async fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let name = digest.0.as_slice();
        match self.get_blob(&digest).await {
            Ok(Some(_)) => return Ok(digest),
            Ok(None) => {}
            Err(StoreError::Corrupt(what)) => tracing::warn!(what, "a damaged blob is written anew"),
            Err(error) => return Err(error),
        }
        for (part, bytes) in (0_i32..).zip(bytes.chunks(PART)) {
            let with: [&(dyn ToSql + Sync); 3] = [&name, &part, &bytes];
            self.change(PUT_PART, &with).await?;
        }
        self.change(PUT, &[&name, &len64(bytes.len()).cast_signed()])
            .await?;
        Ok(digest)
    }

    pub(super) async fn get_blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let damaged = || StoreError::Corrupt(format!("blob {digest}"));
        let name = digest.0.as_slice();
        let kept = self.ask(KEPT, &[&name]).await?;
        let Some(kept) = kept.first() else {
            return Ok(None);
        };
        let size: i64 = kept.try_get(0).map_err(|_| damaged())?;
        let size = index(size.cast_unsigned());
        let mut bytes = Vec::new();
        for part in 0_i32.. {
            if bytes.len() >= size {
                break;
            }
            let found = self.ask(GET_PART, &[&name, &part]).await?;
            let more: &[u8] = match found.first() {
                Some(row) => row.try_get(0).map_err(|_| damaged())?,
                None => return Err(damaged()),
            };
            if more.is_empty() {
                return Err(damaged());
            }
            bytes.extend(more);
        }
        if Digest::of(&bytes) == *digest {
            Ok(Some(bytes))
        } else {
            Err(damaged())
        }
    }
}
