//! What the database does not give is told as what it is: too many connections, a full disk, an address that is none.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use vardnav_store::postgres::private::Private;
use vardnav_store::postgres::{Options, Postgres};
use vardnav_store::suite::sample_rows;
use vardnav_store::{Store, StoreError, StreamId};

use super::{client, options, server};

fn unavailable(error: &StoreError, with: &str) {
    assert!(
        matches!(error, StoreError::Unavailable(why) if why.contains(with)),
        "{error}"
    );
}

#[tokio::test]
async fn too_many_connections_are_told_and_pass() {
    let Some(private) = server() else { return };
    let url = private.database("many").await.unwrap();
    Postgres::open(&url, options()).await.unwrap();
    private
        .execute(
            "postgres",
            "CREATE USER small; ALTER DATABASE many CONNECTION LIMIT 1; ALTER DATABASE many OWNER TO small",
        )
        .await
        .unwrap();
    private
        .execute(
            "many",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO small; GRANT ALL ON SCHEMA public TO small",
        )
        .await
        .unwrap();
    let url = url.replace("vardnav@", "small@");
    let hasty = Options {
        patience: Duration::from_millis(300),
        ..options()
    };
    // Those of the store that was closed end only now.
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    let (client, link) = loop {
        match tokio_postgres::connect(&url, tokio_postgres::NoTls).await {
            Ok(connected) => break connected,
            Err(error) if tokio::time::Instant::now() > until => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let link = tokio::spawn(link);
    let refused = Postgres::open(&url, hasty.clone()).await.err().unwrap();
    unavailable(&refused, "takes no more connections");
    drop(client);
    link.await.unwrap().unwrap();
    Postgres::open(&url, options()).await.unwrap();
}

/// A port that answers whoever comes once with some bytes, and then reads on.
async fn answering(bytes: &'static [u8]) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut asked = [0; 512];
            assert!(socket.read(&mut asked).await.unwrap() > 0);
            socket.write_all(bytes).await.unwrap();
            while socket.read(&mut asked).await.is_ok_and(|read| read > 0) {}
        }
    });
    port
}

/// Why a database does not let anybody in is told with where it is, and is not tried again in vain.
#[tokio::test]
async fn who_is_not_let_in_is_told_why_and_where() {
    let asks = answering(b"R\0\0\0\x08\0\0\0\x03").await;
    let plain = answering(b"N").await;
    let wrong = answering(b"E\0\0\0\x1eSFATAL\0C28P01\0Mwrong one\0\0").await;
    for (port, more, wanted) in [
        (asks, "", "asks for a password, and there is none"),
        (plain, "?sslmode=require", "does not encrypt its connections"),
        (
            wrong,
            "",
            "lets nobody in so: wrong one (28P01): look at the user and the password",
        ),
    ] {
        let url = format!("postgres://one@127.0.0.1:{port}/name{more}");
        let refused = Postgres::open(&url, options());
        let refused = tokio::time::timeout(Duration::from_secs(5), refused).await;
        let refused = refused.expect("it is tried again").err().unwrap();
        unavailable(&refused, wanted);
        unavailable(&refused, &format!("127.0.0.1:{port} name"));
    }
    if let Some(private) = server() {
        for (url, wanted) in [
            (private.url("no-such"), "make the database first"),
            (
                private.url("postgres").replace("vardnav@", "no-such@"),
                "look at the user",
            ),
        ] {
            let refused = tokio::time::timeout(Duration::from_secs(5), Postgres::open(&url, options())).await;
            unavailable(&refused.expect("it is tried again").err().unwrap(), wanted);
        }
    }
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = nobody.local_addr().unwrap().port();
    drop(nobody);
    let hasty = Options {
        patience: Duration::from_millis(300),
        ..options()
    };
    let url = format!("postgres://one@127.0.0.1:{port}/name");
    let refused = Postgres::open(&url, hasty).await.err().unwrap();
    unavailable(&refused, &format!("127.0.0.1:{port} name cannot be reached"));
}

#[tokio::test]
async fn statements_that_hang_are_given_up() {
    let Some(private) = server() else { return };
    let url = private.database("hang").await.unwrap();
    let hasty = Options {
        patience: Duration::from_millis(300),
        statement_max: Duration::from_millis(400),
        ..options()
    };
    let store = Postgres::open(&url, hasty).await.unwrap();
    let stream = StreamId::reporter("one").unwrap();
    store.append(&stream, 0, sample_rows(0, 3)).await.unwrap();
    let mut client = client(&url).await;
    let holding = client.transaction().await.unwrap();
    holding
        .batch_execute("SELECT * FROM heads FOR UPDATE")
        .await
        .unwrap();
    let given_up = store.append(&stream, 3, sample_rows(3, 3)).await.unwrap_err();
    unavailable(&given_up, "in time");
    holding.rollback().await.unwrap();
    let head = store.append(&stream, 3, sample_rows(3, 3)).await.unwrap();
    assert_eq!(head.size, 6);
}

/// What is answered is on disk, and wherever else the database keeps it, whatever else stands in its configuration.
#[tokio::test]
async fn settings_that_lose_what_was_acknowledged_are_not_taken() {
    let Ok(Some(private)) = Private::start(&["synchronous_commit=local", "full_page_writes=off"]) else {
        return;
    };
    let url = private.database("torn").await.unwrap();
    let durable = Options {
        volatile: false,
        ..options()
    };
    let refused = Postgres::open(&url, durable).await.err().unwrap();
    unavailable(&refused, "full_page_writes = on");
    // Whatever waits for a standby waits for it, also where the configuration would not have it so.
    let store = Postgres::open(&url, options()).await.unwrap();
    for statement in [
        "ALTER SYSTEM SET synchronous_standby_names = 'nobody'",
        "SELECT pg_reload_conf()",
    ] {
        private.execute("torn", statement).await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stream = StreamId::reporter("one").unwrap();
    let answered = store.append(&stream, 0, sample_rows(0, 3));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), answered)
            .await
            .is_err()
    );
}

/// A database that puts nothing on disk before it answers is not served, unless that is asked for.
#[tokio::test]
async fn a_volatile_database_is_refused() {
    let Some(private) = server() else { return };
    let url = private.database("volatile").await.unwrap();
    let durable = Options {
        volatile: false,
        ..options()
    };
    let refused = Postgres::open(&url, durable).await.err().unwrap();
    unavailable(&refused, "fsync = on");
    Postgres::open(&url, options()).await.unwrap();
}

#[tokio::test]
async fn addresses_that_lead_elsewhere_are_refused() {
    for url in [
        "no address",
        "postgres://one:secret@database.example/name",
        "postgres://one:secret@192.0.2.1/name",
        "postgres://one:secret@localhost/name?hostaddr=192.0.2.1",
        "postgres://one:secret@localhost/name?sslmode=verify-full&sslrootcert=/no/such/file",
        "postgres://one:secret@localhost/name?sslmode=require&sslrootcert=/no/such/file",
        "postgres://one:secret@database.example/name?sslmode=prefer",
        "postgres://one:secret@localhost/name?no-such=thing",
    ] {
        let refused = Postgres::open(url, options()).await.err().unwrap();
        assert!(matches!(refused, StoreError::Limit(_)), "{url}: {refused}");
        assert!(!refused.to_string().contains("secret"));
    }
    let hasty = Options {
        patience: Duration::from_millis(100),
        ..options()
    };
    let nobody = Postgres::open("postgres://one:secret@127.0.0.1:1/name", hasty)
        .await
        .err()
        .unwrap();
    unavailable(&nobody, "");
    assert!(!nobody.to_string().contains("secret"));
}
