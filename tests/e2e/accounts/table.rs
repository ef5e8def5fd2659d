//! Every role with every kind and class of record, own and other: what the page `docs/access.md`
//! says is what a server does, whichever way it is asked. What may not be read looks like what
//! does not exist.

mod page;
mod reading;
mod records;
mod writing;

use std::collections::{BTreeMap, BTreeSet};

use meltemi_core::access::{self, Answer, Facts, MemberId, Membership, Role};
use meltemi_core::id::{DocumentId, RecordRef};
use meltemi_core::record::Class;
use meltemi_core::wire::exchange::{Changes, Exchange, Hash};
use meltemi_core::wire::frame::Frame;
use serde_json::{Value, json};

use self::page::{NOT_SETTLED, Page};
use self::records::{OWN, Record};
use super::people::{Person, World};
use crate::attacks::peer::{Kind, RawPeer};

#[test]
fn the_page_says_what_the_core_answers() {
    let page = Page::read();
    assert_eq!(page.len(), Role::ALL.len() * page.kinds.len() * 2 * 7);
    assert_eq!(page.columns.len(), 7);
    let body: RecordRef = "city/tangier".parse().expect("a body");
    let asked = Role::ALL.map(Some).into_iter().chain([None]);
    for (role, kind) in asked.flat_map(|role| page.kinds.keys().map(move |kind| (role, kind))) {
        for (column, own) in page.columns.iter().flat_map(|c| [(c, true), (c, false)]) {
            let memberships = role.map(|role| Membership {
                programme: "mc2cm".to_owned(),
                role,
            });
            let member = access::Member {
                id: MemberId("m-1".to_owned()),
                body: Some(body.clone()),
                memberships: memberships.into_iter().collect(),
                active: true,
            };
            let owner = if own { "city/tangier" } else { "city/lyon" };
            let facts = Facts {
                programme: "mc2cm".to_owned(),
                kind: kind.clone(),
                class: (column != NOT_SETTLED).then(|| Class::of_word(column).expect("a class")),
                owners: [owner.parse().expect("a body")].into(),
            };
            let says = page.answer(role, kind, own, column);
            assert_eq!(
                access::answer(&member, &facts),
                says,
                "{role:?} {facts} own: {own}"
            );
            let label = facts.to_string();
            assert_eq!(
                access::answer_label(&member, &label),
                says,
                "{role:?} {label}"
            );
        }
    }
}

/// Who asks.
struct Member {
    name: String,
    /// Tells apart what members write.
    number: u8,
    role: Option<Role>,
    body: Option<RecordRef>,
    person: Person,
    /// A personal access token to sync and to read with.
    token: String,
}

/// The server, the records on it and who asks for them.
struct Table {
    world: World,
    page: Page,
    records: Vec<Record>,
    /// The first coordinator, who has written the records.
    ana: Member,
    members: Vec<Member>,
    /// For each record the heads that the server must show.
    heads: BTreeMap<DocumentId, BTreeSet<Hash>>,
}

impl Table {
    async fn begin() -> Self {
        let world = World::begin(&[]);
        let page = Page::read();
        let ana = Member::new("ana", 0, None, None, world.first_coordinator("ana"));
        let ana = Member {
            role: Some(Role::Coordinator),
            ..ana
        };
        let mut members = Vec::new();
        for (role, body) in Role::ALL
            .into_iter()
            .flat_map(|role| OWN.map(|body| (role, body)))
        {
            let name = format!("{}-{}", role.word(), body.replace('/', "-"));
            let number = members.len() as u8 + 1;
            let body = Some(body.parse().expect("a body"));
            members.push(Member::join(&world, &ana, &name, number, Some(role), body));
        }
        let number = members.len() as u8 + 1;
        members.push(Member::join(&world, &ana, "stranger", number, None, None));
        let records = records::records(&page);
        let heads = records
            .iter()
            .map(|r| (r.id, r.heads().into_iter().collect()));
        let heads = heads.collect();
        let mut table = Self {
            world,
            page,
            records,
            ana,
            members,
            heads,
        };
        table.fill().await;
        table
    }

    /// Ana brings the records.
    async fn fill(&mut self) {
        let all = self.records.iter().map(|record| Changes {
            document: record.id,
            bytes: records::whole(&record.doc),
        });
        let all: Vec<_> = all.collect();
        let count = all.len();
        assert_eq!(
            self.heads.len(),
            count,
            "each record is a document of its own"
        );
        let mut line = self.meltemi(&self.ana).await;
        let answers = writing::send_changes(&mut line, all).await;
        for record in &self.records {
            assert_eq!(
                answers[&record.id],
                Ok(record.heads()),
                "{}",
                record.label()
            );
        }
    }

    /// What the page says of a member and a record.
    fn says(&self, member: &Member, record: &Record) -> Answer {
        let own = self.owns(member, record);
        self.page
            .answer(member.role, &record.kind, own, &record.column)
    }

