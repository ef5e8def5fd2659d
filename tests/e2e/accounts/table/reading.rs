//! What a member is shown, each way of asking.

use std::collections::{BTreeMap, BTreeSet};

use meltemi_core::access::Answer;
use meltemi_core::id::DocumentId;
use meltemi_core::sync::reconcile::{SetSum, item};
use meltemi_core::wire::exchange::{Exchange, Hash};
use meltemi_core::wire::frame::{Frame, Route};
use meltemi_tests::device::TestDevice;
use meltemi_tests::request::{self, get, get_with};
use serde_json::json;

use super::{Kind, Member, RawPeer, Table};

/// Documents that nobody has.
pub(super) const NOWHERE: [DocumentId; 2] = [
    DocumentId::from_bytes([0x77; 16]),
    DocumentId::from_bytes([0x78; 16]),
];

/// An answer: status, headers and body, without the time, and with the document's name and its
/// length taken out.
fn shape(answer: &request::Answer, document: DocumentId) -> (u16, Vec<(String, String)>, String) {
    let id = document.to_string();
    let body = String::from_utf8_lossy(&answer.body);
    let named = body.matches(&id).count() * id.len();
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| name != "date");
    for (name, value) in &mut headers {
        if name == "content-length" {
            assert_eq!(*value, body.len().to_string());
            *value = (body.len() - named).to_string();
        }
    }
    (answer.status, headers, body.replace(&id, "ID"))
}

/// Over HTTP: the list, the lists by kind, each record and its history.
pub(super) fn by_http(table: &Table, member: &Member) {
    let server = table.world.server.address;
    let bearer = format!("Bearer {}", member.token);
    let token = [("authorization", bearer.as_str())];
    let ids = |path: &str| -> BTreeSet<DocumentId> {
        let list = get_with(server, path, &token).json();
        let list = list.as_array().expect("a list").iter();
        let ids: Vec<&str> = list.filter_map(|record| record["id"].as_str()).collect();
        let set: BTreeSet<_> = ids.iter().map(|id| id.parse().expect("an id")).collect();
        assert_eq!(ids.len(), set.len(), "each once");
        set
    };
    let readable = table.readable(member);
    table.assert_given(&ids("/api/records"), &readable, &member.name);
    for kind in table.page.kinds.keys() {
        let of_kind = table
            .records
            .iter()
            .filter(|r| r.kind == *kind && readable.contains(&r.id));
        let of_kind = of_kind.map(|record| record.id).collect();
        let given = ids(&format!("/api/records?kind={kind}"));
        table.assert_given(&given, &of_kind, &member.name);
    }
    for of_it in ["", "/history"] {
        let path = |id: DocumentId| format!("/api/records/{id}{of_it}");
        let one = |id: DocumentId| shape(&get_with(server, &path(id), &token), id);
        let nowhere = one(NOWHERE[0]);
        assert_eq!(nowhere.0, 404);
        for record in &table.records {
            let answer = one(record.id);
            let about = format!("{} {}{of_it}", member.name, record.label());
            if readable.contains(&record.id) {
                assert_eq!(answer.0, 200, "{about}");
            } else {
                assert_eq!(answer, nowhere, "{about}");
            }
        }
    }
}

/// What the list of a new device says: names, heads, number and digest.
pub(super) async fn by_catalogue(table: &Table, member: &Member) {
    let mut line = table.line(member, Kind::Meltemi).await;
    line.hello().await;
    let (told, listed) = list(&mut line).await;
    let readable = table.readable(member);
    let records = table.records.iter().filter(|r| readable.contains(&r.id));
    let expected: BTreeMap<_, _> = records.map(|r| (r.id, r.heads())).collect();
    table.assert_given(&told.keys().copied().collect(), &readable, &member.name);
    assert_eq!(told, expected, "{}", member.name);
    let mut sum = SetSum::default();
    for (id, heads) in &expected {
        sum.add(&item(id, heads));
    }
    assert_eq!(listed, sum.listed(), "{}", member.name);
    // Who guesses at an item is told no more.
    let items = table.records.iter().map(|r| item(&r.id, &r.heads()));
    let items = items.chain([[7; 32]]).collect();
    line.send(&Frame::Lookup { items }).await;
    let (found, again) = list(&mut line).await;
    assert_eq!((found, again), (expected, listed), "{}", member.name);
}

