//! What a member may change and begin, and who hears of it.

use std::collections::{BTreeMap, BTreeSet};

use automerge::sync::Message;
use automerge::{Automerge, ChangeHash};
use meltemi_core::access::Answer;
use meltemi_core::id::DocumentId;
use meltemi_core::testing::hostile;
use meltemi_core::wire::exchange::{Changes, Exchange, Hash};
use meltemi_core::wire::frame::Frame;

use super::reading::NOWHERE;
use super::records::{actor, class_field, heads, put, whole};
use super::{Kind, Member, RawPeer, Table};

/// For each document what was said to changes of it: the heads that are on the disk, or a code.
type Answers = BTreeMap<DocumentId, Result<Vec<Hash>, String>>;

/// Sends changes as a Meltemi device, and waits until something was said to all of them.
pub(super) async fn send_changes(line: &mut RawPeer, changes: Vec<Changes>) -> Answers {
    let mut open: BTreeSet<_> = changes.iter().map(|changes| changes.document).collect();
    let exchange = Exchange {
        changes,
        ..Exchange::default()
    };
    for piece in exchange.split() {
        for part in Frame::Exchange(piece).encode_parts() {
            line.send_bytes(part).await;
        }
    }
    let mut answers = Answers::new();
    while !open.is_empty() {
        let exchange = line
            .until(|frame| match frame {
                Frame::Exchange(exchange) => Some(exchange.clone()),
                _ => None,
            })
            .await;
        for (document, reason) in exchange.refused {
            open.remove(&document);
            answers.insert(document, Err(reason.code));
        }
        for stored in exchange.heads {
            open.remove(&stored.document);
            answers.entry(stored.document).or_insert(Ok(stored.heads));
        }
    }
    answers
}

/// Every member changes every record, as a Meltemi device and as a plain client.
pub(super) async fn edits(table: &mut Table) {
    let mut heads = std::mem::take(&mut table.heads);
    for member in table.members.iter().chain([&table.ana]) {
        let edits = |at: u8| -> Vec<_> {
            let records = table.records.iter();
            records.map(|r| (r.id, r.edit(member.number, at))).collect()
        };
        by_exchange(table, member, edits(3), &mut heads).await;
        by_plain_sync(table, member, edits(4), &mut heads).await;
    }
    table.heads = heads;
}

type Edits = Vec<(DocumentId, automerge::Change)>;
type Heads = BTreeMap<DocumentId, BTreeSet<Hash>>;

async fn by_exchange(table: &Table, member: &Member, edits: Edits, heads: &mut Heads) {
    let mut line = table.meltemi(member).await;
    let mut sent: Vec<_> = edits
        .iter()
        .map(|(document, change)| (*document, change.raw_bytes().to_vec()))
        .collect();
    sent.push((NOWHERE[0], edits[0].1.raw_bytes().to_vec()));
    let changes = sent
        .into_iter()
        .map(|(document, bytes)| Changes { document, bytes });
    let answers = send_changes(&mut line, changes.collect()).await;
    let nowhere = &answers[&NOWHERE[0]];
    for (record, (_, change)) in table.records.iter().zip(&edits) {
        let answer = &answers[&record.id];
        let what = format!("{} {}", member.name, record.label());
        match table.says(member, record) {
            Answer::Write => took(record, change, heads),
            Answer::Read => assert_eq!(*answer, Err("read-only".to_owned()), "{what}"),
            Answer::None => assert_eq!(answer, nowhere, "{what}"),
        }
        if table.says(member, record) == Answer::Write {
            let shown = answer.as_ref().map(|shown| shown.iter().copied().collect());
            assert_eq!(shown, Ok(heads[&record.id].clone()), "{what}");
        }
    }
    assert!(nowhere.is_err());
}

/// The record has one more change, beside those that its writer did not know of.
fn took(record: &super::Record, change: &automerge::Change, heads: &mut Heads) {
    let of = heads.entry(record.id).or_default();
    for head in record.heads() {
        of.remove(&head);
    }
    of.insert(change.hash().0);
}

async fn by_plain_sync(table: &Table, member: &Member, edits: Edits, heads: &mut Heads) {
    let mut line = table.line(member, Kind::Plain).await;
    let chunks = |doc: &Automerge, change: &automerge::Change| {
        let changes = doc.get_changes(&[]);
        let all = changes.iter().chain([change]);
        let bytes = all.map(|change| change.raw_bytes().to_vec()).collect();
        hostile::message(vec![change.hash()], bytes)
    };
    let mut open = BTreeMap::new();
    for (record, (id, change)) in table.records.iter().zip(&edits) {
        line.say(*id, chunks(&record.doc, change)).await;
        open.insert(*id, (table.says(member, record), change.hash()));
        if table.says(member, record) == Answer::Write {
            took(record, change, heads);
        }
    }
    while !open.is_empty() {
        let (id, said) = line.until(plain_answer).await;
        let Some((says, hash)) = open.get(&id) else {
            panic!("{} is told twice of {id}", member.name);
        };
        let has = said.as_ref().is_ok_and(|shown| shown.contains(hash));
        match says {
            Answer::Write => assert!(has, "{} {id} {said:?}", member.name),
            Answer::Read => assert!(said.is_ok() && !has, "{} {id} {said:?}", member.name),
            Answer::None => assert_eq!(said, Err("not-allowed".to_owned()), "{}", member.name),
        }
        open.remove(&id);
    }
}

