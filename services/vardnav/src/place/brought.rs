//! Secret keys that are brought into a node's folder, for a server beside others that share a database: they stay when they
//! are those of the register, and go again when not, whatever ends the start. What the keys are for is said elsewhere.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use vardnav_store::backup::SECRETS;

use crate::exit::{Failure, Outcome};

/// The note of keys that were brought into a folder and not held against a register yet, one a line.
const BROUGHT: &str = "brought-keys";
/// What a file is called by until all of it is written.
const UNFINISHED: &str = "new";

/// Secret keys that were brought into a folder. They go again unless they were held against the register and fit: at
/// once, or at the next start when this one was ended before that, for a note in the folder names them until then.
#[derive(Default)]
pub(crate) struct Brought {
    keys: Vec<PathBuf>,
    note: Option<PathBuf>,
}

impl Brought {
    /// Lets the keys stay.
    ///
    /// # Errors
    /// When the note of them does not go: the next start would remove them, so this one does not go on.
    pub(crate) fn keep(&mut self) -> Outcome {
        self.keys.clear();
        self.forget_note()
    }

    fn forget_note(&mut self) -> Outcome {
        let Some(note) = self.note.take() else {
            return Ok(());
        };
        let removed = std::fs::remove_file(&note).and_then(|()| match note.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        });
        let failed = |error| Failure::Failed(format!("{} cannot be removed: {error}", note.display()));
        removed.map_err(failed)
    }
}

impl Drop for Brought {
    fn drop(&mut self) {
        for path in &self.keys {
            if let Err(error) = std::fs::remove_file(path) {
                tracing::warn!(%error, path = %path.display(), "a key that was brought and does not fit is still there");
            }
            // A folder that holds something else stays.
            let _ = path.parent().map(std::fs::remove_dir);
        }
        if let Err(error) = self.forget_note() {
            tracing::warn!(%error, "the note of keys that were brought is still there");
        }
    }
}

/// Copies the secret keys from a folder into a node's that has none; those that are there stay and must be the same.
pub(super) fn bring(from: &Path, folder: &Path) -> Outcome<Brought> {
    let mut lacking = Vec::new();
    for path in SECRETS {
        let (from, to) = (from.join(path), folder.join(path));
        let key = std::fs::read(&from)
            .map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", from.display())))?;
        match std::fs::read(&to) {
            Ok(known) if known == key => continue,
            Ok(_) => {
                let what = format!(
                    "{} is another key than {}: keep one of them",
                    to.display(),
                    from.display()
                );
                return Err(Failure::Refused(what));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => lacking.push((path, key)),
            Err(error) => return Err(error.into()),
        }
    }
    let mut brought = Brought::default();
    if lacking.is_empty() {
        return Ok(brought);
    }
    // Before the first key: whatever ends the start then leaves none behind that nobody knows of.
    let named = lacking.iter().map(|(path, _)| format!("{path}\n"));
    put_durably(&folder.join(BROUGHT), named.collect::<String>().as_bytes())?;
    brought.note = Some(folder.join(BROUGHT));
    for (path, key) in lacking {
        let to = folder.join(path);
        if let Some(folder) = to.parent() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        put_durably(&to, &key)?;
        brought.keys.push(to);
    }
    Ok(brought)
}

/// Removes the keys that a start brought which was ended before they were held against a register.
pub(super) fn remove_unheld(folder: &Path) -> Outcome {
    let note = folder.join(BROUGHT);
    let named = match std::fs::read_to_string(&note) {
        Ok(named) => named,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut unheld = Brought {
        keys: Vec::new(),
        note: Some(note),
    };
    for path in SECRETS
        .iter()
        .filter(|path| named.lines().any(|line| line == **path))
    {
        let key = folder.join(path);
        for path in [key.with_extension(UNFINISHED), key] {
            if path.exists() {
                tracing::info!(path = %path.display(), "a key goes that was brought and never held against a register");
                unheld.keys.push(path);
            }
        }
    }
    Ok(())
}

/// Writes a file for its owner only, whole or not at all.
fn put_durably(to: &Path, content: &[u8]) -> Outcome {
    let unfinished = to.with_extension(UNFINISHED);
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, to)?;
    if let Some(folder) = to.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]
mod tests {
    use super::*;

    #[test]
    fn keys_that_were_brought_go_again_unless_they_fit() {
        let folders = tempfile::tempdir().unwrap();
        let (from, to) = (folders.path().join("from"), folders.path().join("to"));
        for path in SECRETS {
            let path = from.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "a key").unwrap();
        }
        std::fs::create_dir(&to).unwrap();
        let there = || SECRETS.iter().filter(|path| to.join(path).exists()).count();
        drop(bring(&from, &to).unwrap());
        assert_eq!(there(), 0);
        bring(&from, &to).unwrap().keep().unwrap();
        assert_eq!(there(), SECRETS.len());
        // Those that were there before stay.
        drop(bring(&from, &to).unwrap());
        remove_unheld(&to).unwrap();
        assert_eq!(there(), SECRETS.len());
    }

    /// A start that is killed between bringing keys and holding them against the register does nothing any more.
    #[test]
    fn keys_of_a_start_that_was_killed_go_at_the_next() {
        let folders = tempfile::tempdir().unwrap();
        let (from, to) = (folders.path().join("from"), folders.path().join("to"));
        for path in SECRETS {
            let path = from.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "a key").unwrap();
        }
        std::fs::create_dir(&to).unwrap();
        std::mem::forget(bring(&from, &to).unwrap());
        std::fs::write(to.join(SECRETS[0]).with_extension(UNFINISHED), "half").unwrap();
        remove_unheld(&to).unwrap();
        assert_eq!(std::fs::read_dir(&to).unwrap().count(), 0);
        // Of what was there before, nothing goes.
        let own = to.join(SECRETS[0]);
        std::fs::create_dir_all(own.parent().unwrap()).unwrap();
        std::fs::write(&own, "a key").unwrap();
        std::mem::forget(bring(&from, &to).unwrap());
        remove_unheld(&to).unwrap();
        assert!(own.exists());
        assert!(!to.join(SECRETS[1]).exists());
    }
}
