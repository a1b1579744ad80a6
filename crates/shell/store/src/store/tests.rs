//! The store as its users see it: transactions, ranges, watches, leases, and
//! what is left of all that after a kill, a power cut and a full disk.

use std::time::Duration;

use super::*;
use crate::disk::Disk;
use crate::log::Event;
use crate::txn::Compare;
use crate::watch::{Watch, Watched};

const KEEP: Keep = Keep { commits_max: 1_000, bytes_max: 1 << 20 };

fn database(disk: &Disk) -> Result<Database, OpenError> {
    let at = Path::new("disk");
    open::builder().create_with_backend(disk.clone()).map_err(|error| open::from_redb(at, error))
}

fn store_with(disk: &Disk, keep: Keep) -> Store {
    let db = database(disk).unwrap();
    open::initialise(&db).unwrap();
    let again = disk.clone();
    Store::on(db, Box::new(move || database(&again)), keep).unwrap()
}

fn store() -> Store {
    store_with(&Disk::default(), KEEP)
}

async fn keys(store: &Store, prefix: &str) -> Vec<String> {
    store.range(prefix).await.unwrap().entries.into_iter().map(|entry| entry.key).collect()
}

async fn next(watch: &mut Watch) -> Watched {
    tokio::time::timeout(Duration::from_secs(10), watch.next()).await.unwrap().unwrap()
}

fn touched(news: Watched) -> (u64, Vec<String>) {
    match news {
        Watched::Changed(change) => {
            (change.revision.0, change.events.iter().map(|event| event.key().to_owned()).collect())
        }
        Watched::Resync(revision) => panic!("resync at {revision}"),
    }
}

#[tokio::test]
async fn an_entry_counts_its_writes() {
    let store = store();
    assert_eq!(store.get("/a").await.unwrap(), None);
    assert_eq!(store.put("/a", "1").await.unwrap(), Revision(1));
    store.put("/b", "1").await.unwrap();
    store.put("/a", "2").await.unwrap();
    let entry = store.get("/a").await.unwrap().unwrap();
    assert_eq!((entry.created, entry.modified, entry.version), (Revision(1), Revision(3), 2));
    assert_eq!(entry.value, b"2");
    store.delete("/a").await.unwrap();
    store.put("/a", "3").await.unwrap();
    assert_eq!(store.get("/a").await.unwrap().unwrap().version, 1);
}

#[tokio::test]
async fn a_range_is_a_prefix_and_nothing_beside_it() {
    let store = store();
    for key in ["/a", "/a/1", "/a/2", "/ab", "/b"] {
        store.put(key, "").await.unwrap();
    }
    assert_eq!(keys(&store, "/a/").await, ["/a/1", "/a/2"]);
    assert_eq!(keys(&store, "/a").await, ["/a", "/a/1", "/a/2", "/ab"]);
    assert_eq!(keys(&store, "").await.len(), 5);
    assert_eq!(store.range("/c").await.unwrap().revision, Revision(5));
}

#[tokio::test]
async fn a_transaction_does_one_branch_whole() {
    let store = store();
    let txn = |compare| Txn {
        compares: vec![compare],
        success: vec![Op::put("/a", "yes"), Op::put("/b", "yes")],
        failure: vec![Op::DeletePrefix("/".into())],
    };
    let outcome = store.txn(txn(Compare::Absent("/a".into()))).await.unwrap();
    assert_eq!(outcome, Outcome { succeeded: true, revision: Revision(1) });
    for compare in [
        Compare::Present("/a".into()),
        Compare::Value("/a".into(), b"yes".to_vec()),
        Compare::Modified("/a".into(), Revision(1)),
    ] {
        let only = Txn { compares: vec![compare], ..Txn::default() };
        assert!(store.txn(only).await.unwrap().succeeded);
    }
    let outcome = store.txn(txn(Compare::Modified("/a".into(), Revision(9)))).await.unwrap();
    assert_eq!(outcome, Outcome { succeeded: false, revision: Revision(2) });
    assert_eq!(keys(&store, "/").await, [""; 0]);
}

#[tokio::test]
async fn what_changes_nothing_makes_no_revision() {
    let store = store();
    store.delete("/nothing").await.unwrap();
    store.txn(Txn::default()).await.unwrap();
    assert_eq!(store.revision(), Revision(0));
}

