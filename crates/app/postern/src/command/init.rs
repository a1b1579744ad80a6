//! `postern init`: a commented set of documents to start from. It never
//! overwrites a file.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::failure::Failure;
use crate::output;

/// The starter set.
const STARTER: &str = include_str!("starter.yaml");

/// Where to write it.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  postern init mymesh && postern up mymesh")]
pub(crate) struct InitArgs {
    /// The folder to write mesh.yaml into
    #[arg(default_value = ".", value_name = "DIR")]
    folder: PathBuf,
}

/// `postern init`.
pub(crate) fn init(args: &InitArgs) -> Result<(), Failure> {
    let path = args.folder.join("mesh.yaml");
    let name = path.display().to_string();
    fs::create_dir_all(&args.folder).with_context(|| args.folder.display().to_string())?;
    let file = fs::OpenOptions::new().write(true).create_new(true).open(&path);
    match file {
        Ok(mut file) => file.write_all(STARTER.as_bytes()).with_context(|| name.clone())?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::refused(format!("{name} exists and is left as it is")));
        }
        Err(error) => return Err(anyhow::Error::new(error).context(name).into()),
    }
    output::say(&format!("wrote {name}\nnext: postern up {}", args.folder.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_set_is_valid_without_a_warning() {
        let source = config::Source { name: "starter.yaml".into(), text: STARTER.into() };
        let (documents, problems) = config::parse(&[source]);
        assert!(problems.is_empty(), "{problems:?}");
        let world = config::check(documents).unwrap();
        assert!(world.warnings().is_empty());
        assert!(world.services().len() >= 2);
    }

    #[test]
    fn an_existing_file_is_left_alone() {
        let folder = std::env::temp_dir().join(format!("postern-init-{}", std::process::id()));
        let args = InitArgs { folder: folder.clone() };
        init(&args).unwrap();
        fs::write(folder.join("mesh.yaml"), "mine").unwrap();
        assert!(init(&args).is_err());
        assert_eq!(fs::read_to_string(folder.join("mesh.yaml")).unwrap(), "mine");
        fs::remove_dir_all(folder).unwrap();
    }
}
