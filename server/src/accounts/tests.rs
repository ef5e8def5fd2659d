//! What members, devices, tokens and invitations may and may not do to each other.

mod anew;
mod apart;
mod ways;

use std::time::Duration;

use meltemi_core::access::Role;
use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;

use super::audit::Deed;
use super::device::DeviceChoice;
use super::member::MemberPatch;
use super::password;
use super::recovery;
use super::secret::{SecretHash, SecretKind};
use super::testing::{
    DAY, PASSWORD, at, begun, hashed, invitation, join, join_with, joining, lets_in, membership,
};
use super::token::{NewToken, Scope};
use super::{Accounts, AccountsError, Ended, Held, Holder};

fn email(name: &str) -> String {
    format!("{name}@cities.example")
}

fn active(active: bool) -> MemberPatch {
    MemberPatch {
        active: Some(active),
        ..MemberPatch::default()
    }
}

fn token(scopes: &[Scope], days: u64) -> NewToken {
    NewToken {
        name: Sensitive::new("export".to_owned()),
        scopes: scopes.to_vec(),
        lasts: Some(Duration::from_hours(24 * days)),
    }
}

#[test]
fn the_first_link_works_once_and_only_while_there_is_no_member() {
    let accounts = Accounts::in_memory().expect("accounts");
    let link = || accounts.first_coordinator(Timestamp(DAY)).expect("asked");
    let (old, new) = (link().expect("a link"), link().expect("a link"));
    let refused = join_with(&accounts, &old, "ana");
    assert!(matches!(refused, Err(AccountsError::NoInvitation)));
    let ana = join_with(&accounts, &new, "ana").expect("she joins");
    assert!(ana.member.coordinates("mc2cm"));
    let refused = join_with(&accounts, &new, "ben");
    assert!(matches!(refused, Err(AccountsError::NoInvitation)));
    assert!(link().is_none());
}

#[test]
fn the_first_link_ends_after_a_day() {
    let accounts = Accounts::in_memory().expect("accounts");
    let link = accounts.first_coordinator(Timestamp(DAY)).expect("asked");
    let hash = SecretHash::of_secret(&link.expect("a link"));
    let refused = accounts.join(&hash, &joining("ana"), &at(2 * DAY));
    assert!(matches!(refused, Err(AccountsError::NoInvitation)));
}

#[test]
fn an_invitation_lets_one_person_in_with_its_role() {
    let (accounts, ana) = begun();
    let new = invitation("mc2cm", Role::CityOfficer);
    let (shown, secret) = accounts
        .invite(Some(&ana.member), &new, &at(DAY))
        .expect("invited");
    let ben = join_with(&accounts, &secret, "ben").expect("he joins");
    assert_eq!(
        ben.member.memberships,
        [membership("mc2cm", Role::CityOfficer)]
    );
    assert_eq!(ben.member.language, "fr");
    let again = join_with(&accounts, &secret, "carla");
    assert!(matches!(again, Err(AccountsError::NoInvitation)));
    let left = accounts.invitations(None, Timestamp(DAY)).expect("a list");
    assert!(left.iter().all(|known| known.id != shown.id));
}

#[test]
fn what_somebody_offers_who_has_lost_the_role_is_void() {
    let (accounts, ana) = begun();
    let coordinator = invitation("mc2cm", Role::Coordinator);
    let ben = join(&accounts, &ana.member, "ben", &coordinator);
    let reader = invitation("mc2cm", Role::Reader);
    let (_, secret) = accounts
        .invite(Some(&ben.member), &reader, &at(DAY))
        .expect("invited");
    let patch = MemberPatch {
        memberships: Some(vec![membership("mc2cm", Role::Evaluator)]),
        ..MemberPatch::default()
    };
    let changed = accounts.change_member(Some(&ana.member), &ben.member.id, &patch, &at(DAY));
    changed.expect("it is changed");
    let refused = join_with(&accounts, &secret, "carla");
    assert!(matches!(refused, Err(AccountsError::NoInvitation)));
    let refused = accounts.invite(Some(&ben.member), &reader, &at(DAY));
    assert!(matches!(refused, Err(AccountsError::NotAllowed(_))));
}

