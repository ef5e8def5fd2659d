//! What programmes and cities see of each other, and what one cannot give in the name of another.

use meltemi_core::access::Role;

use crate::accounts::audit::AuditEntry;
use crate::accounts::invitation::NewInvitation;
use crate::accounts::member::Member;
use crate::accounts::secret::SecretHash;
use crate::accounts::testing::{DAY, at, begun, invitation, join};
use crate::accounts::{AccountsError, Held, Holder};

#[test]
fn coordinators_read_of_their_own_members_in_the_audit_log() {
    let (accounts, ana) = begun();
    let join = |name, new: &_| join(&accounts, &ana.member, name, new).member;
    let ben = join("ben", &invitation("mc2cm", Role::Coordinator));
    let carla = join("carla", &invitation("mc2cm", Role::Reader));
    let dina = join("dina", &invitation("other", Role::Coordinator));
    let page = |viewer: &Member| {
        let (entries, next) = accounts.audit_seen_by(viewer, None, 100).expect("read");
        assert_eq!(next, None);
        let object = |entry: AuditEntry| entry.object.unwrap_or_default();
        entries.into_iter().map(object).collect::<Vec<_>>()
    };
    assert_eq!(page(&ben), [carla.id, ben.id.clone()]);
    assert_eq!(page(&dina), [dina.id]);
    assert_eq!(page(&ana.member).len(), 7);
    // Where to look for older ones is said even when none of these was for them.
    let (entries, next) = accounts.audit_seen_by(&ben, None, 2).expect("read");
    assert_eq!((entries, next), (Vec::new(), Some(6)));
}

#[test]
fn an_invitation_for_one_city_is_nothing_for_a_member_of_another() {
    let (accounts, ana) = begun();
    let of = |city: &str, programme| NewInvitation {
        body: Some(city.parse().expect("a record")),
        ..invitation(programme, Role::CityOfficer)
    };
    let ben = join(&accounts, &ana.member, "ben", &of("city/tangier", "mc2cm"));
    let accept = |city| {
        let new = of(city, "other");
        let (_, secret) = accounts
            .invite(Some(&ana.member), &new, &at(DAY))
            .expect("invited");
        let holder = Holder {
            member: ben.member.id.clone(),
            by: Held::Session {
                session: SecretHash::of_secret(&ben.session),
                device: ben.device.id.clone(),
            },
        };
        accounts.join_as_member(&SecretHash::of_secret(&secret), &holder, &at(DAY))
    };
    let refused = accept("city/vienna");
    assert!(matches!(refused, Err(AccountsError::NotAllowed(_))));
    let member = accept("city/tangier").expect("it is his city");
    assert_eq!(member.memberships.len(), 2);
}
