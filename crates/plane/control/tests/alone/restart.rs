//! Ends and beginnings: what outlives the process, and every broken base on
//! which no socket is opened.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::door::{Door, bundle};
use crate::mesh::Folder;

/// Ends a control plane without a word, as a kill would, and waits until its
/// files are free again.
async fn killed(folder: &Folder, mesh: crate::mesh::Mesh) -> crate::mesh::Mesh {
    drop(mesh);
    loop {
        match folder.try_start(None).await {
            Ok(mesh) => return mesh,
            Err(control::StartError::Open(store::OpenError::Locked(_))) => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_killed_control_plane_comes_back_as_it_was() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    mesh.attach("web").await;
    let mut door = Door::connect(&mesh, "web").await;
    door.run("1.2").await;
    mesh.converged("1.2").await;
    let (authority, documents) = (bundle(&mesh).await, mesh.get("/v1/documents").await);
    let identities = mesh.get("/v1/identities").await;
    while fs::read(folder.state().join("postern.redb"))
        .is_ok_and(|bytes| !bytes.windows(10).any(|window| window == b"/instances"))
    {
        tokio::task::yield_now().await;
    }
    let mesh = killed(&folder, mesh).await;
    assert_eq!(bundle(&mesh).await, authority);
    assert_eq!(mesh.get("/v1/documents").await, documents);
    assert_eq!(mesh.get("/v1/identities").await, identities, "leases have their time again");
    let status = mesh.get("/v1/status").await;
    let services = status["services"].as_array().unwrap();
    let web = services.iter().find(|service| service["name"] == "web").unwrap();
    assert_eq!(web["instances"][0]["name"], "web-1", "{status}");
    assert_eq!(web["instances"][0]["connected"], false);
    let Door { credentials, held, .. } = door;
    let mut again = Door::present(&mesh, credentials, "web", held).await;
    let response = again.next().await.unwrap();
    assert_eq!(response.resources.len(), 1, "nothing but a new seal");
    again.ack(&response).await;
    assert_eq!(mesh.converged("1.2").await["converged"], true);
}

#[tokio::test]
async fn it_stops_in_order_and_leaves_no_socket() {
    let folder = Folder::new();
    let mesh = folder.shop().await;
    mesh.attach("web").await;
    let _door = Door::connect(&mesh, "web").await;
    mesh.control.stop().await;
    assert_eq!(fs::read_dir(folder.run()).unwrap().count(), 0);
    folder.start().await;
}

#[tokio::test]
async fn a_second_one_on_the_same_state_is_refused() {
    let folder = Folder::new();
    let _mesh = folder.start().await;
    let error = folder.try_start(None).await.err().unwrap().to_string();
    assert!(error.contains("another process"), "{error}");
}

/// Breaks a stopped mesh, and says in which words it will not start. Nothing
/// may listen then, and nothing may have changed; a sound store beside it may
/// have been opened, which is no change of what it says.
async fn broken(folder: &Folder, harm: impl FnOnce()) -> String {
    let mesh = folder.shop().await;
    mesh.control.stop().await;
    harm();
    let before = snapshot(folder);
    let store = folder.state().join("postern.redb");
    let is_sound = store.exists() && store::Store::open(&store).await.is_ok();
    let before = if is_sound { without_store(before) } else { before };
    let error = folder.try_start(None).await.err().expect("it must not start").to_string();
    assert_eq!(fs::read_dir(folder.run()).unwrap().count(), 0, "{error}");
    let after = snapshot(folder);
    let after = if is_sound { without_store(after) } else { after };
    assert!(after == before, "{error}: something was changed");
    error
}

fn without_store(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    files.retain(|(name, _)| !name.ends_with("postern.redb"));
    files
}

fn snapshot(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.state()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => files
                    .push((entry.path().display().to_string(), fs::read(entry.path()).unwrap())),
            }
        }
    }
    files.sort();
    files
}

#[tokio::test]
async fn a_truncated_state_is_no_beginning() {
    let folder = Folder::new();
    let file = folder.state().join("postern.redb");
    let error = broken(&folder, || {
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() / 2 + 100]).unwrap();
    });
    assert!(error.await.contains("truncated or damaged"));
}

#[tokio::test]
async fn a_doubled_state_is_no_beginning() {
    let folder = Folder::new();
    let file = folder.state().join("postern.redb");
    let error = broken(&folder, || {
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, [bytes.as_slice(), &bytes].concat()).unwrap();
    });
    assert!(error.await.contains("a second state file begins"));
}

#[tokio::test]
async fn a_lost_state_beside_an_authority_is_no_beginning() {
    let folder = Folder::new();
    let error = broken(&folder, || fs::remove_file(folder.state().join("postern.redb")).unwrap());
    assert!(error.await.contains("postern.redb is missing"));
}

#[tokio::test]
async fn a_lost_authority_is_no_beginning() {
    let folder = Folder::new();
    let error = broken(&folder, || fs::remove_dir_all(folder.state().join("ca")).unwrap());
    let error = error.await;
    assert!(error.contains("restore"), "{error}");
}

#[tokio::test]
async fn another_meshs_authority_is_not_taken_for_ours() {
    let (folder, other) = (Folder::new(), Folder::new());
    other.shop().await.control.stop().await;
    let error = broken(&folder, || {
        let (ours, theirs) = (folder.state().join("ca"), other.state().join("ca"));
        fs::remove_dir_all(&ours).unwrap();
        fs::create_dir(&ours).unwrap();
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o700)).unwrap();
        for file in fs::read_dir(theirs).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), ours.join(file.file_name())).unwrap();
        }
    });
    assert!(error.await.contains("not the one this state was made with"));
}

#[tokio::test]
async fn another_trust_domain_needs_another_state() {
    let folder = Folder::new();
    folder.start().await.control.stop().await;
    let error = folder.try_start(Some("other")).await.err().unwrap().to_string();
    assert!(error.contains("`shop`") && error.contains("`other`"), "{error}");
}

#[tokio::test]
async fn broken_decisions_are_set_aside_and_keep_nobody_from_starting() {
    let folder = Folder::new();
    folder.start().await.control.stop().await;
    fs::write(folder.state().join("decisions.redb"), "nonsense").unwrap();
    folder.start().await;
    assert_eq!(fs::read(folder.state().join("decisions.broken")).unwrap(), b"nonsense");
}
