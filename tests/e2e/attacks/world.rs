//! A server under attack: somebody who works meanwhile, and what must stay as it was.

use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use automerge::Automerge;
use futures_util::future::join_all;
use meltemi_core::id::DocumentId;
use meltemi_core::wire::exchange::Exchange;
use meltemi_core::wire::frame::Frame;
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::{Answer, get};
use meltemi_tests::server::Server;
use serde_json::{Value, json};

use super::peer::{Kind, RawPeer};
use crate::accounts::{self, people::Person};
use crate::{MELTEMI, assert_healthy, data_folder};

/// Times an attack is repeated at least.
const ROUNDS: usize = 30;

/// Connections that attack at one time, where many do.
const TOGETHER: usize = 50;

/// Bytes by which the server may have grown at any time.
const GROWTH: u64 = 64 * 1024 * 1024;

/// A document that nobody has.
pub(super) const NOWHERE: DocumentId = DocumentId::from_bytes([0x77; 16]);

pub(super) struct World {
    _folder: tempfile::TempDir,
    data: PathBuf,
    pub(super) server: Server,
    pub(super) ana: TestDevice,
    /// The record that is attacked.
    pub(super) event: DocumentId,
    /// The record that is worked on meanwhile.
    diary: DocumentId,
    /// Ana's session, where there are accounts, and a token of hers.
    session: Option<(Person, String)>,
}

impl World {
    /// A server with two records of Ana's.
    pub(super) async fn begin() -> Self {
        let (folder, data) = data_folder();
        let server = MELTEMI.serve(&data, &[]);
        Self::with(folder, data, server, None).await
    }

    /// As [`World::begin`], on a server with accounts where Ana coordinates everything. Others are
    /// invited by her: see [`World::invited`].
    pub(super) async fn with_accounts() -> Self {
        let accounts = accounts::people::World::begin(&[]);
        let ana = accounts.first_coordinator("ana");
        let (_, token) = ana.token(&["sync"]);
        let accounts::people::World {
            server,
            data,
            folder,
        } = accounts;
        Self::with(folder, data, server, Some((ana, token))).await
    }

    async fn with(
        folder: tempfile::TempDir,
        data: PathBuf,
        server: Server,
        session: Option<(Person, String)>,
    ) -> Self {
        let ana = TestDevice::new("ana");
        if let Some((person, _)) = &session {
            ana.belongs_to(&person.id()).await;
        }
        connect(&ana, server.address, session.as_ref()).await;
        let title = |title: &str| ("titles/en", json!(title));
        let event = ana.create("event", "ev1", &[title("Housing")]).await;
        let diary = ana.create("event", "ev2", &[title("Diary")]).await;
        ana.synced().await;
        Self {
            _folder: folder,
            data,
            server,
            ana,
            event,
            diary,
            session,
        }
    }

    /// One more record of Ana's, which is on the server.
    pub(super) async fn another(&self) -> DocumentId {
        let title = ("titles/en", json!("Another"));
        let record = self.ana.create("event", "ev3", &[title]).await;
        self.ana.synced().await;
        record
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.server.address
    }

    pub(super) async fn join(&self, kind: Kind, name: &str) -> RawPeer {
        match &self.session {
            Some((_, token)) => RawPeer::join_with(self.address(), token, kind, name).await,
            None => RawPeer::join(self.address(), kind, name).await,
        }
    }

    /// Somebody whom Ana has invited, and a token of theirs.
    pub(super) fn invited(&self, name: &str, programme: &str, role: &str) -> (Person, String) {
        let (ana, _) = self.session.as_ref().expect("a server with accounts");
        let person = ana.invites(name, programme, role);
        let (_, token) = person.token(&["sync"]);
        (person, token)
    }

    /// The id of Ana, where there are accounts.
    pub(super) fn ana_id(&self) -> String {
        let (ana, _) = self.session.as_ref().expect("a server with accounts");
        ana.id()
    }

    fn get(&self, path: &str) -> Answer {
        match &self.session {
            Some((person, _)) => person.get(path),
            None => get(self.address(), path),
        }
    }