#[test]
fn an_address_belongs_to_one_member_however_it_is_written() {
    let (accounts, ana) = begun();
    let new = invitation("mc2cm", Role::Reader);
    let (_, secret) = accounts
        .invite(Some(&ana.member), &new, &at(DAY))
        .expect("invited");
    let refused = join_with(&accounts, &secret, "ANA");
    assert!(matches!(refused, Err(AccountsError::EmailTaken)));
    // It is not used up by that.
    join_with(&accounts, &secret, "ben").expect("he joins");
    for bad in ["", "ana", "@b", "a@", "a b@c.example"] {
        let mut joining = joining("x");
        joining.email = Sensitive::new(bad.to_owned());
        let (_, secret) = accounts
            .invite(Some(&ana.member), &new, &at(DAY))
            .expect("invited");
        let refused = accounts.join(&SecretHash::of_secret(&secret), &joining, &at(DAY));
        assert!(
            matches!(refused, Err(AccountsError::BadField("email", _))),
            "{bad}"
        );
    }
}

#[test]
fn a_session_slides_and_ends_when_it_is_not_used() {
    let (accounts, ana) = begun();
    assert!(lets_in(&accounts, &ana, DAY * 150));
    assert!(lets_in(&accounts, &ana, DAY * 300));
    assert!(!lets_in(&accounts, &ana, DAY * 480));
}

#[test]
fn signing_in_again_on_a_device_ends_its_earlier_session() {
    let (accounts, ana) = begun();
    let proof = accounts.proof(&email("ANA")).expect("asked");
    let proof = proof.expect("she is a member");
    let choice = DeviceChoice {
        id: Some(ana.device.id.clone()),
        name: None,
    };
    let again = accounts.sign_in(&proof, &choice, &at(DAY)).expect("in");
    assert_eq!(again.device.id, ana.device.id);
    let old = SecretHash::of_secret(&ana.session);
    assert_eq!(again.ended, [Ended::Session(old)]);
    assert!(!lets_in(&accounts, &ana, DAY));
    assert!(lets_in(&accounts, &again, DAY));
    // Somebody else's device is a new one for her.
    let new = invitation("mc2cm", Role::Reader);
    let ben = join(&accounts, &ana.member, "ben", &new);
    let choice = DeviceChoice {
        id: Some(ben.device.id.clone()),
        name: None,
    };
    let third = accounts.sign_in(&proof, &choice, &at(DAY)).expect("in");
    assert_ne!(third.device.id, ben.device.id);
    assert!(lets_in(&accounts, &ben, DAY));
}

#[test]
fn a_revoked_device_lets_nobody_in() {
    let (accounts, ana) = begun();
    let new = invitation("mc2cm", Role::Reader);
    let ben = join(&accounts, &ana.member, "ben", &new);
    let refused = accounts.revoke_device(Some(&ben.member.id), &ana.device.id, &at(DAY));
    assert!(matches!(refused, Err(AccountsError::NoSuch("device"))));
    let ended = accounts.revoke_device(Some(&ana.member.id), &ana.device.id, &at(DAY));
    let holder = Holder {
        member: ana.member.id.clone(),
        by: Held::Session {
            session: SecretHash::of_secret(&ana.session),
            device: ana.device.id.clone(),
        },
    };
    assert!(ended.expect("revoked").concerns(&holder));
    assert!(!lets_in(&accounts, &ana, DAY));
    assert!(lets_in(&accounts, &ben, DAY));
}