async fn list(
    line: &mut RawPeer,
) -> (
    BTreeMap<DocumentId, Vec<Hash>>,
    meltemi_core::wire::exchange::Listed,
) {
    let mut told = BTreeMap::new();
    let listed = line
        .until(|frame| {
            let Frame::Exchange(exchange) = frame else {
                return None;
            };
            for stored in &exchange.heads {
                assert!(told.insert(stored.document, stored.heads.clone()).is_none());
            }
            let Exchange {
                heads, seq, listed, ..
            } = exchange.clone();
            let rest = Exchange {
                heads,
                seq,
                listed,
                ..Exchange::default()
            };
            assert_eq!(*exchange, rest, "nothing but a list");
            listed
        })
        .await;
    (told, listed)
}

/// A Meltemi device asks for each document, with and without saying that it has something of it.
pub(super) async fn by_exchange(table: &Table, member: &Member) {
    let readable = table.readable(member);
    let all: Vec<_> = table.records.iter().map(|r| r.id).chain(NOWHERE).collect();
    let guessed: Vec<_> = table
        .records
        .iter()
        .map(|r| (r.id, first_change(r)))
        .collect();
    let guessed = guessed
        .into_iter()
        .chain(NOWHERE.map(|id| (id, vec![[9; 32]])));
    let nothing = all.iter().map(|id| (*id, Vec::new()));
    for want in [nothing.collect(), guessed.collect::<Vec<_>>()] {
        let mut line = table.line(member, Kind::Meltemi).await;
        let want = Exchange {
            want,
            ..Exchange::default()
        };
        line.send(&Frame::Exchange(want)).await;
        let (mut given, mut absent) = (BTreeSet::new(), BTreeSet::new());
        while given.len() + absent.len() < all.len() {
            let (more, less) = line
                .until(|frame| match frame {
                    Frame::Exchange(exchange) => {
                        assert_eq!(exchange.gone, []);
                        let given: Vec<_> = exchange.changes.iter().map(|c| c.document).collect();
                        Some((given, exchange.absent.clone()))
                    }
                    _ => None,
                })
                .await;
            given.extend(more);
            absent.extend(less);
        }
        table.assert_given(&given, &readable, &member.name);
        assert!(given.is_disjoint(&absent) && NOWHERE.iter().all(|id| absent.contains(id)));
        assert_eq!(quiet(&mut line).await, 0, "{}", member.name);
    }
}

/// The first change, which everybody can make who guesses programme, kind and key.
fn first_change(record: &super::Record) -> Vec<Hash> {
    let changes = record.doc.get_changes(&[]);
    changes
        .iter()
        .take(1)
        .map(|change| change.hash().0)
        .collect()
}

/// How many frames come before the answer to a question that is asked last.
pub(super) async fn quiet(line: &mut RawPeer) -> usize {
    line.send(&Frame::Ping).await;
    let mut others = 0;
    line.until(|frame| {
        others += usize::from(*frame != Frame::Pong);
        (*frame == Frame::Pong).then_some(())
    })
    .await;
    others
}

/// A plain client asks for each document.
pub(super) async fn by_plain_sync(table: &Table, member: &Member) {
    let readable = table.readable(member);
    let mut line = table.line(member, Kind::Plain).await;
    let all: Vec<_> = table.records.iter().map(|r| r.id).chain(NOWHERE).collect();
    for id in &all {
        line.request(*id).await;
    }
    let (mut given, mut refused) = (BTreeSet::new(), BTreeMap::new());
    while given.len() + refused.len() < all.len() {
        let (id, unavailable) = line
            .until(|frame| match frame {
                Frame::Sync { document, .. } => Some((*document, None)),
                Frame::Unavailable {
                    document,
                    route,
                    refusal,
                } => Some((*document, Some((route.clone(), refusal.clone())))),
                _ => None,
            })
            .await;
        match unavailable {
            None => assert!(given.insert(id), "once"),
            Some(said) => assert!(refused.insert(id, said).is_none(), "once"),
        }
    }
    table.assert_given(&given, &readable, &member.name);
    let nowhere: (Route, _) = refused[&NOWHERE[0]].clone();
    assert_eq!(nowhere.1, None);
    assert!(refused.values().all(|said| *said == nowhere), "{refused:?}");
}

