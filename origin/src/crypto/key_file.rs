//! Key files: private JWKs (RFC 7517) that only their owner may read, made once and for all
//! processes alike.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use common::Secret;
use uuid::Uuid;

/// Far more than any key takes.
const MAX_BYTES: u64 = 4096;

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
        "key file {path} is broken ({what}); restore it from a backup, or remove it to have a new one made, upon which everybody signs in anew"
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
    match read(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        answer => return answer,
    }
    let content = make().map_err(|what| KeyError::Broken { path: path.to_path_buf(), what })?;
    publish(path, &content).map_err(|source| KeyError::Io { path: path.to_path_buf(), source })?;
    read(path)
}

fn read(path: &Path) -> Result<Secret<String>, KeyError> {
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
    let draft = path.with_extension(format!("{}.draft", Uuid::new_v4()));
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(
            |mut file| {
                file.write_all(content.expose().as_bytes())?;
                file.sync_all()
            },
        );
    let linked = written.and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
        Ok(()) => match path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        },
    }
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
