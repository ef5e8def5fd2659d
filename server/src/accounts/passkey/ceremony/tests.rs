//! What becomes of challenges. Signatures are tested where the server runs.

use super::*;

fn site() -> Site {
    Site::new("localhost", "http://localhost:8080").expect("a name")
}

/// The number that a challenge stands for.
fn number(told: &Value) -> u128 {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let text = told["challenge"].as_str().expect("a challenge");
    let bytes = URL_SAFE_NO_PAD.decode(text).expect("base64");
    u128::from_le_bytes(bytes.try_into().expect("16 bytes"))
}

#[test]
fn a_challenge_is_good_once_and_for_five_minutes() {
    let all = Ceremonies::default();
    let begin = || number(&all.begin_using(site(), Timestamp(1_000)).expect("begun"));
    let (once, early, late) = (begin(), begin(), begin());
    assert_ne!(once, early);
    assert!(all.take(once, Timestamp(1_000)).is_some());
    assert!(all.take(once, Timestamp(1_000)).is_none());
    assert!(all.take(early, Timestamp(300_999)).is_some());
    assert!(all.take(late, Timestamp(301_000)).is_none());
    // What came too late is over all the same.
    assert!(all.take(late, Timestamp(1_000)).is_none());
}

#[test]
fn what_is_begun_and_never_ended_is_not_kept_for_ever_and_pushes_nobody_out() {
    let all = Ceremonies::default();
    let begin = |now| {
        let begun = all.begin_using(site(), Timestamp(now));
        begun.map(|told| number(&told))
    };
    let first = begin(0).expect("there is room");
    for _ in 1..limits::CEREMONIES_PUBLIC {
        begin(1).expect("there is room");
    }
    assert!(matches!(begin(2), Err(AccountsError::Busy)));
    let members = begin_making(&all, "m-ana").expect("there is room for who has signed in");
    assert!(all.take(members, Timestamp(2)).is_some());
    assert!(all.take(first, Timestamp(2)).is_some());
    begin(2).expect("there is room again");
    assert!(matches!(begin(300_000), Err(AccountsError::Busy)));
    // By then all but one have ended.
    begin(300_001).expect("there is room again");
    assert_eq!(all.0.lock().expect("a lock").len(), 2);
}

fn begin_making(all: &Ceremonies, whose: &str) -> Result<u128, AccountsError> {
    let whose = Begun::Adding(whose.to_owned());
    let person = ("ana@cities.example", "Ana");
    let told = all.begin_making(site(), &[7; 32], person, &[], whose, Timestamp(0));
    told.map(|told| number(&told))
}

#[test]
fn who_begins_anew_has_begun_once_and_takes_nothing_of_others() {
    let all = Ceremonies::default();
    let begin = |whose| begin_making(&all, whose).expect("there is room");
    let (first, bens, second) = (begin("m-ana"), begin("m-ben"), begin("m-ana"));
    assert_eq!(all.0.lock().expect("a lock").len(), 2);
    assert!(all.take(first, Timestamp(0)).is_none());
    // Where there is no room, there is for who gives some back.
    while all.begin_using(site(), Timestamp(0)).is_ok() {}
    let others = (0..).take_while(|n| begin_making(&all, &format!("m-{n}")).is_ok());
    assert_eq!(
        others.count(),
        limits::CEREMONIES - limits::CEREMONIES_PUBLIC - 2
    );
    assert!(begin_making(&all, "m-carla").is_err());
    let third = begin("m-ana");
    assert!(all.take(second, Timestamp(0)).is_none());
    for challenge in [bens, third] {
        assert!(all.take(challenge, Timestamp(0)).is_some());
    }
}

#[test]
fn passkeys_are_for_names_and_not_for_numbers() {
    for host in ["localhost", "meltemi.example"] {
        assert!(Site::new(host, "https://anything").is_some(), "{host}");
    }
    for host in ["127.0.0.1", "[::1]", "", "a..b"] {
        assert!(Site::new(host, "https://anything").is_none(), "{host}");
    }
}

#[test]
fn what_a_browser_is_told_names_the_person_and_asks_for_a_verified_user() {
    let all = Ceremonies::default();
    let whose = Begun::Adding("m-1".to_owned());
    let told = all.begin_making(
        site(),
        &[7; 32],
        ("ana@cities.example", "Ana"),
        &[&[1; 16]],
        whose,
        Timestamp(0),
    );
    let told = told.expect("begun");
    assert_eq!(told["rp"]["id"], "localhost");
    assert_eq!(told["user"]["name"], "ana@cities.example");
    let chosen = &told["authenticatorSelection"];
    assert_eq!(chosen["residentKey"], "required");
    assert_eq!(chosen["userVerification"], "required");
    // What is not on every device is not asked for.
    assert_eq!(told["extensions"], serde_json::json!({}));
    assert_eq!(told["excludeCredentials"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["timeout"], limits::CEREMONY.as_millis() as u64);
    let told = all.begin_using(site(), Timestamp(0)).expect("begun");
    assert_eq!(told["userVerification"], "required");
    assert_eq!(told["timeout"], limits::CEREMONY.as_millis() as u64);
    assert_eq!(told["allowCredentials"], serde_json::json!([]));
}
