//! The address of a database: where it is, how what is sent there is encrypted, and where the password comes from. What
//! leaves this machine is encrypted, unless the address itself says otherwise. A password is neither told nor logged.

use std::io::BufRead as _;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::encryption::{self, Trust};
use crate::contract::StoreError;

/// What stands in an address and is not the client's to read.
const OURS: [&str; 3] = ["sslmode", "sslrootcert", "passfile"];

/// An address that was read.
pub(super) struct Address {
    /// Where, as whom and with which password.
    pub(super) config: Config,
    /// What encrypts, where anything does.
    pub(super) encryption: Option<MakeRustlsConnect>,
}

/// What an address asks of encryption (`sslmode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// None.
    Disable,
    /// If the database has it, whoever the database is.
    Prefer,
    /// Always, whoever the database is.
    Require,
    /// Always, and the database has a certificate for the name by which it is reached.
    VerifyFull,
}

/// What an address is called where it is told: without password and options.
pub fn named(url: &str) -> String {
    let nothing = || "a database".to_owned();
    let Ok((plain, _)) = split(url) else {
        return nothing();
    };
    let Ok(config) = plain.parse::<Config>() else {
        return nothing();
    };
    let hosts = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let ports = config.get_ports().iter().map(ToString::to_string);
    let ports = ports.collect::<Vec<_>>().join(",");
    let ports = if ports.is_empty() {
        "5432".to_owned()
    } else {
        ports
    };
    format!(
        "postgres {hosts}:{ports} {}",
        config.get_dbname().unwrap_or_default()
    )
}

impl Address {
    /// Reads an address, and the password from `PGPASSWORD` or a password file where it has none.
    ///
    /// # Errors
    /// `Limit` when it is no address, asks for what there is not, or leads beyond this machine unencrypted without saying
    /// so.
    pub(super) fn read(url: &str) -> Result<Self, StoreError> {
        Self::read_plain(url).map_err(|error| hinted(url, error))
    }

    fn read_plain(url: &str) -> Result<Self, StoreError> {
        let (plain, options) = split(url)?;
        // What the parser says may hold a part of the address, and so of a password.
        let mut config: Config = plain.parse().map_err(|_| no_address())?;
        let mode = mode(&config, options.mode.as_deref())?;
        if options.root.is_some() && mode != Mode::VerifyFull {
            let what = "sslrootcert is of use with sslmode=verify-full only";
            return Err(StoreError::Limit(what.to_owned()));
        }
        let trust = match (mode, options.root) {
            (Mode::Disable, _) => None,
            (Mode::Prefer | Mode::Require, _) => Some(Trust::Anybody),
            (Mode::VerifyFull, Some(root)) if root != "system" => Some(Trust::Roots(PathBuf::from(root))),
            (Mode::VerifyFull, _) => Some(Trust::System),
        };
        config.ssl_mode(match mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyFull => SslMode::Require,
        });
        if config.get_password().is_none()
            && let Some(password) = password(&config, options.passfile.as_deref())?
        {
            config.password(password);
        }
        Ok(Self {
            config,
            encryption: trust.map(|trust| encryption::connect(&trust)).transpose()?,
        })
    }
}

/// What is said of an address that is refused, with why it may have been read otherwise than it was meant.
fn hinted(url: &str, error: StoreError) -> StoreError {
    let of_place = url.split_once("://").map_or("", |(_, rest)| rest);
    let before = of_place.rsplit_once('@').map_or("", |(before, _)| before);
    match error {
        StoreError::Limit(what) if before.contains(['/', '@', '?', '#']) => StoreError::Limit(format!(
            "{what}; if the password holds one of / @ : ? # %, write it percent-encoded: %2F %40 %3A %3F %23 %25"
        )),
        other => other,
    }
}

/// What of an address is read here.
#[derive(Default)]
struct Options {
    mode: Option<String>,
    root: Option<String>,
    passfile: Option<String>,
}

/// An address without what is read here, and that.
fn split(url: &str) -> Result<(String, Options), StoreError> {
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(no_address());
    }
    let mut options = Options::default();
    let Some((before, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), options));
    };
    let mut left = Vec::new();
    for part in query.split('&') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if !OURS.contains(&name) {
            left.push(part);
            continue;
        }
        let value = decoded(value).ok_or_else(no_address)?;
        let place = match name {
            "sslmode" => &mut options.mode,
            "sslrootcert" => &mut options.root,
            _ => &mut options.passfile,
        };
        *place = Some(value);
    }
    let plain = match left.is_empty() {
        true => before.to_owned(),
        false => format!("{before}?{}", left.join("&")),
    };
    Ok((plain, options))
}