#[test]
fn a_token_opens_what_it_is_for_until_it_ends() {
    let (accounts, ana) = begun();
    let by = at(DAY).as_member(&ana.member.id, None);
    let (made, secret) = accounts
        .make_token(&ana.member.id, &token(&[Scope::Sync, Scope::Sync], 10), &by)
        .expect("a token");
    assert_eq!(made.scopes, [Scope::Sync]);
    let hash = SecretHash::of(SecretKind::Token, secret.expose()).expect("a token");
    let known = |day| {
        let known = accounts.known_by_token(&hash, Timestamp(DAY * day));
        known.expect("asked").map(|known| known.scopes)
    };
    assert_eq!(known(5), Some(Some(vec![Scope::Sync])));
    assert_eq!(known(12), None);
    for (scopes, days) in [
        (&[][..], 10),
        (&[Scope::Read][..], 0),
        (&[Scope::Read], 400),
    ] {
        let refused = accounts.make_token(&ana.member.id, &token(scopes, days), &by);
        assert!(matches!(refused, Err(AccountsError::BadField(..))));
    }
    accounts
        .revoke_token(Some(&ana.member.id), &made.id, &by)
        .expect("revoked");
    assert_eq!(known(5), None);
}

#[test]
fn who_is_made_inactive_loses_everything_at_once() {
    let (accounts, ana) = begun();
    let new = invitation("mc2cm", Role::Reader);
    let ben = join(&accounts, &ana.member, "ben", &new);
    let by = at(DAY).as_member(&ana.member.id, None);
    let (_, secret) = accounts
        .make_token(&ben.member.id, &token(&[Scope::Sync], 10), &by)
        .expect("a token");
    let changed = accounts.change_member(Some(&ana.member), &ben.member.id, &active(false), &by);
    let (_, ended) = changed.expect("changed");
    assert_eq!(ended, [Ended::Member(ben.member.id.clone())]);
    assert!(!lets_in(&accounts, &ben, DAY));
    let known = accounts.known_by_token(&SecretHash::of_secret(&secret), Timestamp(DAY));
    assert!(known.expect("asked").is_none());
    assert!(accounts.proof(&email("ben")).expect("asked").is_none());
}

#[test]
fn the_last_coordinator_stays() {
    let (accounts, ana) = begun();
    let id = &ana.member.id;
    let demoted = MemberPatch {
        memberships: Some(vec![membership("mc2cm", Role::Reader)]),
        ..MemberPatch::default()
    };
    for patch in [active(false), demoted] {
        let refused = accounts.change_member(None, id, &patch, &at(DAY));
        assert!(matches!(refused, Err(AccountsError::LastCoordinator(_))));
    }
    let other = join(
        &accounts,
        &ana.member,
        "ben",
        &invitation("*", Role::Coordinator),
    );
    let changed = accounts.change_member(Some(&other.member), id, &active(false), &at(DAY));
    changed.expect("there is another one");
}

