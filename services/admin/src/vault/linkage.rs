//! Linkage exports: revisions with keys that stand for their persons within one project. The person key itself never
//! leaves.

use tokio::sync::mpsc::Sender;
use tonic::Status;
use vardnav_api::rights::record_key;
use vardnav_api::vardnav::admin::v1 as pb;
use vardnav_register::entry::StreamEntry;
use vardnav_register::hash::to_hex;
use vardnav_register::rights::RecordRef;
use vardnav_store::{StoreError, StreamId, current};

use super::{VaultAdmin, store_error};

/// Entries read at a time.
const ROWS: u32 = 500;

impl VaultAdmin {
    /// Sends the records of reporters with their keys within a project, until they end or nobody listens.
    pub(super) async fn export(
        &self,
        project: String,
        reporters: Vec<String>,
        to: Sender<Result<pb::ExportLinkageResponse, Status>>,
    ) {
        for reporter in reporters {
            let mut from = 0;
            loop {
                let piece = self.piece(&project, &reporter, from).await;
                let (records, next) = match piece {
                    Ok(Some(piece)) => piece,
                    Ok(None) => break,
                    Err(error) => {
                        // Whoever no longer listens does not mind.
                        let _ = to.send(Err(store_error(error).into())).await;
                        return;
                    }
                };
                from = next;
                if !records.is_empty() && to.send(Ok(pb::ExportLinkageResponse { records })).await.is_err() {
                    return;
                }
            }
        }
    }

    /// Records of a reporter from a position on, and where to go on; nothing at the end.
    async fn piece(
        &self,
        project: &str,
        reporter: &str,
        from: u64,
    ) -> Result<Option<(Vec<pb::LinkedRecord>, u64)>, StoreError> {
        let stream = StreamId::reporter(reporter)?;
        let rows = self.store.read(&stream, from, ROWS).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let next = last.position + 1;
        let (mut records, mut persons) = (Vec::new(), Vec::new());
        for row in &rows {
            let StreamEntry::Record(entry) = current::entry(&stream, row)? else {
                continue;
            };
            let derived = entry.derived().map_err(|error| {
                StoreError::Corrupt(format!("{stream}: position {}: {error}", row.position))
            })?;
            if let Some((person, _)) = derived {
                persons.push(person);
                records.push(RecordRef {
                    reporter: reporter.to_owned(),
                    kind: entry.header.kind,
                    id: entry.header.id,
                    revision: entry.header.revision,
                    position: row.position,
                });
            }
        }
        let keys = self.vault.linkage(project, &persons).await?;
        let linked = records.iter().zip(keys).map(|(record, key)| pb::LinkedRecord {
            record: Some(record_key(record)),
            key: to_hex(&key),
        });
        Ok(Some((linked.collect(), next)))
    }
}