fn no_address() -> StoreError {
    StoreError::Limit("no address of a database: write it as postgres://user@host:port/name".to_owned())
}

/// A value of an address with its escapes (`%2F`) read.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// How an address is encrypted; a socket never is.
fn mode(config: &Config, said: Option<&str>) -> Result<Mode, StoreError> {
    let is_socket = |host: &Host| matches!(host, Host::Unix(_));
    let mode = match said {
        None => None,
        Some("disable") => Some(Mode::Disable),
        Some("prefer") => Some(Mode::Prefer),
        Some("require") => Some(Mode::Require),
        Some("verify-full") => Some(Mode::VerifyFull),
        Some(_) => {
            let what = "sslmode is one of disable, prefer, require and verify-full";
            return Err(StoreError::Limit(what.to_owned()));
        }
    };
    if config.get_hosts().iter().all(is_socket) && config.get_hostaddrs().is_empty() {
        return Ok(Mode::Disable);
    }
    if config.get_hosts().iter().any(is_socket) {
        let what = "an address leads to sockets or to other machines, not to both";
        return Err(StoreError::Limit(what.to_owned()));
    }
    match mode {
        Some(mode) if mode != Mode::Prefer || is_near(config) => Ok(mode),
        None if is_near(config) => Ok(Mode::Disable),
        _ => Err(StoreError::Limit(
            "the address leads beyond this machine and what is sent there is not encrypted for certain: write \
             sslmode=verify-full into it, or sslmode=require where the network says whose the database is, or \
             sslmode=disable where nobody else reaches the network"
                .to_owned(),
        )),
    }
}

/// Whether nothing leaves this machine.
fn is_near(config: &Config) -> bool {
    let near = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    let mut addresses = config.get_hostaddrs().iter();
    addresses.all(IpAddr::is_loopback) && config.get_hosts().iter().all(near)
}

/// The password for an address that has none: from the environment, or a password file as PostgreSQL's own clients
/// have it.
fn password(config: &Config, file: Option<&str>) -> Result<Option<String>, StoreError> {
    if file.is_none()
        && let Ok(password) = std::env::var("PGPASSWORD")
    {
        return Ok(Some(password));
    }
    let own = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pgpass"));
    let place = match (file, std::env::var_os("PGPASSFILE")) {
        (Some(file), _) => Some(PathBuf::from(file)),
        (None, Some(file)) => Some(PathBuf::from(file)),
        (None, None) => own(),
    };
    place.map_or(Ok(None), |place| of_file(&place, config))
}

/// The one password that a file has for every host of an address.
///
/// # Errors
/// `Limit` when it has different ones, for one password is sent to all.
fn of_file(place: &Path, config: &Config) -> Result<Option<String>, StoreError> {
    let Some(lines) = lines(place) else {
        return Ok(None);
    };
    let user = config.get_user().unwrap_or_default();
    let database = config.get_dbname().unwrap_or(user);
    let ports = config.get_ports();
    let passwords = config.get_hosts().iter().enumerate().map(|(at, host)| {
        let host = match host {
            Host::Tcp(name) => name.as_str(),
            Host::Unix(_) => "localhost",
        };
        // One port is that of all hosts.
        let port = ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        let wanted = [host, &port.to_string(), database, user];
        lines.iter().find_map(|line| of_line(line, wanted))
    });
    let mut passwords = passwords.collect::<Vec<_>>();
    passwords.dedup();
    match passwords.as_slice() {
        [] => Ok(None),
        [one] => Ok(one.clone()),
        _ => Err(StoreError::Limit(
            "the password file does not have the same password for every host of the address: one password is sent to \
             all of them, so give it to all, in one line with * as host or a line each"
                .to_owned(),
        )),
    }
}

/// The lines of a password file that nobody else may read.
fn lines(place: &Path) -> Option<Vec<String>> {
    let file = std::fs::File::open(place).ok()?;
    if file.metadata().ok()?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            file = %place.display(),
            "the password file is not read, for others may read it too: take their permissions away"
        );
        return None;
    }
    let lines = std::io::BufReader::new(file).lines().map_while(Result::ok);
    Some(lines.filter(|line| !line.starts_with('#')).collect())
}