#[test]
fn coordinators_manage_their_own_programmes_only() {
    let (accounts, ana) = begun();
    let coordinator = invitation("north", Role::Coordinator);
    let ben = join(&accounts, &ana.member, "ben", &coordinator);
    let carla = join(
        &accounts,
        &ana.member,
        "carla",
        &invitation("south", Role::Reader),
    );
    let dina = join(
        &accounts,
        &ben.member,
        "dina",
        &invitation("north", Role::Reader),
    );
    let ids = |viewer| {
        let seen = accounts.members_seen_by(Some(viewer)).expect("a list");
        let mut ids: Vec<String> = seen.into_iter().map(|member| member.id).collect();
        ids.sort();
        ids
    };
    let mut expected = vec![ben.member.id.clone(), dina.member.id.clone()];
    expected.sort();
    assert_eq!(ids(&ben.member), expected);
    assert_eq!(ids(&dina.member), [&*dina.member.id]);
    let patch = |memberships| MemberPatch {
        memberships: Some(memberships),
        ..MemberPatch::default()
    };
    let north = membership("north", Role::Evaluator);
    let south = membership("south", Role::Reader);
    let change = |changer: &super::session::SignedIn, member: &super::session::SignedIn, patch| {
        accounts.change_member(Some(&changer.member), &member.member.id, &patch, &at(DAY))
    };
    // Not of other programmes, not into them, and nobody makes themselves more than they are.
    let unseen = change(&ben, &carla, patch(vec![north.clone()]));
    assert!(matches!(unseen, Err(AccountsError::NoSuch("member"))));
    let into = change(&ben, &dina, patch(vec![north.clone(), south.clone()]));
    assert!(matches!(into, Err(AccountsError::NotAllowed(_))));
    for role in [Role::Coordinator, Role::Evaluator] {
        let more = change(&dina, &dina, patch(vec![membership("north", role)]));
        assert!(matches!(more, Err(AccountsError::NotAllowed(_))));
    }
    change(&ben, &dina, patch(vec![north.clone()])).expect("his own programme");
    // Who is in both is seen by both, and made inactive by none of them alone.
    change(&ana, &dina, patch(vec![north, south])).expect("she coordinates all");
    let refused = change(&ben, &dina, active(false));
    assert!(matches!(refused, Err(AccountsError::NotAllowed(_))));
    let named = MemberPatch {
        name: Some(Sensitive::new("Dina Haddad".to_owned())),
        ..MemberPatch::default()
    };
    change(&dina, &dina, named).expect("her own name");
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    let (accounts, ana) = begun();
    let proof = accounts.proof(&email("ana")).expect("asked").expect("ana");
    let other = accounts
        .sign_in(&proof, &DeviceChoice::default(), &at(DAY))
        .expect("in");
    let keep = SecretHash::of_secret(&other.session);
    let new = password::hash(&Sensitive::new("another lighthouse".to_owned())).expect("a hash");
    accounts
        .change_password(&proof, new, &keep, &at(DAY))
        .expect("changed");
    assert!(!lets_in(&accounts, &ana, DAY));
    assert!(lets_in(&accounts, &other, DAY));
    // What was proved before is void.
    let refused = accounts.sign_in(&proof, &DeviceChoice::default(), &at(DAY));
    assert!(matches!(refused, Err(AccountsError::WrongCredentials)));
}

#[test]
fn a_recovery_code_gives_a_new_password_once() {
    let (accounts, ana) = begun();
    assert!(accounts.recovery(&email("ana")).expect("asked").is_none());
    let proof = accounts.proof(&email("ana")).expect("asked").expect("ana");
    let (codes, hashes) = recovery::make().expect("codes");
    accounts
        .set_recovery(&proof, hashes, &at(DAY))
        .expect("set");
    let (_, hashes) = accounts
        .recovery(&email("ana"))
        .expect("asked")
        .expect("codes");
    let code = hashes.hash(&codes[0]).expect("a hash");
    let recover = || {
        let choice = DeviceChoice::default();
        accounts.recover(&ana.member.id, &code, hashed(), &choice, &at(DAY))
    };
    let recovered = recover().expect("recovered");
    assert!(!lets_in(&accounts, &ana, DAY));
    assert!(lets_in(&accounts, &recovered, DAY));
    assert!(matches!(recover(), Err(AccountsError::WrongCredentials)));
    assert_eq!(accounts.recovery_left(&ana.member.id).expect("asked"), 9);
}

#[test]
fn the_audit_log_names_ids_and_nothing_else() {
    let (accounts, ana) = begun();
    let new = invitation("mc2cm", Role::Reader);
    let ben = join(&accounts, &ana.member, "ben", &new);
    accounts
        .note_refused(&at(DAY), Deed::SignIn, Some(&ben.member.id))
        .expect("noted");
    let mut text = String::new();
    let (head, problems) = accounts
        .walk_audit(|entry| {
            text.push_str(&String::from_utf8_lossy(entry));
            Ok(())
        })
        .expect("it is read");
    assert_eq!((head.seq, problems), (4, Vec::new()));
    for secret in ["ana", "ben", "cities.example", PASSWORD, "mls_", "mli_"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains(&ben.member.id) && text.contains("\"outcome\":\"refused\""));
}
