//! How members sign in: what those do who have no password.

use meltemi_core::sensitive::Sensitive;
use meltemi_core::time::Timestamp;

use super::email;
use crate::accounts::device::DeviceChoice;
use crate::accounts::member::{Credentials, set_credentials};
use crate::accounts::secret::SecretHash;
use crate::accounts::testing::{DAY, PASSWORD, at, begun, hashed, lets_in};
use crate::accounts::{Accounts, password, recovery};

#[test]
fn a_session_is_fresh_for_ten_minutes_however_much_it_is_used() {
    let (accounts, ana) = begun();
    let hash = SecretHash::of_secret(&ana.session);
    let fresh = |now| accounts.is_fresh(&hash, Timestamp(now)).expect("asked");
    let minute = 60_000;
    assert!(fresh(DAY) && fresh(DAY + 10 * minute - 1));
    assert!(lets_in(&accounts, &ana, DAY + 9 * minute));
    assert!(!fresh(DAY + 10 * minute));
}

#[test]
fn somebody_without_a_password_signs_in_with_none_and_recovers_one() {
    let (accounts, ana) = begun();
    let credentials = |accounts: &Accounts| {
        let proof = accounts.proof(&email("ana")).expect("asked");
        proof.expect("ana").password
    };
    let (codes, hashes) = recovery::make().expect("codes");
    let hashed_code = hashes.hash(&codes[0]).expect("a hash");
    accounts
        .database
        .change(|change| {
            let credentials = Credentials {
                password: None,
                recovery: Some(hashes),
            };
            set_credentials(change, &ana.member.id, &credentials)
        })
        .expect("changed");
    assert!(credentials(&accounts).is_none());
    let password = Sensitive::new(PASSWORD.to_owned());
    assert!(!password::verify(
        &password,
        credentials(&accounts).as_ref()
    ));
    let choice = DeviceChoice::default();
    let recovered = accounts.recover(&ana.member.id, &hashed_code, hashed(), &choice, &at(DAY));
    recovered.expect("recovered");
    assert!(password::verify(&password, credentials(&accounts).as_ref()));
}
