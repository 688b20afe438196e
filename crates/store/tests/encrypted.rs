//! Connections to the database are encrypted where the address says so, and only whoever it must be is believed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "a test")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::time::{Duration, Instant};

use vardnav_store::postgres::private::{Private, QUICK};
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::suite::sample_rows;
use vardnav_store::{Store, StoreError, StreamId};

/// A port of this machine that nobody listens on.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// Puts a file where the database may read it and nobody else.
fn put(place: &Path, text: &str, owner: u32) {
    std::fs::write(place, text).unwrap();
    std::fs::set_permissions(place, std::fs::Permissions::from_mode(0o600)).unwrap();
    if owner == 0 {
        chown(place, Some(65_534), Some(65_534)).unwrap();
    }
}

fn options() -> Options {
    Options {
        connections: 3,
        patience: Duration::from_secs(10),
        volatile: true,
        ..Options::default()
    }
}

async fn opened(url: &str) -> Result<Postgres, StoreError> {
    Postgres::open(url, options()).await
}

fn refusal(opened: Result<Postgres, StoreError>) -> String {
    match opened {
        Ok(_) => panic!("it was opened"),
        Err(error) => error.to_string(),
    }
}

/// How many connections of the store there are, encrypted and not.
async fn connections(private: &Private, port: u16) -> (i64, i64) {
    let socket = private.socket().display().to_string().replace('/', "%2F");
    let url = format!("postgres://vardnav@{socket}:{port}/postgres");
    let (client, link) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(link);
    let row = client
        .query_one(
            "SELECT count(*) FILTER (WHERE s.ssl), count(*) FILTER (WHERE NOT s.ssl) FROM pg_stat_ssl AS s \
             JOIN pg_stat_activity AS a USING (pid) WHERE a.application_name = 'vardnav'",
            &[],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_encrypted_and_the_database_is_whom_it_must_be() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let owner = std::fs::metadata(folder.path()).unwrap().uid();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let [certificate, key, elsewhere] =
        ["certificate", "key", "elsewhere"].map(|name| folder.path().join(name));
    put(&certificate, &made.cert.pem(), owner);
    put(&key, &made.signing_key.serialize_pem(), owner);
    put(&elsewhere, &other.cert.pem(), owner);

    let port = free_port();
    let (of_port, of_certificate, of_key) = (
        format!("port={port}"),
        format!("ssl_cert_file={}", certificate.display()),
        format!("ssl_key_file={}", key.display()),
    );
    let mut settings = QUICK.to_vec();
    settings.extend([
        "listen_addresses=127.0.0.1",
        "ssl=on",
        &of_port,
        &of_certificate,
        &of_key,
    ]);
    let Some(private) = Private::start(&settings).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let at = |host: &str, options: &str| format!("postgres://vardnav@{host}:{port}/postgres?{options}");
    let file = |place: &Path| place.display().to_string().replace('/', "%2F");

    let encrypted = opened(&at("127.0.0.1", "sslmode=require")).await.unwrap();
    let stream = StreamId::new("encrypted").unwrap();
    encrypted.append(&stream, 0, sample_rows(0, 500)).await.unwrap();
    let (with, without) = connections(&private, port).await;
    assert!(with > 0 && without == 0, "{with} encrypted, {without} not");
    drop(encrypted);

    let right = at(
        "localhost",
        &format!("sslmode=verify-full&sslrootcert={}", file(&certificate)),
    );
    let store = opened(&right).await.unwrap();
    assert_eq!(store.head(&stream).await.unwrap().size, 500);

    let begun = Instant::now();
    let not_its_name = at(
        "127.0.0.1",
        &format!("sslmode=verify-full&sslrootcert={}", file(&certificate)),
    );
    let not_its_own = at(
        "localhost",
        &format!("sslmode=verify-full&sslrootcert={}", file(&elsewhere)),
    );
    for url in [not_its_name, not_its_own] {
        let refused = refusal(opened(&url).await);
        assert!(refused.contains("not whom it must be"), "{refused}");
    }
    assert!(begun.elapsed() < Duration::from_secs(8), "it is not tried again");

    let plain = opened(&at("127.0.0.1", "sslmode=disable")).await.unwrap();
    assert_eq!(plain.head(&stream).await.unwrap().size, 500);
    assert!(connections(&private, port).await.1 > 0);
}

/// A password comes from a file, and stands in no error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_taken_from_a_file_and_told_to_nobody() {
    let port = free_port();
    let of_port = format!("port={port}");
    let mut settings = QUICK.to_vec();
    settings.extend(["listen_addresses=127.0.0.1", of_port.as_str()]);
    let Some(private) = Private::start(&settings).unwrap() else {
        eprintln!("skipped: this machine has no PostgreSQL");
        return;
    };
    let rules = private.socket().join("data/pg_hba.conf");
    let before = std::fs::read_to_string(&rules).unwrap();
    std::fs::write(
        &rules,
        format!("host all guarded 127.0.0.1/32 scram-sha-256\n{before}"),
    )
    .unwrap();
    let socket = private.socket().display().to_string().replace('/', "%2F");
    let own = format!("postgres://vardnav@{socket}:{port}/postgres");
    let (client, link) = tokio_postgres::connect(&own, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(link);
    client
        .batch_execute("CREATE ROLE guarded LOGIN SUPERUSER PASSWORD 'open:sesame'; SELECT pg_reload_conf()")
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let passes = folder.path().join("passes");
    std::fs::write(
        &passes,
        format!("127.0.0.1:{port}:postgres:guarded:open\\:sesame\n"),
    )
    .unwrap();
    std::fs::set_permissions(&passes, std::fs::Permissions::from_mode(0o600)).unwrap();
    let at = format!("127.0.0.1:{port}/postgres");
    let with_file = format!("postgres://guarded@{at}?passfile={}", passes.display());
    let until = Instant::now() + Duration::from_secs(10);
    // The rules are read again soon after they were asked to be.
    let refused = loop {
        match opened(&format!("postgres://guarded:hush@{at}")).await {
            Err(error) => break error.to_string(),
            Ok(_) => assert!(Instant::now() < until),
        }
    };
    assert!(!refused.contains("hush"), "{refused}");
    opened(&with_file).await.unwrap();
    opened(&format!("postgres://guarded:open%3Asesame@{at}"))
        .await
        .unwrap();
}
