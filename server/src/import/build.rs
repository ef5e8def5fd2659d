//! Makes documents from plans, the same bytes every time.
//!
//! A document gets the first changes of its kind, one change with everything
//! undisputed, and on top of that one change for each disputed value, all
//! concurrent. Actors are derived from what they write, and times are 0, so
//! that equal plans give equal changes and other plans give other actors: a
//! corrected file adds changes, it never forks the history of an actor.

use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, Automerge, AutomergeError, ObjId, ROOT, ReadDoc};
use meltemi_core::command::create_record;
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::path::{Register, Segment, Target};
use meltemi_core::record::{self, FieldPath, Kind, Member, Scalar, value};
use meltemi_core::time::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::plan::{Claim, Dispute, Plan};
use super::{ImportError, ImportedRecord};

/// First byte of the actor of the undisputed change.
const UNDISPUTED: u8 = 0;

/// Makes the document of `plan`.
pub(super) fn build(programme: &str, plan: &Plan) -> Result<ImportedRecord, ImportError> {
    let refused = |reason: String| ImportError::Refused {
        reference: plan.reference.clone(),
        place: plan.place.clone(),
        reason,
    };
    let reference = &plan.reference;
    let document = DocumentId::of_record(programme, reference);
    let author = actor(&document, UNDISPUTED, &plan.values);
    let (document, mut doc) =
        create_record::create(programme, reference, &plan.values, author, Timestamp(0))
            .map_err(|error| refused(error.to_string()))?;
    let undisputed = doc.get_heads();
    for dispute in &plan.disputes {
        let register = register(reference, &dispute.path).map_err(refused)?;
        for (rank, claim) in dispute.claims.iter().enumerate() {
            let content = (&dispute.path, &claim.value, &claim.source);
            let author = actor(&document, shown_last(rank), &content);
            let mut side = doc
                .fork_at(&undisputed)
                .map_err(|error| refused(error.to_string()))?;
            side.set_actor(author);
            let value = value::from_json(register.scalar, &Value::from(claim.value.as_str()))
                .map_err(|reason| refused(format!("{}: {reason}", dispute.path)))?;
            state(&mut side, &register, value, claim)
                .map_err(|error| refused(error.to_string()))?;
            doc.merge(&mut side)
                .map_err(|error| refused(error.to_string()))?;
        }
        check(&doc, &register, dispute).map_err(refused)?;
    }
    Ok(ImportedRecord {
        reference: reference.clone(),
        document,
        doc,
    })
}

/// First byte of the actor of a claim. Of values written at the same point, Automerge shows the
/// one of the greatest actor; so the first claim gets the greatest.
fn shown_last(rank: usize) -> u8 {
    u8::MAX
        .saturating_sub(u8::try_from(rank).unwrap_or(u8::MAX))
        .max(UNDISPUTED + 1)
}

fn actor(document: &DocumentId, first: u8, content: &impl std::fmt::Debug) -> ActorId {
    let mut hash = Sha256::new();
    hash.update(b"meltemi import 1");
    hash.update(document.as_bytes());
    hash.update([first]);
    hash.update(format!("{content:?}").as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[0] = first;
    ActorId::from(bytes.as_slice())
}

/// Writes one value in a change that names its source.
fn state(
    doc: &mut Automerge,
    register: &Register,
    value: automerge::ScalarValue,
    claim: &Claim,
) -> Result<(), AutomergeError> {
    let map = map(doc, register);
    let mut tx = doc.transaction();
    tx.put(&map, register.place.key.as_str(), value)?;
    tx.commit_with(
        CommitOptions::default()
            .with_time(0)
            .with_message(claim.source.as_str()),
    );
    Ok(())
}

/// Checks that the document shows the first claim, beside the others.
fn check(doc: &Automerge, register: &Register, dispute: &Dispute) -> Result<(), String> {
    let map = map(doc, register);
    let all = doc
        .get_all(&map, register.place.key.as_str())
        .unwrap_or_default();
    let shown = all.last().and_then(|(value, _)| value.as_str());
    let first = dispute.claims.first().map(|claim| claim.value.as_str());
    if all.len() == dispute.claims.len() && shown == first {
        Ok(())
    } else {
        Err(format!(
            "{}: {first:?} was to be shown, not {shown:?}",
            dispute.path
        ))
    }
}

/// The map that holds `register` in a document just made, whose entries nobody else wrote.
fn map(doc: &Automerge, register: &Register) -> ObjId {
    register.place.maps.iter().fold(ROOT, |map, key| {
        doc.get(&map, key.as_str())
            .ok()
            .flatten()
            .map_or(map, |(_, next)| next)
    })
}

fn register(reference: &RecordRef, path: &FieldPath) -> Result<Register, String> {
    match path
        .resolve(kind(reference)?)
        .map_err(|error| error.to_string())?
    {
        Target::Register(register) => Ok(register),
        _ => Err(format!("{path} is not a register")),
    }
}

fn kind(reference: &RecordRef) -> Result<&'static Kind, String> {
    record::kind(&reference.kind).ok_or_else(|| format!("there is no kind {:?}", reference.kind))
}

impl Plan {
    /// The records this one names.
    pub(super) fn links(&self) -> Vec<RecordRef> {
        let Ok(kind) = kind(&self.reference) else {
            return Vec::new();
        };
        let mut links = Vec::new();
        for (path, value) in &self.values {
            links.extend(path.segments().iter().filter_map(|segment| match segment {
                Segment::Record(reference) => Some(reference.clone()),
                Segment::Name(_) => None,
            }));
            let texts = match path.resolve(kind) {
                Ok(Target::Register(Register {
                    scalar: Scalar::Link(_),
                    ..
                })) => std::slice::from_ref(value),
                Ok(Target::Tags(_, Member::Link(_))) => value.as_array().map_or(&[][..], |it| it),
                _ => &[],
            };
            links.extend(
                texts
                    .iter()
                    .filter_map(|text| text.as_str()?.parse::<RecordRef>().ok()),
            );
        }
        links
    }
}
