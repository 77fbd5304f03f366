//! Files that only their owner may read.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Error, error::Doing};

/// Makes a folder only its owner can look into, and gives its full path.
///
/// # Errors
/// When the system refuses.
pub fn private_folder(path: &Path) -> Result<PathBuf, Error> {
    let doing = || format!("making the folder {}", path.display());
    DirBuilder::new().recursive(true).mode(0o700).create(path).doing(doing)?;
    path.canonicalize().doing(doing)
}

/// A random secret that is made once and kept in a file.
///
/// # Errors
/// When the file cannot be read or written.
pub fn kept_secret(path: &Path) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Ok(secret) if !secret.trim().is_empty() => return Ok(secret.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(Error::Io { doing: format!("reading {}", path.display()), source });
        }
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Unexpected(format!("no randomness from the system: {error}")))?;
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    write_private(path, &secret).doing(|| format!("writing {}", path.display()))?;
    Ok(secret)
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let mut file =
        File::options().create(true).write(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, path)
}
