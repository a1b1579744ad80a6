//! Documents over a real store: what changes, what is refused, and what is
//! still there after a restart.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use config::Source;
use model::Generation;

use super::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("postern-documents-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    async fn documents(&self) -> Documents {
        let store = Store::open(&self.0.join("postern.redb")).await.unwrap();
        Documents::open(store, "shop".parse().unwrap(), Events::new()).await.unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: postern.dev/v1\nkind: MeshService\nmetadata: {{name: {name}}}\n\
         spec: {{ports: [{{port: 80, protocol: http}}]}}\n---\n"
    )
}

fn policy(name: &str, to: &str, from: &str) -> String {
    format!(
        "apiVersion: postern.dev/v1\nkind: Policy\nmetadata: {{name: {name}}}\n\
         spec: {{to: {to}, allow: [{{from: {from}}}]}}\n---\n"
    )
}

fn apply(text: &str) -> Wanted {
    let source = Source { name: "a.yaml".into(), text: text.into() };
    Wanted { sources: vec![source], set: Some("up".into()), ..Wanted::default() }
}

fn pruned(text: &str) -> Wanted {
    Wanted { prune: true, ..apply(text) }
}

fn keys(documents: &Documents) -> Vec<String> {
    documents.current().world.documents().map(|document| document.key.to_string()).collect()
}

fn generation(text: &str) -> Generation {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_new_store_has_the_mesh_and_generation_one() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    assert_eq!(keys(&documents), ["Mesh/default/shop"]);
    assert_eq!(documents.current().generation, generation("1.1"));
    assert_eq!(documents.current().world.mesh().trust_domain, "shop".parse().unwrap());
}

#[tokio::test]
async fn documents_and_generation_outlive_the_process() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    let text = service("web") + &service("orders") + &policy("p", "orders", "web");
    let applied = documents.change(apply(&text)).await.unwrap();
    assert_eq!(applied.generation, generation("1.2"));
    assert_eq!(applied.changes.len(), 3);
    let before = keys(&documents);
    drop(documents);
    let documents = folder.documents().await;
    assert_eq!(keys(&documents), before);
    assert_eq!(documents.current().generation, generation("1.2"));
    let pruned = documents.change(pruned(&service("web"))).await.unwrap();
    assert_eq!(pruned.changes.len(), 2, "the sets are remembered too");
}

#[tokio::test]
async fn what_changes_nothing_moves_nothing() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    documents.change(apply(&service("web"))).await.unwrap();
    let mut watch = documents.subscribe();
    watch.mark_unchanged();
    let again = documents.change(apply(&service("web"))).await.unwrap();
    assert_eq!((again.generation, again.changes.len()), (generation("1.2"), 0));
    assert!(!watch.has_changed().unwrap());
}

#[tokio::test]
async fn a_dry_run_only_looks() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    let looked = documents.change(Wanted { dry_run: true, ..apply(&service("web")) }).await;
    let looked = looked.unwrap();
    assert_eq!((looked.generation, looked.changes.len()), (generation("1.1"), 1));
    assert_eq!(keys(&documents).len(), 1);
}

#[tokio::test]
async fn problems_come_all_at_once_and_change_nothing() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    let text = policy("p", "nobody", "web") + &policy("q", "nothing", "web");
    let error = documents.change(apply(&text)).await.unwrap_err();
    let ApplyError::Problems(problems) = error else { panic!("{error}") };
    assert!(problems.len() >= 2, "{problems:?}");
    assert!(problems.iter().all(|problem| problem.file == "a.yaml" && problem.line > 0));
    assert_eq!(documents.current().generation, generation("1.1"));
}

#[tokio::test]
async fn a_change_made_from_another_generation_is_refused() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    let from = |text: &str, parent| Wanted { parent: Some(generation(parent)), ..apply(text) };
    documents.change(from(&service("web"), "1.1")).await.unwrap();
    let late = documents.change(from(&service("orders"), "1.1")).await.unwrap_err();
    assert!(matches!(late, ApplyError::Parent { found, .. } if found == generation("1.2")));
}

#[tokio::test]
async fn pruning_takes_only_what_came_with_the_same_set() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    documents.change(apply(&(service("web") + &service("orders")))).await.unwrap();
    let by_hand = Wanted { set: None, ..apply(&service("tool")) };
    documents.change(by_hand).await.unwrap();
    let other = Wanted { set: Some("other".into()), ..apply(&service("guest")) };
    documents.change(other).await.unwrap();
    let applied = documents.change(pruned(&service("web"))).await.unwrap();
    assert_eq!(applied.changes.len(), 1);
    assert_eq!(applied.changes[0].to_string(), "- MeshService/default/orders");
}

#[tokio::test]
async fn what_others_need_is_not_removed() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    let text = service("web") + &service("orders") + &policy("p", "orders", "web");
    documents.change(apply(&text)).await.unwrap();
    let remove = |key: &str| Wanted { remove: vec![key.parse().unwrap()], ..Wanted::default() };
    let needed = documents.change(remove("MeshService/default/orders")).await.unwrap_err();
    assert!(matches!(needed, ApplyError::Problems(_)), "{needed}");
    documents.change(remove("Policy/default/p")).await.unwrap();
    documents.change(remove("MeshService/default/orders")).await.unwrap();
    let gone = documents.change(remove("MeshService/default/orders")).await.unwrap_err();
    assert!(matches!(gone, ApplyError::NoSuchDocument(_)));
}

#[tokio::test]
async fn there_is_one_mesh_and_it_keeps_its_trust_domain() {
    let folder = Folder::new();
    let documents = folder.documents().await;
    let mesh = |name: &str, domain: &str| {
        format!(
            "apiVersion: postern.dev/v1\nkind: Mesh\nmetadata: {{name: {name}}}\n\
             spec: {{trustDomain: {domain}}}\n"
        )
    };
    documents.change(apply(&mesh("mine", "shop"))).await.unwrap();
    assert_eq!(keys(&documents), ["Mesh/default/mine"]);
    let error = documents.change(apply(&mesh("mine", "other.example"))).await.unwrap_err();
    let ApplyError::Problems(problems) = error else { panic!("{error}") };
    assert!(problems[0].to_string().contains("other.example"), "{problems:?}");
    documents.change(pruned("")).await.unwrap();
    assert_eq!(keys(&documents), ["Mesh/default/shop"]);
}
