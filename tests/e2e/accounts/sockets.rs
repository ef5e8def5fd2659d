//! Open connections end when the access that they were opened with does.

use futures_util::StreamExt;
use meltemi_tests::device::DEADLINE;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::people::{Person, World};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn with_cookie(world: &World, person: &Person) -> Socket {
    let url = format!("ws://{}/sync", world.server.address);
    let mut request = url.into_client_request().expect("a request");
    let cookie = person.cookie.parse().expect("a header");
    request.headers_mut().insert("cookie", cookie);
    connect_async(request).await.expect("a connection").0
}

/// The status with which a page is answered that says whose records it syncs.
async fn as_page_of(world: &World, session: &Person, member: &str) -> u16 {
    let url = format!("ws://{}/sync?member={member}", world.server.address);
    let mut request = url.into_client_request().expect("a request");
    let cookie = session.cookie.parse().expect("a header");
    request.headers_mut().insert("cookie", cookie);
    match connect_async(request).await {
        Ok((_, answer)) => answer.status().as_u16(),
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
    }
}

async fn with_token(world: &World, token: &str) -> Socket {
    let url = format!("ws://{}/sync?access_token={token}", world.server.address);
    connect_async(url).await.expect("a connection").0
}

/// The code with which the server ends the connection.
async fn ending(mut socket: Socket) -> u16 {
    let ended = timeout(DEADLINE, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => return u16::from(frame.code),
                Some(Ok(_)) => {}
                other => panic!("ended without a reason: {other:?}"),
            }
        }
    });
    ended.await.expect("the connection ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_device_is_cut_off_and_others_are_not() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let phone = Person::from(
        &world,
        &world.sign_in("ana@cities.example", super::people::PASSWORD),
    );
    let (lost, kept) = (
        with_cookie(&world, &phone).await,
        with_cookie(&world, &ana).await,
    );
    let path = format!("/api/devices/{}", phone.device());
    assert_eq!(ana.send("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(ending(lost).await, 4401);
    assert_eq!(phone.get("/api/session").status, 401);
    let devices = ana.get("/api/devices").json();
    let revoked = devices
        .as_array()
        .expect("a list")
        .iter()
        .filter(|d| !d["revoked"].is_null());
    assert_eq!(revoked.count(), 1);
    // The other one goes on until she signs out.
    assert_eq!(ana.send("DELETE", "/api/session", &Value::Null).status, 204);
    assert_eq!(ending(kept).await, 4401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_taken_back_ends_its_connections() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let (id, token) = ana.token(&["sync"]);
    let socket = with_token(&world, &token).await;
    let path = format!("/api/tokens/{id}");
    assert_eq!(ana.send("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(ending(socket).await, 4401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_who_is_made_inactive_is_out_at_once() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    let (_, token) = ben.token(&["sync"]);
    let sockets = [
        with_cookie(&world, &ben).await,
        with_token(&world, &token).await,
    ];
    let id = ben.get("/api/session").json()["member"]["id"].clone();
    let path = format!("/api/members/{}", id.as_str().expect("an id"));
    let changed = ana.send("PATCH", &path, &json!({ "active": false }));
    assert_eq!(changed.status, 200, "{changed:?}");
    for socket in sockets {
        assert_eq!(ending(socket).await, 4401);
    }
    assert_eq!(ben.get("/api/session").status, 401);
    assert_eq!(
        world
            .sign_in("ben@cities.example", super::people::PASSWORD)
            .status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_holds_the_records_of_one_person_does_not_sync_them_as_another() {
    let world = World::begin(&[]);
    let ana = world.first_coordinator("ana");
    let ben = world.invited(&ana, "ben", "reader");
    for (session, member, status) in [
        (&ana, ana.id(), 101),
        (&ben, ben.id(), 101),
        (&ben, ana.id(), 401),
        (&ana, ben.id(), 401),
        (&ana, String::new(), 401),
    ] {
        let answered = as_page_of(&world, session, &member).await;
        assert_eq!(answered, status, "{member}");
    }
    // What is asked for beside `/sync` is of whoever asks.
    let path = format!("/api/session?member={}", ana.id());
    assert_eq!(ben.get(&path).json()["member"]["id"], json!(ben.id()));
}
