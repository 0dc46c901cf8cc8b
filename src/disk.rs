//! Files of this machine: whether they can be written, found out without leaving any, and how one
//! is replaced.

mod replace;

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

pub use replace::{replace, try_replacing};

/// Makes sure that files can be made in a folder; where it does not exist, that it can be made,
/// which is as much as that files can be made in the nearest one above it. Gives whether it exists.
///
/// The file that is made for this has no name where the system has such files, and is removed at
/// once where not.
///
/// # Errors
/// Why no file could be made.
pub fn try_folder(folder: &Path) -> io::Result<bool> {
    let is_folder = |folder: &PathBuf| match fs::metadata(folder) {
        Ok(found) if found.is_dir() => Ok(true),
        Ok(_) => Err(ErrorKind::NotADirectory.into()),
        // A link that leads nowhere is in the way.
        Err(error) if error.kind() == ErrorKind::NotFound && !folder.is_symlink() => Ok(false),
        Err(error) => Err(error),
    };
    for (index, above) in folder.ancestors().enumerate() {
        let above = match above {
            here if here.as_os_str().is_empty() => PathBuf::from("."),
            above => above.to_owned(),
        };
        if is_folder(&above)? {
            tempfile::tempfile_in(&above)?.write_all(b"x")?;
            return Ok(index == 0);
        }
    }
    Err(ErrorKind::NotFound.into())
}

/// Makes sure that a file can be appended to; where it does not exist, that it can be made. Gives
/// whether it exists.
///
/// # Errors
/// Why it could not.
pub fn try_file(path: &Path) -> io::Result<bool> {
    match OpenOptions::new().append(true).open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            try_folder(path.parent().unwrap_or(Path::new("")))?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What to do about a file that cannot be written, as a sentence without its stop. `setting` is
/// the one that leads there.
pub fn remedy(setting: &str, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Free some disk space".to_owned(),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            format!("Allow this user to write there, or set {setting} to another place")
        }
        _ => format!("Check {setting}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_folder_that_can_be_made_is_told_from_one_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        assert!(try_folder(folder.path()).unwrap());
        assert!(!try_folder(&folder.path().join("a/b/c")).unwrap());
        assert!(try_folder(Path::new("")).unwrap());
        assert!(!try_folder(Path::new("no/such/folder")).unwrap());
        assert_eq!(entries(folder.path()), Vec::<PathBuf>::new());
    }

    #[test]
    fn what_is_in_the_way_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for below in [&file, &file.join("a"), &file.join("a/b")] {
            assert!(try_folder(below).is_err(), "{}", below.display());
        }
        assert!(try_file(folder.path()).is_err());
        assert!(try_file(&file.join("a")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path().join("nowhere"), &link).unwrap();
        assert!(try_folder(&link).is_err());
        assert!(try_folder(&link.join("a")).is_err());
    }

    #[test]
    fn a_file_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "text").unwrap();
        assert!(try_file(&file).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "text");
        assert!(!try_file(&folder.path().join("other")).unwrap());
        assert!(!try_file(&folder.path().join("a/other")).unwrap());
        assert_eq!(entries(folder.path()), [file]);
    }
}
