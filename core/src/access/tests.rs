//! Facts of records, labels, and the sentences that the table has to hold to.

use automerge::transaction::Transactable;
use automerge::{ActorId, ROOT};
use serde_json::json;

use super::*;
use crate::command::create_record::create;
use crate::id::RecordRef;
use crate::record::KINDS;
use crate::time::Timestamp;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn member(role: Role, body: Option<&str>) -> Member {
    Member {
        id: MemberId("m1".to_owned()),
        body: body.map(|body| body.parse().expect("a body")),
        memberships: vec![Membership {
            programme: "mc2cm".to_owned(),
            role,
        }],
        active: true,
    }
}

fn facts(kind: &str, class: Option<Class>, owners: &[&str]) -> Facts {
    Facts {
        programme: "mc2cm".to_owned(),
        kind: kind.to_owned(),
        class,
        owners: owners.iter().map(|o| o.parse().expect("a body")).collect(),
    }
}

/// Every combination there is.
fn each(mut check: impl FnMut(Role, bool, &Facts, Answer)) {
    let classes = table::CLASSES.into_iter().map(Some).chain([None]);
    for (role, class) in classes.flat_map(|class| Role::ALL.map(|role| (role, class))) {
        for kind in KINDS {
            for own in [true, false] {
                let owner = if own { "city/sousse" } else { "city/lyon" };
                let facts = facts(kind.name, class, &[owner, "organisation/uclg"]);
                let answer = answer(&member(role, Some("city/sousse")), &facts);
                check(role, own, &facts, answer);
            }
        }
    }
}

#[test]
fn only_coordinators_write_the_programme_and_they_write_everything() {
    each(|role, _, facts, answer| {
        if role == Role::Coordinator {
            assert_eq!(answer, Answer::Write, "{facts}");
        } else if facts.kind == "programme" {
            assert!(answer < Answer::Write, "{role:?} {facts}");
        }
    });
}

#[test]
fn an_unsettled_class_gives_nobody_more_than_any_class_would() {
    each(|role, own, facts, answer| {
        let kind = record::kind(&facts.kind).expect("a kind");
        if facts.class.is_none() {
            for class in table::CLASSES {
                assert!(
                    answer <= table::of_role(role, own, kind, Some(class)),
                    "{role:?} {facts}"
                );
            }
            let may = role == Role::Coordinator
                || own && matches!(role, Role::PartnerEditor | Role::CityOfficer);
            assert!(answer == Answer::None || may, "{role:?} {facts}");
        }
    });
}

#[test]
fn who_was_not_there_and_readers_know_nothing_of_what_is_closed() {
    each(|role, own, facts, answer| match facts.class {
        Some(Class::Chatham) if !own && answer > Answer::None => {
            assert!(
                matches!(role, Role::Coordinator | Role::Facilitator),
                "{role:?} {facts}"
            );
        }
        Some(Class::Personal) if !own => {
            assert_eq!(answer > Answer::None, role == Role::Coordinator, "{facts}");
        }
        _ if role == Role::Reader => {
            let open = matches!(facts.class, Some(Class::Public | Class::Peers));
            let expected = if open { Answer::Read } else { Answer::None };
            assert_eq!(answer, expected, "{facts}");
        }
        _ => {}
    });
}

#[test]
fn officers_write_what_their_city_owns_and_read_what_peers_see() {
    each(|role, own, facts, answer| {
        if role == Role::CityOfficer && facts.kind != "programme" {
            let open = matches!(facts.class, Some(Class::Public | Class::Peers));
            let expected = match (own, open) {
                (true, _) => Answer::Write,
                (false, true) => Answer::Read,
                (false, false) => Answer::None,
            };
            assert_eq!(answer, expected, "{facts}");
        }
    });
}

#[test]
fn without_a_role_in_the_programme_only_what_is_public_is_read() {
    let mut stranger = member(Role::Coordinator, Some("city/sousse"));
    stranger.memberships[0].programme = "other".to_owned();
    for class in table::CLASSES {
        let facts = facts("event", Some(class), &["city/sousse"]);
        let expected = match class {
            Class::Public => Answer::Read,
            _ => Answer::None,
        };
        assert_eq!(answer(&stranger, &facts), expected);
    }
    stranger.active = false;
    let public = facts("event", Some(Class::Public), &[]);
    assert_eq!(answer(&stranger, &public), Answer::None);
}

#[test]
fn the_best_of_several_roles_holds() {
    let mut both = member(Role::Reader, None);
    both.memberships.push(Membership {
        programme: "mc2cm".to_owned(),
        role: Role::Evaluator,
    });
    let outcome = facts("outcome", Some(Class::Consortium), &[]);
    assert_eq!(answer(&both, &outcome), Answer::Write);
}

#[test]
fn labels_read_back_and_give_the_same_answer() {
    each(|role, _, facts, expected| {
        let label = facts.to_string();
        assert!(is_current(&label));
        assert_eq!(Facts::kind_in(&label), facts.kind);
        assert_eq!(Facts::programme_in(&label), Some(&*facts.programme));
        assert_eq!(label.parse::<Facts>().as_ref(), Ok(facts));
        let member = member(role, Some("city/sousse"));
        assert_eq!(answer_label(&member, &label), expected, "{role:?} {label}");
    });
    let without = facts("event", Some(Class::Peers), &[]);
    assert_eq!(without.to_string(), "event mc2cm peers -");
    assert_eq!(without.to_string().parse::<Facts>(), Ok(without));
}