/// The member's own device has what may be read when it has caught up, and nothing else.
pub(super) async fn by_device(table: &Table, member: &Member) {
    let device = TestDevice::new(&member.name);
    device
        .connect_with(table.world.server.address, &member.token)
        .await;
    device
        .until("everything of the server", |workspace| {
            let status = workspace.status();
            status.synced_at.is_some() && status.receiving.is_none()
        })
        .await;
    let has = device
        .with(|workspace| {
            let entries = workspace.catalogue();
            entries.map(|entry| entry.document).collect::<BTreeSet<_>>()
        })
        .await;
    table.assert_given(&has, &table.readable(member), &member.name);
    for record in table.records.iter().filter(|r| has.contains(&r.id)) {
        let view = device.record(record.id).await;
        assert_eq!(view.fields["source"], json!("Minutes of the harbour"));
    }
}

/// Somebody who is not signed in, and somebody who has lost the access.
pub(super) fn nothing_for_those_who_are_out(table: &Table) {
    let server = table.world.server.address;
    let last = table.members.len() as u8 + 1;
    let role = Some(meltemi_core::access::Role::Coordinator);
    let gone = Member::join(&table.world, &table.ana, "gone", last, role, None);
    let open = table
        .records
        .iter()
        .find(|r| r.column == "public")
        .expect("one");
    let bearer = format!("Bearer {}", gone.token);
    let ask = |path: &str| get_with(server, path, &[("authorization", &bearer)]);
    assert_eq!(ask(&format!("/api/records/{}", open.id)).status, 200);
    assert_eq!(table.says(&gone, open), Answer::Write);
    let id = gone.person.get("/api/session").json()["member"]["id"].clone();
    let path = format!("/api/members/{}", id.as_str().expect("an id"));
    let out = table
        .ana
        .person
        .send("PATCH", &path, &json!({ "active": false }));
    assert_eq!(out.status, 200);
    for id in [open.id, NOWHERE[0]] {
        let path = format!("/api/records/{id}");
        for answer in [ask(&path), get(server, &path), gone.person.get(&path)] {
            let nowhere = shape(
                &get(server, &format!("/api/records/{}", NOWHERE[1])),
                NOWHERE[1],
            );
            assert_eq!(answer.status, 401);
            assert_eq!(shape(&answer, id), nowhere);
        }
    }
    let sync = format!("/sync?access_token={}", gone.token);
    assert_eq!(get(server, &sync).status, 401);
    // How much there is says only who sees everything, or the machine itself.
    let elsewhere = ("x-forwarded-for", "192.0.2.1");
    assert_eq!(get_with(server, "/metrics", &[elsewhere]).status, 401);
    for member in table.members.iter().chain([&table.ana]) {
        let everything = member.name == "ana";
        let form = json!({ "name": "counts", "scopes": ["metrics"] });
        let made = member.person.send("POST", "/api/tokens", &form);
        assert_eq!(
            made.status,
            if everything { 201 } else { 403 },
            "{}",
            member.name
        );
        let cookie = ("cookie", member.person.cookie.as_str());
        let counts = get_with(server, "/metrics", &[elsewhere, cookie]);
        assert_eq!(
            counts.status,
            if everything { 200 } else { 403 },
            "{}",
            member.name
        );
        if !everything {
            assert_eq!(made.json()["code"], "not-allowed");
            assert_eq!(counts.json()["code"], "not-allowed");
            continue;
        }
        let bearer = format!(
            "Bearer {}",
            made.json()["secret"].as_str().expect("a secret")
        );
        let token = ("authorization", bearer.as_str());
        let counts = get_with(server, "/metrics", &[elsewhere, token]);
        let count = format!("\nmeltemi_documents {}\n", table.records.len());
        assert!(String::from_utf8_lossy(&counts.body).contains(&count));
    }
    let tokens = table.ana.person.get("/api/tokens").json();
    assert_eq!(tokens.as_array().map(Vec::len), Some(2), "{}", tokens);
}