#[tokio::test]
async fn of_two_swaps_on_one_revision_one_wins() {
    let store = store();
    let at = store.put("/a", "0").await.unwrap();
    let swap = |value: &str| {
        store.txn(Txn {
            compares: vec![Compare::Modified("/a".into(), at)],
            success: vec![Op::put("/a", value)],
            failure: vec![],
        })
    };
    let (one, two) = tokio::join!(swap("1"), swap("2"));
    assert!(one.unwrap().succeeded ^ two.unwrap().succeeded);
}

#[tokio::test]
async fn a_refused_transaction_leaves_nothing() {
    let store = store();
    let success = vec![
        Op::put("/a", "1"),
        Op::Put { key: "/b".into(), value: vec![], lease: Some(LeaseId(9)) },
    ];
    let refused = store.txn(Txn { success, ..Txn::default() }).await;
    assert!(matches!(refused, Err(StoreError::NoSuchLease)));
    assert_eq!(keys(&store, "").await, [""; 0]);
}

#[tokio::test]
async fn a_watch_sees_each_commit_under_its_prefix_once_and_in_order() {
    let store = store();
    store.put("/a/0", "").await.unwrap();
    let mut watch = store.watch("/a/", store.revision());
    store.put("/b/1", "").await.unwrap();
    let both = Txn {
        success: vec![Op::put("/a/1", "x"), Op::put("/b/2", ""), Op::Delete("/a/0".into())],
        ..Txn::default()
    };
    store.txn(both).await.unwrap();
    assert_eq!(touched(next(&mut watch).await), (3, vec!["/a/1".into(), "/a/0".into()]));
    let (news, _) = tokio::join!(next(&mut watch), store.put("/a/3", ""));
    assert_eq!(touched(news), (4, vec!["/a/3".into()]));
}

#[tokio::test]
async fn a_watch_from_the_past_catches_up_however_long_that_takes() {
    let store = store();
    for i in 0..600 {
        store.put("/a", i.to_string()).await.unwrap();
    }
    let mut watch = store.watch("/a", Revision(0));
    for i in 1..=600 {
        assert_eq!(touched(next(&mut watch).await).0, i);
    }
}

#[tokio::test]
async fn a_compacted_watch_means_resync_and_goes_on_from_there() {
    let store = store();
    for _ in 0..5 {
        store.put("/a", "").await.unwrap();
    }
    store.compact(Revision(3)).await.unwrap();
    let mut behind = store.watch("/a", Revision(2));
    assert_eq!(next(&mut behind).await, Watched::Resync(Revision(5)));
    let mut just = store.watch("/a", Revision(3));
    assert_eq!(touched(next(&mut just).await).0, 4);
    store.put("/a", "").await.unwrap();
    assert_eq!(touched(next(&mut behind).await).0, 6);
}

#[tokio::test]
async fn a_watch_from_the_future_belongs_to_another_store() {
    let store = store();
    let mut watch = store.watch("/", Revision(40));
    assert_eq!(next(&mut watch).await, Watched::Resync(Revision(0)));
}