#[test]
fn a_label_of_the_kind_alone_says_nothing_that_opens_it() {
    let old: Facts = "event".parse().expect("a label");
    assert_eq!((old.class, old.programme.as_str()), (None, ""));
    assert!(!is_current("event"));
    for role in Role::ALL {
        assert_eq!(answer_label(&member(role, None), "event"), Answer::None);
    }
    for bad in ["", "event mc2cm", "event mc2cm peers", "event a peers - -"] {
        assert!(bad.parse::<Facts>().is_err(), "{bad:?}");
        let coordinator = member(Role::Coordinator, None);
        assert_eq!(answer_label(&coordinator, bad), Answer::None);
    }
    assert!("event mc2cm peers nobody".parse::<Facts>().is_err());
    let newer: Facts = "event mc2cm secret -".parse().expect("a label");
    assert_eq!(newer.class, None, "an unknown word is not settled");
}

/// The facts of a record with these values.
fn of_record(reference: &str, values: &[(&str, serde_json::Value)]) -> Facts {
    let reference: RecordRef = reference.parse().expect("a record");
    let values: Vec<_> = values
        .iter()
        .map(|(path, value)| (path.parse().expect("a path"), value.clone()))
        .collect();
    let (document, doc) = create(
        "mc2cm",
        &reference,
        &values,
        ActorId::from([1; 16]),
        Timestamp(1),
    )
    .expect("a record");
    let identity = crate::genesis::identify(&document, &doc).expect("a record");
    Facts::read(&doc, &identity)
}

#[test]
fn an_empty_field_leaves_the_class_to_the_kind_and_an_unknown_word_to_nobody() {
    assert_eq!(of_record("product/p1", &[]).class, Some(Class::Public));
    assert_eq!(of_record("event/ev1", &[]).class, Some(Class::Peers));
    for (word, class) in [
        ("open", Class::Peers),
        ("chatham_house", Class::Chatham),
        ("closed", Class::Chatham),
    ] {
        let event = of_record("event/ev1", &[("confidentiality", json!(word))]);
        assert_eq!(event.class, Some(class), "{word}");
    }
    for word in crate::record::vocabulary::VISIBILITY.words {
        let outcome = of_record("outcome/o1", &[("visibility", json!(word))]);
        assert_eq!(outcome.class, Class::of_word(word), "{word}");
        assert!(outcome.class.is_some(), "{word}");
    }
}

#[test]
fn a_word_of_another_fields_vocabulary_settles_no_class() {
    for (reference, field, word) in [
        ("event/ev1", "confidentiality", "public"),
        ("event/ev1", "confidentiality", "chatham"),
        ("outcome/o1", "visibility", "open"),
        ("outcome/o1", "visibility", "chatham_house"),
    ] {
        let reference: RecordRef = reference.parse().expect("a record");
        let actor = ActorId::from([1; 16]);
        let (document, mut doc) =
            create("mc2cm", &reference, &[], actor, Timestamp(1)).expect("a record");
        let mut transaction = doc.transaction();
        transaction.put(ROOT, field, word).expect("a map");
        transaction.commit();
        let identity = crate::genesis::identify(&document, &doc).expect("a record");
        assert_eq!(Facts::read(&doc, &identity).class, None, "{word}");
    }
}

#[test]
fn owners_are_read_off_entries_sets_and_links() {
    let owners = |facts: Facts| {
        let owners: Vec<_> = facts.owners.iter().map(ToString::to_string).collect();
        owners.join(" ")
    };
    let event = of_record(
        "event/ev1",
        &[
            (
                "hosts",
                json!({"city/sousse": {}, "organisation/uclg": {"role": "host"}}),
            ),
            ("guest_cities", json!({"city/douala": {}})),
        ],
    );
    assert_eq!(owners(event), "city/sousse organisation/uclg");
    let action = of_record(
        "targeted_action/a1",
        &[
            ("places", json!(["city/tunis"])),
            ("awarded_by", json!("organisation/icmpd")),
        ],
    );
    assert_eq!(owners(action), "city/tunis organisation/icmpd");
    assert_eq!(owners(of_record("city/amman", &[])), "city/amman");
    assert_eq!(owners(of_record("programme/mc2cm", &[])), "");
}

#[test]
fn a_class_two_people_chose_at_the_same_time_is_not_settled() {
    let reference = RecordRef::new("outcome", "o1");
    let made = |actor: u8, word: &str| {
        let values = [("visibility".parse().expect("a path"), json!(word))];
        create(
            "mc2cm",
            &reference,
            &values,
            ActorId::from([actor; 16]),
            Timestamp(1),
        )
        .expect("a record")
    };
    let (document, mut one) = made(1, "public");
    let (_, mut other) = made(2, "consortium");
    one.merge(&mut other).expect("a merge");
    let identity = crate::genesis::identify(&document, &one).expect("a record");
    assert_eq!(Facts::read(&one, &identity).class, None);
}
