//! samod 0.16, the Rust implementation of automerge-repo, as a client of our server.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use automerge::transaction::Transactable;
use automerge::{Automerge, AutomergeError, ROOT, ReadDoc, Value as AmValue};
use futures_util::{SinkExt, StreamExt, future, stream};
use meltemi_core::id::DocumentId;
use meltemi_tests::device::{DEADLINE, TestDevice};
use meltemi_tests::request::get;
use meltemi_tests::server::{Program, Server};
use samod::{BackoffConfig, DialError, Dialer, DocHandle, Repo, Transport};
use serde_json::json;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{self, Message};
use url::Url;

use crate::people::Person;

const MELTEMI: Program = Program(env!("CARGO_BIN_EXE_meltemi-under-test"));

struct WebSocketDialer(Url);

impl Dialer for WebSocketDialer {
    type Error = tungstenite::Error;

    fn url(&self) -> Url {
        self.0.clone()
    }

    fn connect(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<Transport, DialError<Self::Error>>> + Send + 'static>>
    {
        let url = self.url();
        Box::pin(async move {
            let (socket, _) = connect_async(url.as_str())
                .await
                .map_err(DialError::transient)?;
            let (sink, stream) = socket.split();
            let stream = stream.filter_map(|message| {
                future::ready(match message {
                    Ok(Message::Binary(bytes)) => Some(Ok(bytes.to_vec())),
                    Ok(_) => None,
                    Err(error) => Some(Err(error)),
                })
            });
            let sink = sink.with(|bytes: Vec<u8>| {
                future::ready(Ok::<_, tungstenite::Error>(Message::Binary(bytes.into())))
            });
            Ok(Transport::new(stream, sink))
        })
    }
}

async fn client(server: SocketAddr) -> Repo {
    client_at(format!("ws://{server}/sync")).await
}

async fn client_at(url: String) -> Repo {
    let url = url.parse().expect("a URL");
    let repo = Repo::build_tokio().load().await;
    let dialer = repo
        .dial(BackoffConfig::default(), Arc::new(WebSocketDialer(url)))
        .unwrap();
    dialer.established().await.expect("the handshake succeeds");
    repo
}

fn name(document: DocumentId) -> samod::DocumentId {
    document.to_string().parse().expect("the same text form")
}

/// Waits until `condition` holds for the document.
async fn until(handle: &DocHandle, what: &str, condition: impl Fn(&Automerge) -> bool) {
    // An item for now, and one for every change.
    let mut changes = Box::pin(stream::once(future::ready(())).chain(handle.changes().map(drop)));
    let held = async {
        while changes.next().await.is_some() {
            if handle.with_document(|doc| condition(doc)) {
                return;
            }
        }
        panic!("the document ended");
    };
    timeout(DEADLINE, held)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

fn value(doc: &Automerge, key: &str) -> Option<String> {
    let (value, _) = doc.get(ROOT, key).ok()??;
    match value {
        AmValue::Scalar(scalar) => scalar.as_str().map(str::to_owned),
        AmValue::Object(_) => None,
    }
}

fn put(handle: &DocHandle, key: &str, value: &str) {
    handle.with_document(|doc| {
        doc.transact::<_, _, AutomergeError>(|tx| tx.put(ROOT, key, value))
            .expect("a change");
    });
}

fn serve(data: &Path, arguments: &[&str]) -> Server {
    MELTEMI.serve(data, arguments)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_samod_client_opens_an_event_edits_it_and_sees_the_edits_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder.path().join("data"), &[]);
    let ana = TestDevice::connected("ana", server.address).await;
    let event = ana
        .create("event", "ev1", &[("venue", json!("Town hall"))])
        .await;
    ana.synced().await;

    let samod = client(server.address).await;
    let handle = timeout(DEADLINE, samod.find(name(event)))
        .await
        .expect("an answer")
        .unwrap();
    let handle = handle.expect("the event is found");
    until(&handle, "the venue", |doc| {
        value(doc, "venue").as_deref() == Some("Town hall")
    })
    .await;

    put(&handle, "venue", "Library");
    ana.until_record(event, "samod's edit", |record| {
        record.fields["venue"] == json!("Library")
    })
    .await;
    ana.set(event, "venue", json!("School")).await;
    until(&handle, "ana's edit", |doc| {
        value(doc, "venue").as_deref() == Some("School")
    })
    .await;
    let served = get(server.address, &format!("/api/records/{event}")).json();
    assert_eq!(served["fields"]["venue"], "School");
    samod.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_nobody_has_is_unavailable() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(&folder.path().join("data"), &[]);
    let samod = client(server.address).await;
    let nowhere = name(DocumentId::from_bytes([9; 16]));
    let found = timeout(DEADLINE, samod.find(nowhere))
        .await
        .expect("an answer")
        .unwrap();
    assert!(found.is_none());
    samod.stop().await;
}

/// What the server counts, as text.
fn counts(server: std::net::SocketAddr) -> String {
    String::from_utf8_lossy(&meltemi_tests::request::get(server, "/metrics").body).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_no_record_is_refused_and_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data, &[]);
    let author = client(server.address).await;
    let foreign = author.create(Automerge::new()).await.unwrap();
    put(&foreign, "note", "not a record");
    // The author keeps its document; what it sent has come and was refused.
    let reader = client(server.address).await;
    let refused = async {
        while !counts(server.address).contains("meltemi_refusals_total{code=\"no-kind\"}") {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, refused).await.unwrap();
    let found = timeout(DEADLINE, reader.find(foreign.document_id().clone()))
        .await
        .unwrap()
        .unwrap();
    assert!(found.is_none());
    author.stop().await;
    reader.stop().await;
    let log = server.log();
    assert!(server.stop().success());
    assert!(log.contains("RefusedPeer"), "{log}");
    let verify = MELTEMI.run(&["verify", "--data", data.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&verify.stdout);
    assert!(
        said.contains("checked 0 records and 0 other documents: 0 problems"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_documents_are_kept_and_synced_when_the_server_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = serve(&data, &["--foreign-documents"]);
    let author = client(server.address).await;
    let foreign = author.create(Automerge::new()).await.unwrap();
    put(&foreign, "note", "not a record");
    let id = foreign.document_id().clone();

    let reader = client(server.address).await;
    // Asking again until the author's document has arrived is what a client does.
    let copy = timeout(DEADLINE, async {
        loop {
            if let Some(copy) = reader.find(id.clone()).await.unwrap() {
                return copy;
            }
            tokio::task::yield_now().await;
        }
    });
    let copy = copy.await.expect("the document arrives");
    until(&copy, "the note", |doc| value(doc, "note").is_some()).await;
    put(&copy, "answer", "seen");
    until(&foreign, "the answer", |doc| {
        value(doc, "answer").as_deref() == Some("seen")
    })
    .await;
    let shown = get(server.address, &format!("/api/records/{id}"));
    assert_eq!(shown.status, 422);
    assert_eq!(shown.json()["code"], "not-a-record");
    author.stop().await;
    reader.stop().await;
    assert!(server.stop().success());

    let server = serve(&data, &["--foreign-documents"]);
    let later = client(server.address).await;
    let kept = timeout(DEADLINE, later.find(id))
        .await
        .unwrap()
        .unwrap()
        .expect("it was kept");
    until(&kept, "the answer", |doc| {
        value(doc, "answer").as_deref() == Some("seen")
    })
    .await;
    later.stop().await;
}

async fn found(repo: &Repo, document: DocumentId) -> Option<DocHandle> {
    let found = timeout(DEADLINE, repo.find(name(document))).await;
    found.expect("an answer").expect("it runs")
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token_a_client_reads_and_writes_what_its_member_may() {
    let folder = tempfile::tempdir().unwrap();
    let server = MELTEMI.serve_closed(&folder.path().join("data"), &[]);
    let ana = Person::first(&server);
    let ben = ana.invited("ben", "reader");
    let url = |token: &str| format!("ws://{}/sync?access_token={token}", server.address);
    let (ana_token, ben_token) = (ana.token("sync"), ben.token("sync"));
    let device = TestDevice::new("ana");
    device.connect_with(server.address, &ana_token).await;
    let event = device
        .create("event", "ev1", &[("venue", json!("Town hall"))])
        .await;
    let closed = device
        .create("event", "ev2", &[("confidentiality", json!("closed"))])
        .await;
    device.synced().await;

    let writer = client_at(url(&ana_token)).await;
    let handle = found(&writer, event).await.expect("her event");
    assert!(found(&writer, closed).await.is_some());
    put(&handle, "venue", "Library");
    device
        .until_record(event, "samod's edit", |record| {
            record.fields["venue"] == json!("Library")
        })
        .await;

    let reader = client_at(url(&ben_token)).await;
    let copy = found(&reader, event).await.expect("the event");
    until(&copy, "the venue", |doc| {
        value(doc, "venue").as_deref() == Some("Library")
    })
    .await;
    put(&copy, "venue", "Not for readers");
    // What is asked for later is answered later.
    for hidden in [closed, DocumentId::from_bytes([9; 16])] {
        assert!(found(&reader, hidden).await.is_none());
    }
    device.set(event, "source", json!("Minutes")).await;
    until(&copy, "ana's edit", |doc| {
        value(doc, "source").as_deref() == Some("Minutes")
    })
    .await;
    let served = ana.get(&format!("/api/records/{event}")).json();
    assert_eq!(served["fields"]["venue"], "Library");
    assert_eq!(served["fields"]["source"], "Minutes");
    assert_eq!(ben.get(&format!("/api/records/{closed}")).status, 404);

    for (token, status) in [("mlt_nothing", 401), (&*ben.token("read"), 403)] {
        let refused = connect_async(url(token)).await;
        let Err(tungstenite::Error::Http(answer)) = refused else {
            panic!("a connection for {token}: {refused:?}");
        };
        assert_eq!(answer.status(), status);
    }
    writer.stop().await;
    reader.stop().await;
}