#[tokio::test]
async fn the_log_is_bounded_in_commits_and_in_bytes() {
    let keep = Keep { commits_max: 10, bytes_max: 10_000 };
    let store = store_with(&Disk::default(), keep);
    for _ in 0..30 {
        store.put("/a", "small").await.unwrap();
    }
    assert_eq!(store.read(|reading| reading.log(Revision(0), 100)).await.unwrap().len(), 10);
    for _ in 0..5 {
        store.put("/a", vec![0; 4_000]).await.unwrap();
    }
    assert_eq!(store.read(|reading| reading.log(Revision(0), 100)).await.unwrap().len(), 2);
    store.put("/a", vec![0; 40_000]).await.unwrap();
    assert_eq!(store.read(|reading| reading.log(Revision(0), 100)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lease_takes_its_keys_with_it() {
    let store = store();
    let lease = store.grant(Millis(10), Timestamp(0)).await.unwrap();
    let held = |key: &str| Op::Put { key: key.into(), value: vec![], lease: Some(lease) };
    let txn = Txn { success: vec![held("/1"), held("/2"), held("/3")], ..Txn::default() };
    store.txn(txn).await.unwrap();
    store.put("/3", "mine now").await.unwrap();
    let mut watch = store.watch("/", store.revision());
    store.keep_alive(lease, Timestamp(5)).unwrap();
    assert_eq!(store.expire(Timestamp(14)).await.unwrap(), []);
    assert_eq!(store.expire(Timestamp(15)).await.unwrap(), [lease]);
    assert_eq!(keys(&store, "/").await, ["/3"]);
    assert_eq!(touched(next(&mut watch).await).1, ["/1", "/2"]);
    assert!(store.keep_alive(lease, Timestamp(15)).is_err());
    assert!(matches!(store.revoke(lease).await, Err(StoreError::NoSuchLease)));
}

#[tokio::test]
async fn leases_outlive_the_process_and_names_are_not_used_again() {
    let disk = Disk::default();
    let first = store_with(&disk, KEEP);
    let kept = first.grant(Millis(10), Timestamp(0)).await.unwrap();
    let gone = first.grant(Millis(10), Timestamp(0)).await.unwrap();
    first.revoke(gone).await.unwrap();
    drop(first);
    let store = store_with(&disk, KEEP);
    assert_eq!(store.expire(Timestamp(9_000)).await.unwrap(), []);
    assert_eq!(store.expire(Timestamp(9_010)).await.unwrap(), [kept]);
    assert!(store.grant(Millis(10), Timestamp(0)).await.unwrap() > gone);
}

#[tokio::test]
async fn a_full_disk_is_said_and_heals_by_itself() {
    let disk = Disk::default();
    let store = store_with(&disk, KEEP);
    store.put("/a", "kept").await.unwrap();
    disk.set_full(true);
    for _ in 0..3 {
        assert!(matches!(store.put("/b", vec![0; 100_000]).await, Err(StoreError::Full)));
    }
    disk.set_full(false);
    assert_eq!(store.get("/a").await.unwrap().unwrap().value, b"kept");
    assert_eq!(store.get("/b").await.unwrap(), None);
    store.put("/b", "now").await.unwrap();
    assert_eq!(keys(&store, "/").await, ["/a", "/b"]);
}

#[tokio::test]
async fn a_closed_store_is_free_for_others_and_refuses_its_own() {
    let disk = Disk::default();
    let store = store_with(&disk, KEEP);
    let clone = store.clone();
    store.put("/a", "").await.unwrap();
    store.close().await;
    assert!(matches!(clone.get("/a").await, Err(StoreError::Closed)));
    assert!(matches!(clone.put("/a", "").await, Err(StoreError::Closed)));
    assert_eq!(keys(&store_with(&disk, KEEP), "/").await, ["/a"]);
}

/// Writes pairs of keys that must always agree, until the power goes. Says
/// how many were acknowledged.
async fn work(store: &Store) -> u64 {
    for i in 1..=12_u64 {
        let text = i.to_string();
        let txn = Txn {
            success: vec![
                Op::put("/left", text.clone()),
                Op::put(format!("/all/{i:02}"), vec![b'x'; 5_000]),
                Op::put("/right", text),
            ],
            ..Txn::default()
        };
        if store.txn(txn).await.is_err() {
            return i - 1;
        }
    }
    12
}

#[tokio::test]
async fn no_power_cut_at_any_step_loses_or_halves_a_commit() {
    let whole = Disk::default();
    let store = store_with(&whole, KEEP);
    let first = whole.steps();
    assert_eq!(work(&store).await, 12);
    drop(store);
    let (last, mut points) = (whole.steps(), 0);
    for cut in first + 1..=last {
        let disk = Disk::default();
        let store = store_with(&disk, KEEP);
        disk.cut_power_at(cut);
        let acknowledged = work(&store).await;
        drop(store);
        for seed in [cut, cut + 1_000_000] {
            let left = Disk::holding(disk.after_power_cut(seed));
            check_after_cut(left, acknowledged, cut).await;
            points += 1;
        }
    }
    assert!(points > 100, "{points} points of failure were tried");
}

async fn check_after_cut(left: Disk, acknowledged: u64, cut: u64) {
    let store = store_with(&left, KEEP);
    let value = async |key| {
        let entry = store.get(key).await.unwrap();
        entry.map_or(0, |entry| String::from_utf8(entry.value).unwrap().parse::<u64>().unwrap())
    };
    let (one, other) = (value("/left").await, value("/right").await);
    assert_eq!(one, other, "cut at {cut}: half a commit");
    let possible = acknowledged..=acknowledged + 1;
    assert!(possible.contains(&one), "cut at {cut}: {one} of {acknowledged} acknowledged");
    assert_eq!(keys(&store, "/all/").await.len() as u64, one);
    assert_eq!(store.revision(), Revision(one));
    let mut watch = store.watch("/left", Revision(0));
    for i in 1..=one {
        let Watched::Changed(change) = next(&mut watch).await else { panic!("resync") };
        assert_eq!(change.revision, Revision(i));
        assert!(matches!(change.events.as_slice(), [Event::Put(_)]));
    }
    store.put("/after", "it still writes").await.unwrap();
}
