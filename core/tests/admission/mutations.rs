//! Honest messages with a few bytes changed and the checksums put right, so that the change is
//! looked at and not just its checksum.

use std::panic::{AssertUnwindSafe, catch_unwind};

use automerge::{AutoCommit, Automerge};
use meltemi_core::sync::admission::read_message;
use meltemi_core::testing::hostile;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::honest::{change_by_change, rich, whole};

#[test]
fn explore() {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    static WHERE: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
    std::panic::set_hook(Box::new(|info| {
        let l = info.location().unwrap();
        let p: &str = info.payload().downcast_ref::<&str>().copied().or(info.payload().downcast_ref::<String>().map(|s| s.as_str())).unwrap_or("");
        let p: String = p.chars().take(70).collect();
        let key = format!("{}:{} {}", l.file().rsplit("src/index").next().unwrap().rsplit('/').take(3).collect::<Vec<_>>().join("<"), l.line(), p.chars().filter(|c| !c.is_ascii_digit()).collect::<String>());
        *WHERE.lock().unwrap().entry(key).or_default() += 1;
    }));
    let mut doc = rich();
    let mut bodies: Vec<(u8, Vec<u8>)> = vec![];
    let saved = doc.save_nocompress();
    let strip = |b: &[u8]| { let mut i = 9; while b[i] & 0x80 != 0 { i += 1; } b[i + 1..].to_vec() };
    bodies.push((0, strip(&saved)));
    let changes = doc.get_changes(&[]);
    for c in &changes { bodies.push((1, strip(c.raw_bytes()))); }
    let mut seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(88172645463325252u64);
    let mut rnd = move |n: usize| { seed ^= seed << 13; seed ^= seed >> 7; seed ^= seed << 17; (seed % n as u64) as usize };
    let (mut admitted, mut loaded, mut panicked, mut pdoc) = (0, 0, 0, 0);
    let n: usize = std::env::var("N").ok().and_then(|s| s.parse().ok()).unwrap_or(20000);
    for i in 0..n {
        let which = if i % 2 == 0 { 0 } else { rnd(bodies.len()) };
        let (kind, mut body) = bodies[which].clone();
        for _ in 0..1 + rnd(2) {
            let at = rnd(body.len());
            match rnd(4) { 0 => { body[at] = rnd(256) as u8 } 1 => { body[at] ^= 1 << rnd(8) } 2 => { body[at] = body[at].wrapping_add(1) } _ => { body[at] = body[at].wrapping_sub(1) } }
        }
        let chunk = hostile::chunk(kind, &body);
        let mut chunks: Vec<Vec<u8>> = vec![];
        if which > 1 { chunks.extend(changes[..which - 1].iter().map(|c| c.raw_bytes().to_vec())); }
        chunks.push(chunk);
        let m = hostile::message(vec![], chunks.clone());
        let Ok(a) = catch_unwind(|| read_message(&m)).expect("read_message panicked") else { continue };
        admitted += 1;
        let r = catch_unwind(AssertUnwindSafe(|| {
            let mut d = Automerge::new();
            d.load_incremental(&chunks.concat()).ok().map(|_| d)
        }));
        match r { Ok(Some(d)) => { loaded += 1;
            let ops: usize = catch_unwind(AssertUnwindSafe(|| d.get_changes(&[]).iter().map(|c| c.len()).sum())).unwrap_or(0);
            assert!(ops as u64 <= a.scan.operations());
            if catch_unwind(AssertUnwindSafe(|| { use automerge::ReadDoc; d.hydrate(None); d.save(); d.keys(automerge::ROOT).count() })).is_err() { WHERE.lock().unwrap().entry("-- reading".into()).and_modify(|x| *x += 1).or_insert(1); }
            if kind == 0 { let r = catch_unwind(AssertUnwindSafe(|| { let mut e = rich(); e.put_late(); e.load_incremental(&chunks.concat()).is_ok() })); if r.is_err() { WHERE.lock().unwrap().entry("-- into other".into()).and_modify(|x| *x += 1).or_insert(1); } }
        }
            Ok(None) => {}
            Err(_) => { panicked += 1; if kind == 0 { pdoc += 1; } } }
    }
    let _ = std::panic::take_hook();
    println!("admitted {admitted} loaded {loaded} panicked {panicked} of which documents {pdoc}");
    for (k, v) in WHERE.lock().unwrap().iter() { println!("{v} {k}"); }
}
trait Late { fn put_late(&mut self); }
impl Late for AutoCommit { fn put_late(&mut self) { use automerge::transaction::Transactable; self.put(automerge::ROOT, "late", 1).unwrap(); } }
