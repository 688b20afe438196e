//! Blobs, in parts of a size that every engine takes. The parts come first and the blob's own row last: without that row
//! there is no blob, whatever parts there are.

use tokio_postgres::types::ToSql;

use super::Core;
use crate::codec::{index, len64};
use crate::contract::{Digest, StoreError};

/// Bytes of a part, but of the last.
const PART: usize = 1024 * 1024;

const KEPT: &str = "SELECT size FROM blobs WHERE digest = $1";
const PUT_PART: &str = "INSERT INTO blob_parts (digest, part, bytes) VALUES ($1, $2, $3) \
                        ON CONFLICT (digest, part) DO NOTHING";
const PUT: &str = "INSERT INTO blobs (digest, size) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
const GET_PART: &str = "SELECT bytes FROM blob_parts WHERE digest = $1 AND part = $2";

impl Core {
    pub(super) async fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let name = digest.0.as_slice();
        if !self.ask(KEPT, &[&name]).await?.is_empty() {
            return Ok(digest);
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
