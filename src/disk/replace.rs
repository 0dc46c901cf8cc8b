//! Files that are replaced at once.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Replaces the file at once, and makes its folder where there is none: a reader sees the old or
/// the new one, never half of either.
///
/// # Errors
/// When there is something else than a file, or the folder cannot be made or written to.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = &target(path)?;
    let folder = folder(path);
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".monitor-");
    // A temporary file is its owner's alone; this one is for whom the user's mask allows.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    // The name that it has meanwhile says nothing to anybody.
    let made = builder.tempfile_in(folder);
    let mut file = made.map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(content)?;
    if let Ok(replaced) = std::fs::metadata(path) {
        file.as_file().set_permissions(replaced.permissions())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Makes sure that the file could be replaced, and makes nothing. Gives whether it exists.
///
/// # Errors
/// As [`replace()`].
pub fn try_replacing(path: &Path) -> io::Result<bool> {
    let path = target(path)?;
    super::try_folder(folder(&path))?;
    Ok(path.exists())
}

/// The file that is replaced: what a link leads to, and not the link; and nothing but a file is.
fn target(path: &Path) -> io::Result<PathBuf> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    if path.exists() && !path.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(path)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_made_with_its_folder_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("file");
        for content in ["x".repeat(999), "y".to_owned()] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }

    #[test]
    fn what_cannot_be_replaced_is_left_alone_and_nothing_lies_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("file"), "old").unwrap();
        for (name, why) in [("", "folder"), ("file/in", ""), ("file/", "")] {
            let error = replace(&folder.path().join(name), b"new").unwrap_err();
            assert!(error.to_string().contains(why), "{name}: {error}");
        }
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1);
        assert_eq!(
            std::fs::read_to_string(folder.path().join("file")).unwrap(),
            "old"
        );
    }

    #[cfg(unix)]
    #[test]
    fn who_may_read_it_does_not_change() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        replace(&path, b"first").unwrap();
        // As any file that is made here: the mask of the user decides.
        std::fs::write(folder.path().join("other"), "").unwrap();
        let usual = std::fs::metadata(folder.path().join("other")).unwrap();
        assert_eq!(mode(), usual.permissions().mode() & 0o777);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        replace(&path, b"second").unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_replaced_and_nothing_but_a_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
        let error = replace(Path::new("/dev/null"), b"new").unwrap_err();
        assert!(error.to_string().contains("not a regular file"), "{error}");
    }
}
