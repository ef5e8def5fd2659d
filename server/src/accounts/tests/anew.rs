//! Who and what comes in the place of another: one device more, and a member who is invited anew.

use meltemi_core::access::Role;

use super::{active, email};
use crate::accounts::device::DeviceChoice;
use crate::accounts::testing::{DAY, at, begun, invitation, join_with, lets_in};
use crate::accounts::{AccountsError, Ended};

#[test]
fn a_device_too_many_ends_the_one_seen_longest_ago() {
    let (accounts, ana) = begun();
    let proof = accounts.proof(&email("ana")).expect("asked").expect("ana");
    let sign_in = |now| {
        let choice = DeviceChoice::default();
        accounts.sign_in(&proof, &choice, &at(now)).expect("in")
    };
    for _ in 1..crate::limits::DEVICES {
        assert_eq!(sign_in(DAY * 2).ended, []);
    }
    assert_eq!(
        sign_in(DAY * 3).ended,
        [Ended::Device(ana.device.id.clone())]
    );
    assert!(!lets_in(&accounts, &ana, DAY * 3));
    let devices = accounts.devices(Some(&ana.member.id)).expect("asked");
    assert_eq!(devices.len(), crate::limits::DEVICES);
}

#[test]
fn who_was_made_inactive_can_be_invited_anew_with_the_same_address() {
    let (accounts, ana) = begun();
    let join = |member: &_| {
        let (_, secret) = accounts
            .invite(Some(member), &invitation("mc2cm", Role::Reader), &at(DAY))
            .expect("invited");
        join_with(&accounts, &secret, "ben")
    };
    let ben = join(&ana.member).expect("he joins");
    let change = |id: &str, patch: &_| accounts.change_member(None, id, patch, &at(DAY));
    change(&ben.member.id, &active(false)).expect("changed");
    let again = join(&ana.member).expect("he joins again");
    assert_ne!(again.member.id, ben.member.id);
    let proof = accounts.proof(&email("ben")).expect("asked").expect("ben");
    assert_eq!(proof.member, again.member.id);
    let refused = change(&ben.member.id, &active(true));
    assert!(matches!(refused, Err(AccountsError::EmailTaken)));
    assert!(matches!(join(&ana.member), Err(AccountsError::EmailTaken)));
}