/// The password of a line `host:port:database:user:password`, if it is of what is wanted.
fn of_line(line: &str, wanted: [&str; 4]) -> Option<String> {
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        let letter = match letter {
            '\\' => letters.next()?,
            ':' if fields.len() < 5 => {
                fields.push(String::new());
                continue;
            }
            other => other,
        };
        fields.last_mut()?.push(letter);
    }
    let password = fields.get(4)?.clone();
    let is_wanted = fields
        .iter()
        .zip(wanted)
        .all(|(field, wanted)| field == "*" || field == wanted);
    is_wanted.then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Mode, String> {
        let (plain, options) = split(url).map_err(|error| error.to_string())?;
        let config: Config = plain.parse().map_err(|_| "no address".to_owned())?;
        mode(&config, options.mode.as_deref()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_leaves_the_machine_is_encrypted_or_says_that_it_is_not() {
        for (url, wanted) in [
            ("postgres://one@%2Frun%2Fpg/name", Mode::Disable),
            ("postgres://one@%2Frun%2Fpg/name?sslmode=require", Mode::Disable),
            ("postgres://one@127.0.0.1/name", Mode::Disable),
            ("postgres://one@localhost/name?sslmode=prefer", Mode::Prefer),
            ("postgres://one@[::1]/name?sslmode=require", Mode::Require),
            ("postgres://one@elsewhere/name?sslmode=disable", Mode::Disable),
            ("postgres://one@elsewhere/name?sslmode=require", Mode::Require),
            (
                "postgresql://one@192.0.2.7:6432/name?connect_timeout=3&sslmode=verify-full",
                Mode::VerifyFull,
            ),
        ] {
            assert_eq!(read(url), Ok(wanted), "{url}");
        }
        for url in [
            "postgres://one:secret@elsewhere/name",
            "postgres://one:secret@192.0.2.7/name",
            "postgres://one:secret@elsewhere/name?sslmode=prefer",
            "postgres://one:secret@localhost,elsewhere/name",
            "postgres://one:secret@localhost/name?hostaddr=192.0.2.7",
            "postgres://one:secret@localhost/name?sslmode=allow",
            "postgres://one:secret@localhost/name?sslmode=%zz",
            "host=elsewhere user=one password=secret sslmode=disable",
        ] {
            let refused = read(url).unwrap_err();
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn a_password_that_breaks_the_address_is_hinted_at() {
        for url in [
            "postgres://one:se/c@cret@localhost/name",
            "postgres://one:se@cret@localhost/name",
        ] {
            let refused = Address::read(url).err().unwrap().to_string();
            assert!(refused.contains("percent-encoded"), "{refused}");
            assert!(!refused.contains("cret"), "{refused}");
        }
        let refused = Address::read("postgres://one:secret@elsewhere/name");
        let refused = refused.err().unwrap().to_string();
        assert!(!refused.contains("percent-encoded"), "{refused}");
    }

    #[test]
    fn what_an_address_is_called_tells_no_password() {
        let named = named("postgres://one:secret@elsewhere:6432/name?sslmode=verify-full&sslrootcert=%2Fa");
        assert_eq!(named, "postgres elsewhere:6432 name");
        assert_eq!(super::named("one:secret"), "a database");
    }

    #[test]
    fn a_password_comes_from_the_line_that_is_meant() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("passes");
        std::fs::write(
            &place,
            "# a comment\nother:*:*:*:wrong\nelsewhere:5432:name:two:wrong\nelsewhere:*:name:one:a\\:b:c\n*:*:*:*:any\n",
        )
        .unwrap();
        let config = |url: &str| url.parse::<Config>().unwrap();
        let of = |url: &str| of_file(&place, &config(url)).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(of("postgres://one@elsewhere/name"), None);
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(of("postgres://one@elsewhere/name").as_deref(), Some("a:b:c"));
        assert_eq!(of("postgres://three@elsewhere/name").as_deref(), Some("any"));
        let all = "postgres://one@elsewhere:5432,elsewhere:6432/name";
        assert_eq!(of(all).as_deref(), Some("a:b:c"));
        for apart in [
            "postgres://one@elsewhere,nowhere/name",
            "postgres://two@elsewhere:5432,elsewhere:6432/name",
        ] {
            let refused = of_file(&place, &config(apart)).unwrap_err();
            assert!(matches!(refused, StoreError::Limit(_)), "{refused}");
            assert!(!refused.to_string().contains("any"), "{refused}");
        }
        assert_eq!(of_line("a:b:c", ["a", "b", "c", "d"]), None);
    }
}