    /// A record's document, as the server hands it out.
    pub(super) async fn document(&self, id: DocumentId) -> Automerge {
        let mut peer = self.join(Kind::Meltemi, "reader").await;
        let want = Exchange {
            want: vec![(id, Vec::new())],
            ..Exchange::default()
        };
        peer.send(&Frame::Exchange(want)).await;
        let pick = |frame: &Frame| match frame {
            Frame::Exchange(exchange) => {
                assert_eq!(exchange.absent, [], "the server has it");
                let changes = exchange.changes.iter().find(|c| c.document == id);
                changes.map(|changes| changes.bytes.clone())
            }
            _ => None,
        };
        let bytes = peer.until(pick).await;
        Automerge::load(&bytes).expect("a document")
    }

    /// Repeats an attack while Ana works, and asserts that she is served, that the attacked
    /// record and the catalogue stay as they were, and that the server does not grow meanwhile.
    pub(super) async fn withstands(&self, mut attack: impl AsyncFnMut(usize)) {
        self.serves_during(ROUNDS, async |round| attack(round).await)
            .await;
    }

    /// As [`Self::withstands`], for an attack from many connections at one time.
    pub(super) async fn withstands_many(&self, attack: impl AsyncFn(usize)) {
        let wave = async |_| {
            join_all((0..TOGETHER).map(|number| attack(number))).await;
        };
        self.serves_during(1, wave).await;
    }

    async fn serves_during(&self, rounds: usize, mut attack: impl AsyncFnMut(usize)) {
        let (before, memory) = (self.stored(), self.memory());
        let served = Cell::new(false);
        let work = async {
            for day in 0..3 {
                self.ana
                    .set(self.diary, "titles/en", json!(format!("day {day}")))
                    .await;
                self.ana.synced().await;
            }
            served.set(true);
        };
        let attacks = async {
            let mut round = 0;
            while round < rounds || !served.get() {
                attack(round).await;
                round += 1;
            }
        };
        tokio::join!(work, attacks);
        assert_eq!(self.stored(), before);
        self.assert_small(memory);
    }

    /// Bytes of memory the server has. From now on its most is counted anew.
    pub(super) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/clear_refs", self.server.id());
        fs::write(path, "5").expect("the server runs");
        self.status("VmRSS:")
    }

    /// A line of what the system says of the server's memory, in bytes.
    fn status(&self, name: &str) -> u64 {
        let path = format!("/proc/{}/status", self.server.id());
        let status = fs::read_to_string(path).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        1024 * kilobytes
            .expect("a line of kB")
            .parse::<u64>()
            .expect("a number")
    }

    /// Asserts that the server was never much larger since it had this much memory.
    pub(super) fn assert_small(&self, before: u64) {
        let grown = self.status("VmHWM:").saturating_sub(before);
        assert!(grown < GROWTH, "grown by {grown} bytes from {before}");
    }

    /// The attacked record's heads, and which records there are.
    pub(super) fn stored(&self) -> (Value, Vec<Value>) {
        let unknown = self.get(&format!("/api/records/{NOWHERE}"));
        assert_eq!(unknown.status, 404, "{unknown:?}");
        let records = self.get("/api/records").json();
        let records = records.as_array().expect("a list");
        let ids = records.iter().map(|record| record["id"].clone()).collect();
        (self.heads(self.event), ids)
    }

    /// A record's heads, as the server says over HTTP.
    pub(super) fn heads(&self, id: DocumentId) -> Value {
        self.get(&format!("/api/records/{id}")).json()["heads"].clone()
    }

    /// Asserts that a new device gets everything, and that nothing damaged was stored.
    pub(super) async fn end(self) {
        let ben = TestDevice::new("ben");
        connect(&ben, self.address(), self.session.as_ref()).await;
        let is_whole = |title: &str| {
            let title = json!(title);
            move |record: &meltemi_core::view::RecordView| record.fields["titles"]["en"] == title
        };
        ben.until_record(self.event, "the attacked record", is_whole("Housing"))
            .await;
        self.ana
            .set(self.diary, "titles/en", json!("the end"))
            .await;
        self.ana.synced().await;
        ben.until_record(self.diary, "the last edit", is_whole("the end"))
            .await;
        assert!(self.server.stop().success());
        assert_healthy(&self.data);
    }
}

async fn connect(device: &TestDevice, server: SocketAddr, session: Option<&(Person, String)>) {
    match session {
        Some((_, token)) => device.connect_with(server, token).await,
        None => device.connect(server).await,
    }
}
