//! A disk without room: nothing is acknowledged, nothing is lost, and it goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use meltemi_core::id::DocumentId;
use meltemi_core::sync::status::NoticeCode;
use meltemi_core::sync::storage::{
    Listing, Loaded, StorageAdapter, StorageError, Synced, WriteBatch,
};
use meltemi_server::config::ServeOptions;
use meltemi_server::server::run_on;
use meltemi_server::storage::place::StorageKind;
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::get;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::storage::Shared;

/// A storage whose disk is full as long as somebody says so.
struct Limited {
    storage: Shared,
    full: Arc<AtomicBool>,
}

impl StorageAdapter for Limited {
    fn catalogue(&self) -> Result<Listing, StorageError> {
        self.storage.catalogue()
    }

    fn load(&self, document: &DocumentId) -> Result<Loaded, StorageError> {
        self.storage.load(document)
    }

    fn write(&mut self, batches: &[WriteBatch]) -> Vec<Result<(), StorageError>> {
        if !self.full.load(Ordering::SeqCst) {
            return self.storage.write(batches);
        }
        let full = |batch: &WriteBatch| {
            let detail = "no space left on device".to_owned();
            Err(StorageError::Full {
                document: batch.document,
                detail,
            })
        };
        batches.iter().map(full).collect()
    }

    fn synced(&mut self, synced: &Synced) -> Result<(), StorageError> {
        self.storage.synced(synced)
    }

    fn storage_id(&mut self, fresh: &str) -> Result<String, StorageError> {
        self.storage.storage_id(fresh)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_acknowledges_nothing_and_goes_on_when_there_is_room() {
    let full = Arc::new(AtomicBool::new(true));
    let storage = Limited {
        storage: Shared::default(),
        full: full.clone(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = ServeOptions {
        listen: address,
        data: "unused".into(),
        storage: StorageKind::default(),
        demo: false,
        accept_relayed: false,
        foreign_documents: false,
        web: None,
        allow_origin: Vec::new(),
        open: true,
        tls_cert: None,
        tls_key: None,
        behind_https: false,
        public_url: None,
        breached_passwords: None,
        openid: None,
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let (ready, is_ready) = oneshot::channel();
    let server = tokio::spawn(run_on(Box::new(storage), options, listener, ready, async {
        let _ = stopped.await;
    }));
    is_ready.await.unwrap();
    assert_eq!(get(address, "/readyz").status, 200);

    let ana = TestDevice::connected("ana", address).await;
    let event = ana
        .create("event", "ev1", &[("titles/en", json!("Housing"))])
        .await;
    ana.until("word of the server's disk", |workspace| {
        workspace
            .status()
            .notices
            .iter()
            .any(|notice| notice.code == NoticeCode::PeerStorage)
    })
    .await;
    assert!(ana.with(|workspace| workspace.status().waiting).await > 0);
    let not_ready = get(address, "/readyz");
    assert_eq!(not_ready.status, 503);
    assert_eq!(not_ready.json()["code"], "write-failed");
    assert_eq!(get(address, "/healthz").status, 200);

    full.store(false, Ordering::SeqCst);
    ana.synced().await;
    assert_eq!(get(address, &format!("/api/records/{event}")).status, 200);
    assert_eq!(get(address, "/readyz").status, 200);
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}
