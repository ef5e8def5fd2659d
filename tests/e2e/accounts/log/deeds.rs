//! What people do with accounts in the run that the log must not tell of.

use serde_json::{Value, json};

use super::{NEXT, Run, WRONG};
use crate::accounts::passkeys;
use crate::accounts::people::{PASSWORD, Person};

impl Run {
    /// People come, do everything, and go.
    pub(super) fn accounts(&self) -> (Person, Person) {
        let link = self.world.server.first_coordinator.clone().expect("a link");
        let first = link.rsplit('/').next().expect("a secret").to_owned();
        let ana = self.joins(&first, "ana");
        self.secrets.borrow_mut().insert(first);
        let invite = |role: &str| {
            let form = json!({ "programme": "test", "role": role, "body": "city/tangier" });
            let made = self.does(&ana, "POST", "/api/invitations", &form).json();
            (
                made["id"].clone(),
                made["secret"].as_str().expect("a secret").to_owned(),
            )
        };
        let (_, secret) = invite("reader");
        self.ask(None, "POST", "/api/join/look", &json!({ "secret": secret }));
        let ben = self.joins(&secret, "ben");
        let (_, more) = invite("evaluator");
        self.does(&ben, "POST", "/api/join/role", &json!({ "secret": more }));
        let (withdrawn, secret) = invite("reader");
        let path = format!("/api/invitations/{}", withdrawn.as_str().expect("an id"));
        self.does(&ana, "DELETE", &path, &Value::Null);
        self.note(&self.world.join(&secret, "carla"));
        for path in [
            "invitations",
            "members",
            "audit",
            "devices",
            "passkeys",
            "tokens",
            "records",
            "session",
        ] {
            self.does(&ana, "GET", &format!("/api/{path}"), &Value::Null);
            self.ask(Some(&ben), "GET", &format!("/api/{path}"), &Value::Null);
        }
        let id = ben.get("/api/session").json()["member"]["id"].clone();
        let path = format!("/api/members/{}", id.as_str().expect("an id"));
        self.does(&ana, "GET", &path, &Value::Null);
        self.does(
            &ben,
            "PATCH",
            &path,
            &json!({ "name": "Ben of the harbour" }),
        );
        let path = format!("/api/devices/{}", ben.device());
        self.does(
            &ben,
            "PATCH",
            &path,
            &json!({ "name": "phone of the harbour" }),
        );

        self.passkeys(&ana);
        let password = json!({ "current": WRONG, "new": NEXT });
        self.ask(Some(&ben), "POST", "/api/password", &password);
        let password = json!({ "current": PASSWORD, "new": NEXT });
        self.does(&ben, "POST", "/api/password", &password);
        let form = json!({ "password": NEXT });
        let codes = self.does(&ben, "POST", "/api/recovery/codes", &form).json();
        for code in [
            "abcd-efgh-jkmn-pqrs",
            codes["codes"][0].as_str().expect("a code"),
        ] {
            let form = json!({ "email": "ben@cities.example", "code": code, "password": NEXT });
            self.ask(None, "POST", "/api/recovery", &form);
        }
        for password in [WRONG, NEXT] {
            let form = json!({ "email": "ben@cities.example", "password": password,
                               "device_name": "phone of ben" });
            let answer = self.ask(None, "POST", "/api/session", &form);
            if password == NEXT {
                let ben = Person::from(&self.world, &answer);
                self.does(&ben, "DELETE", "/api/session", &Value::Null);
            }
        }
        let ben = self.ask(
            None,
            "POST",
            "/api/session",
            &json!({ "email": "ben@cities.example", "password": NEXT }),
        );
        (ana, Person::from(&self.world, &ben))
    }

    /// A passkey is made, used, named and taken away.
    fn passkeys(&self, ana: &Person) {
        let (id, mut passkey) = passkeys::add(&self.world, ana, "key of the harbour");
        for expected in [201, 401] {
            let answer = passkeys::sign_in(&self.world, &mut passkey);
            assert_eq!(answer.status, expected, "{answer:?}");
            self.note(&answer);
            passkey.count -= 1;
        }
        let path = format!("/api/passkeys/{id}");
        let name = json!({ "name": "phone of the harbour" });
        self.does(ana, "PATCH", &path, &name);
        self.does(ana, "DELETE", &path, &Value::Null);
    }

    fn joins(&self, secret: &str, name: &str) -> Person {
        let answer = self.world.join(secret, name);
        self.note(&answer);
        Person::from(&self.world, &answer)
    }
}
