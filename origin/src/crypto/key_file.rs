//! Key files: private JWKs (RFC 7517) that only their owner may read, made once and for all
//! processes alike.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};

use common::Secret;
use uuid::Uuid;

/// Far more than the keys of a file take.
const MAX_BYTES: u64 = 64 * 1024;

/// A key that cannot be used. The process must not start: without its keys, or with keys that
/// others know, everything it would sign is worthless.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// The file cannot be read or written.
    #[error(
        "key file {path}: {source}; make the folder and its files the property of the user that runs the origin"
    )]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others could read it.
    #[error(
        "{path} has mode {mode:03o} and can be read by others; if nobody else read it, run `chmod {wanted:o} {path}`; otherwise remove it, and everybody signs in anew"
    )]
    Exposed {
        /// Which file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// The content is no key.
    #[error(
        "key file {path} is broken ({what}); restore it from a backup, or remove it and run `origin keys` to have a new one made: what the lost key signed is refused then"
    )]
    Broken {
        /// Which file.
        path: PathBuf,
        /// What is wrong, without any of the content.
        what: &'static str,
    },
}

/// Makes the folder, and refuses one that others can look into.
pub(super) fn folder(path: &Path) -> Result<(), KeyError> {
    let io = |source| KeyError::Io { path: path.to_path_buf(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
    refuse_exposed(path, &fs::metadata(path).map_err(io)?, 0o700)
}

/// The file's content; what `make` gives when there is none yet. Of two processes that start at
/// once one makes the file, and both get its content.
pub(super) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<Secret<String>, &'static str>,
) -> Result<Secret<String>, KeyError> {
    if let Some(content) = read_if_there(path)? {
        return Ok(content);
    }
    let content = make().map_err(|what| KeyError::Broken { path: path.to_path_buf(), what })?;
    publish(path, &content).map_err(|source| KeyError::Io { path: path.to_path_buf(), source })?;
    read(path)
}

/// The file's content, if there is a file.
pub(super) fn read_if_there(path: &Path) -> Result<Option<Secret<String>>, KeyError> {
    match read(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// Makes whoever else calls this on the folder, in any process, wait until the answer is dropped.
pub(super) fn lock(folder: &Path) -> Result<File, KeyError> {
    let path = folder.join("lock");
    let locked =
        OpenOptions::new().append(true).create(true).mode(0o600).open(&path).and_then(|file| {
            give_to_owner_of(folder, &file)?;
            file.lock()?;
            Ok(file)
        });
    locked.map_err(|source| KeyError::Io { path, source })
}

/// Puts a whole file in the place of what is there, on disk before it returns. Not for two at once.
pub(super) fn replace(path: &Path, content: &Secret<String>) -> Result<(), KeyError> {
    let draft = draft(path);
    let replaced = write(&draft, content)
        .and_then(|()| fs::rename(&draft, path))
        .and_then(|()| sync_folder_of(path));
    replaced.map_err(|source| {
        // Where the draft cannot be removed either, there is no more to be said.
        fs::remove_file(&draft).ok();
        KeyError::Io { path: path.to_path_buf(), source }
    })
}

pub(super) fn read(path: &Path) -> Result<Secret<String>, KeyError> {
    let io = |source| KeyError::Io { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(io)?;
    refuse_exposed(path, &file.metadata().map_err(io)?, 0o600)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(io)?;
    String::from_utf8(bytes)
        .map(Secret::new)
        .map_err(|_| KeyError::Broken { path: path.to_path_buf(), what: "not UTF-8" })
}

/// A whole file under the name or none: written beside it and then linked, which (unlike a rename)
/// fails when somebody else was faster.
fn publish(path: &Path, content: &Secret<String>) -> io::Result<()> {
    let draft = draft(path);
    let linked = write(&draft, content).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => sync_folder_of(path),
    }
}

fn draft(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.draft", Uuid::new_v4()))
}

fn write(path: &Path, content: &Secret<String>) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    if let Some(folder) = path.parent() {
        give_to_owner_of(folder, &file)?;
    }
    file.write_all(content.expose().as_bytes())?;
    file.sync_all()
}

/// What a command makes that an administrator runs as root is for the origin to read.
fn give_to_owner_of(folder: &Path, file: &File) -> io::Result<()> {
    let (owner, own) = (fs::metadata(folder)?, file.metadata()?);
    if own.uid() == owner.uid() {
        return Ok(());
    }
    fchown(file, Some(owner.uid()), Some(owner.gid()))
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn refuse_exposed(path: &Path, metadata: &fs::Metadata, wanted: u32) -> Result<(), KeyError> {
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 {
        Ok(())
    } else {
        Err(KeyError::Exposed { path: path.to_path_buf(), mode, wanted })
    }
}