    fn owns(&self, member: &Member, record: &Record) -> bool {
        let body = member.body.as_ref();
        body.is_some_and(|body| record.owners.contains(body))
    }

    /// The records of which the page says so much.
    fn those(&self, member: &Member, which: impl Fn(Answer) -> bool) -> BTreeSet<DocumentId> {
        let records = self.records.iter().filter(|r| which(self.says(member, r)));
        records.map(|record| record.id).collect()
    }

    fn readable(&self, member: &Member) -> BTreeSet<DocumentId> {
        self.those(member, |answer| answer > Answer::None)
    }

    /// Asserts that a member was given these documents, and no others.
    fn assert_given(
        &self,
        given: &BTreeSet<DocumentId>,
        expected: &BTreeSet<DocumentId>,
        to: &str,
    ) {
        let name = |id: &DocumentId| {
            let record = self.records.iter().find(|record| record.id == *id);
            record.map_or_else(|| id.to_string(), Record::label)
        };
        let too_many: Vec<_> = given.difference(expected).map(name).collect();
        let lacking: Vec<_> = expected.difference(given).map(name).collect();
        assert!(
            too_many.is_empty() && lacking.is_empty(),
            "{to} is given {too_many:#?} and is not given {lacking:#?}"
        );
    }

    /// A line on which a Meltemi device of a member has said hello and heard the list.
    async fn meltemi(&self, member: &Member) -> RawPeer {
        let mut line = self.line(member, Kind::Meltemi).await;
        line.hello().await;
        line.until(|frame| match frame {
            Frame::Exchange(Exchange { listed, .. }) => *listed,
            _ => None,
        })
        .await;
        line
    }

    async fn line(&self, member: &Member, kind: Kind) -> RawPeer {
        let server = self.world.server.address;
        RawPeer::join_with(server, &member.token, kind, &member.name).await
    }
}

impl Member {
    fn new(
        name: &str,
        number: u8,
        role: Option<Role>,
        body: Option<RecordRef>,
        person: Person,
    ) -> Self {
        let (_, token) = person.token(&["sync", "read"]);
        Self {
            name: name.to_owned(),
            number,
            role,
            body,
            person,
            token,
        }
    }

    /// Somebody who was invited, and has this role in all programmes of the table.
    fn join(
        world: &World,
        by: &Self,
        name: &str,
        number: u8,
        role: Option<Role>,
        body: Option<RecordRef>,
    ) -> Self {
        let form = json!({ "programme": "elsewhere", "body": body.as_ref().map(ToString::to_string),
                           "role": role.unwrap_or(Role::Coordinator) });
        let made = by.person.send("POST", "/api/invitations", &form);
        let secret = made.json()["secret"].as_str().map(str::to_owned);
        let person = Person::from(world, &world.join(&secret.expect("a secret"), name));
        if let Some(role) = role {
            let roles = records::programmes().map(|p| json!({ "programme": p, "role": role }));
            let change = json!({ "memberships": roles.collect::<Vec<_>>() });
            let id = person.get("/api/session").json()["member"]["id"].clone();
            let path = format!("/api/members/{}", id.as_str().expect("an id"));
            let changed = by.person.send("PATCH", &path, &change);
            assert_eq!(changed.status, 200, "{changed:?}");
        }
        Self::new(name, number, role, body, person)
    }
}

impl Record {
    /// For messages.
    fn label(&self) -> String {
        let owners = self.owners.iter().map(ToString::to_string);
        format!(
            "{} {} ({}) {:?}",
            self.kind,
            self.column,
            self.wording,
            owners.collect::<Vec<_>>()
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_does_what_the_page_says_whichever_way_it_is_asked() {
    let mut table = Table::begin().await;
    // Every cell that a record can be in is there, but those of a programme and of an event's
    // other classes, for which there is no word.
    let cells: BTreeSet<_> = table.records.iter().map(|r| (&r.kind, &r.column)).collect();
    assert_eq!(cells.len(), 1 + 3 + 6 * 7);
    for member in table.members.iter().chain([&table.ana]) {
        reading::by_http(&table, member);
        reading::by_catalogue(&table, member).await;
        reading::by_exchange(&table, member).await;
        reading::by_plain_sync(&table, member).await;
        reading::by_device(&table, member).await;
    }
    reading::nothing_for_those_who_are_out(&table);
    writing::edits(&mut table).await;
    writing::is_heard_of_by_those_who_may_read(&mut table).await;
    writing::new_records_and_new_classes(&table).await;
    let shown = table.ana.person.get("/api/records").json();
    for (document, heads) in &table.heads {
        let of = shown.as_array().expect("a list").iter();
        let mut of = of.filter(|record| record["id"] == document.to_string());
        let record = of.next().expect("a record");
        let shown = record["heads"].as_array().expect("heads").iter();
        let shown: BTreeSet<_> = shown.filter_map(Value::as_str).map(str::to_owned).collect();
        let expected: BTreeSet<_> = heads.iter().map(hex::encode).collect();
        assert_eq!(shown, expected, "{document}");
    }
}