/// The heads that a plain client is shown, or the code it is refused with.
fn plain_answer(frame: &Frame) -> Option<(DocumentId, Result<Vec<ChangeHash>, String>)> {
    match frame {
        Frame::Sync { document, data, .. } => {
            let message = Message::decode(data).expect("a sync message");
            Some((*document, Ok(message.heads)))
        }
        Frame::Unavailable {
            document, refusal, ..
        } => {
            let code = refusal.as_ref().map(|reason| reason.code.clone());
            Some((*document, Err(code.unwrap_or_default())))
        }
        _ => None,
    }
}

/// While somebody who sees everything writes, others hear of what they may read and of nothing
/// else, whatever they have asked for.
pub(super) async fn is_heard_of_by_those_who_may_read(table: &mut Table) {
    let mut ears = Vec::new();
    for member in &table.members {
        let mut plain = table.line(member, Kind::Plain).await;
        for record in &table.records {
            plain.request(record.id).await;
        }
        let mut told = BTreeSet::new();
        while told.len() < table.records.len() {
            told.insert(plain.until(plain_answer).await.0);
        }
        let mut meltemi = table.meltemi(member).await;
        let want = table.records.iter().map(|r| (r.id, Vec::new())).collect();
        let want = Exchange {
            want,
            ..Exchange::default()
        };
        meltemi.send(&Frame::Exchange(want)).await;
        let mut told = BTreeSet::new();
        while told.len() < table.records.len() {
            told.extend(meltemi.until(answered).await);
        }
        ears.push((member, plain, meltemi));
    }
    let edits = table.records.iter().map(|r| r.edit(0, 9));
    let edits: Vec<_> = edits.collect();
    let changes = table
        .records
        .iter()
        .zip(&edits)
        .map(|(record, change)| Changes {
            document: record.id,
            bytes: change.raw_bytes().to_vec(),
        });
    let mut line = table.meltemi(&table.ana).await;
    let answers = send_changes(&mut line, changes.collect()).await;
    assert!(answers.values().all(Result::is_ok));
    let mut heads = std::mem::take(&mut table.heads);
    for (record, change) in table.records.iter().zip(&edits) {
        took(record, change, &mut heads);
    }
    for (member, mut plain, mut meltemi) in ears {
        let readable = table.readable(member);
        meltemi.send(&Frame::Ping).await;
        let mut heard = BTreeSet::new();
        meltemi
            .until(|frame| {
                if let Frame::Exchange(exchange) = frame {
                    heard.extend(exchange.heads.iter().map(|stored| stored.document));
                    heard.extend(exchange.changes.iter().map(|changes| changes.document));
                    heard.extend(exchange.gone.iter().chain(&exchange.absent));
                }
                (*frame == Frame::Pong).then_some(())
            })
            .await;
        table.assert_given(&heard, &readable, &member.name);
        plain.request(NOWHERE[1]).await;
        let mut heard = BTreeSet::new();
        while heard.insert(plain.until(plain_answer).await.0) && !heard.contains(&NOWHERE[1]) {}
        heard.remove(&NOWHERE[1]);
        assert!(heard.is_subset(&readable), "{}", member.name);
    }
    table.heads = heads;
}

fn answered(frame: &Frame) -> Option<Vec<DocumentId>> {
    let Frame::Exchange(exchange) = frame else {
        return None;
    };
    let given = exchange.changes.iter().map(|changes| changes.document);
    Some(given.chain(exchange.absent.iter().copied()).collect())
}

/// Every member begins records like those of the table, and closes the new ones to others: both
/// have to be allowed by what the record is afterwards.
pub(super) async fn new_records_and_new_classes(table: &Table) {
    for member in table.members.iter().chain([&table.ana]) {
        let mut line = table.meltemi(member).await;
        let (mut begun, mut cells) = (Vec::new(), BTreeSet::new());
        for record in table.records.iter().filter(|r| r.kind != "programme") {
            // A new city is not the member's own.
            let is_body = ["city", "organisation"].contains(&record.kind.as_str());
            let own = !is_body && table.owns(member, record);
            if cells.insert((&record.kind, &record.column, own)) {
                let key = format!("new-{}-{}", member.number, cells.len());
                let (id, doc) = record.written(&key, member.number);
                begun.push((record, id, doc, own));
            }
        }
        let changes = begun.iter().map(|(_, document, doc, _)| Changes {
            document: *document,
            bytes: whole(doc),
        });
        let answers = send_changes(&mut line, changes.collect()).await;
        let mut closed = Vec::new();
        for (record, id, mut doc, own) in begun {
            let says = |column| table.page.answer(member.role, &record.kind, own, column);
            let expected = if says(&record.column) == Answer::Write {
                Ok(heads(&doc))
            } else {
                Err("not-allowed".to_owned())
            };
            let what = format!("{} begins {}", member.name, record.label());
            assert_eq!(answers[&id], expected, "{what}");
            let word = if record.kind == "event" {
                "closed"
            } else {
                "chatham"
            };
            if expected.is_ok() && record.wording != word {
                doc.set_actor(actor(member.number, 5));
                let change = put(&mut doc, class_field(&record.kind), word);
                closed.push((id, change, heads(&doc), says("chatham")));
            }
        }
        if closed.is_empty() {
            continue;
        }
        let changes = closed.iter().map(|(document, change, ..)| Changes {
            document: *document,
            bytes: change.raw_bytes().to_vec(),
        });
        let answers = send_changes(&mut line, changes.collect()).await;
        for (id, _, heads, says) in closed {
            let expected = if says == Answer::Write {
                Ok(heads)
            } else {
                Err("not-allowed".to_owned())
            };
            assert_eq!(answers[&id], expected, "{} closes {id}", member.name);
        }
    }
}
